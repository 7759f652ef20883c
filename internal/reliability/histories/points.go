package histories

import "fmt"

// key is the award that a wallet earns once for a provider, whatever the
// community and the nullifier: the object of the third model.
type key struct {
	wallet   int
	provider string
}

// String is the key in words.
func (k key) String() string { return walletName(k.wallet) + "'s key of " + k.provider }

// given tells whether the wallet has the key.
type given bool

// String is the state in words.
func (g given) String() string {
	if g {
		return "given"
	}
	return "not given"
}

func pointRules() object[given] {
	return object[given]{same: func(a, b given) bool { return a == b }}
}

// earned is what a passing scoring tells that counts the provider: it was given
// the key, or the wallet had it.
type earned struct{ now bool }

func (f earned) after(g given) []given {
	if f.now == bool(g) {
		return nil
	}
	return []given{true}
}

// String is the fact in words.
func (f earned) String() string {
	if f.now {
		return "is given it"
	}
	return "has it"
}

// mayEarn is what a scoring of unknown outcome tells.
type mayEarn struct{}

func (mayEarn) after(g given) []given { return []given{g, true} }

// String is the fact in words.
func (mayEarn) String() string { return "unknown" }

// keyRows is the number of rows in the end.
type keyRows int

func (f keyRows) after(g given) []given {
	if f > 1 || (f == 1) != bool(g) {
		return nil
	}
	return []given{g}
}

// String is the fact in words.
func (f keyRows) String() string { return fmt.Sprintf("%d rows", int(f)) }
