package histories

import "fmt"

// key is the award that a wallet earns once for a provider, whatever the
// community and the nullifier: the object of the third model.
type key struct {
	wallet   int
	provider string
}

func (k key) String() string { return walletName(k.wallet) + "'s key of " + k.provider }

// given reports whether the wallet has the key.
type given bool

func (g given) String() string {
	if g {
		return "given"
	}
	return "not given"
}

func pointRules() object[given] {
	return object[given]{same: func(a, b given) bool { return a == b }}
}

// earned is the fact of a passing scoring that counts the provider: it was
// given the key, or the wallet had it.
type earned struct{ now bool }

func (f earned) after(g given) []given {
	if f.now == bool(g) {
		return nil
	}
	return []given{true}
}

func (f earned) String() string {
	if f.now {
		return "is given it"
	}
	return "has it"
}

// mayEarn is the fact of a scoring of unknown outcome.
type mayEarn struct{}

func (mayEarn) after(g given) []given { return []given{g, true} }

func (mayEarn) String() string { return "unknown" }

// keyRows is the number of rows of a reading.
type keyRows int

func (f keyRows) after(g given) []given {
	if f > 1 || (f == 1) != bool(g) {
		return nil
	}
	return []given{g}
}

func (f keyRows) String() string { return fmt.Sprintf("%d rows", int(f)) }
