package histories

import (
	"fmt"
	"time"
)

// place is where a claim stands: the object of the first model.
type place struct {
	community int64
	nullifier int
}

// String is the place in words.
func (p place) String() string { return fmt.Sprintf("n%d in %d", p.nullifier, p.community) }

// claim is the state of a place: who holds the nullifier, and until when. The
// moment itself is no longer the holder's.
type claim struct {
	holder int
	until  time.Duration
}

// String is the claim in words.
func (c claim) String() string {
	if c.holder == nobody {
		return "free"
	}
	return fmt.Sprintf("%s's until +%v", walletName(c.holder), c.until)
}

// claimRules are those of a place. It begins free, and never becomes free again:
// a claim that has expired is there until somebody takes it.
func claimRules() object[claim] {
	return object[claim]{
		start: claim{holder: nobody},
		same:  func(a, b claim) bool { return a == b },
	}
}

// open tells whether the wallet may have the nullifier at the moment: it is
// free, its own, or expired.
func (c claim) open(wallet int, at time.Duration) bool {
	return c.holder == wallet || c.passable(at)
}

// passable tells whether anybody may have it.
func (c claim) passable(at time.Duration) bool {
	return c.holder == nobody || c.until <= at
}

// takenBy returns the claim that a scoring of the wallet makes: it never
// shortens one that the wallet has.
func (c claim) takenBy(wallet int, until time.Duration) claim {
	if c.holder == wallet {
		until = max(until, c.until)
	}
	return claim{wallet, until}
}

// took is what a scoring tells of a nullifier that one of its counting
// credentials lists: it was there to take, and is the wallet's until the last of
// those credentials expires, or longer if it was already.
type took struct {
	wallet    int
	at, until time.Duration
	preview   bool // nothing was taken
}

func (f took) after(c claim) []claim {
	switch {
	case !c.open(f.wallet, f.at):
		return nil
	case f.preview:
		return []claim{c}
	}
	return []claim{c.takenBy(f.wallet, f.until)}
}

// String is the fact in words.
func (f took) String() string { return fmt.Sprintf("at +%v, takes it until +%v", f.at, f.until) }

// lost is what a scoring tells of a nullifier that only deduplicated
// credentials list. Another holds it; or another holds the other nullifier of
// each of them, and then this one is the wallet's and stays so, or is open and
// goes to the holder of the other.
type lost struct {
	wallet int
	at     time.Duration
	// until is the earliest end that the scoring told of one of the credentials:
	// a claim of another on this nullifier ends then, or before if there is
	// another nullifier to be the last.
	until time.Duration
	// alone tells that one of them lists no other nullifier.
	alone bool
	// heir is who is given it.
	heir    claim
	preview bool
}

func (f lost) after(c claim) []claim {
	switch {
	case c.holder != f.wallet && !c.passable(f.at): // another's
		if c.until > f.until || f.alone && c.until != f.until {
			return nil
		}
		return []claim{c}
	case f.alone:
		return nil
	case c.holder == f.wallet || f.preview:
		return []claim{c}
	}
	return []claim{f.heir}
}

// String is the fact in words.
func (f lost) String() string {
	text := fmt.Sprintf("at +%v, does not count until +%v", f.at, f.until)
	if !f.alone {
		text += fmt.Sprintf("; if open, it becomes %v", f.heir)
	}
	return text
}

// mayTake is what a scoring of unknown outcome tells: it left the nullifier as
// it was, or took it, or gave it away, for as long as one of the credentials says.
type mayTake struct {
	wallet   int
	latest   time.Duration // of the moments that it may have had
	possible []claim
}

func (f mayTake) after(c claim) []claim {
	states := []claim{c}
	for _, next := range f.possible {
		switch {
		case next.holder == f.wallet && c.open(f.wallet, f.latest):
			states = append(states, c.takenBy(f.wallet, next.until))
		case next.holder != f.wallet && c.passable(f.latest):
			states = append(states, next)
		}
	}
	return states
}

// String is the fact in words.
func (f mayTake) String() string { return fmt.Sprintf("unknown, one of %v", f.possible) }

// listed is what a list of the wallet's claims tells.
type listed struct {
	wallet int
	is     bool
	until  time.Duration
}

func (f listed) after(c claim) []claim {
	if f.is != (c.holder == f.wallet) || f.is && f.until != c.until {
		return nil
	}
	return []claim{c}
}

// String is the fact in words.
func (f listed) String() string {
	if !f.is {
		return "does not hold it"
	}
	return fmt.Sprintf("holds it until +%v", f.until)
}

// claimRow is what the table holds in the end.
type claimRow struct{ row claim }

func (f claimRow) after(c claim) []claim {
	if f.row != c {
		return nil
	}
	return []claim{c}
}

// String is the fact in words.
func (f claimRow) String() string { return f.row.String() }
