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

func (p place) String() string { return fmt.Sprintf("n%d in %d", p.nullifier, p.community) }

// claim is the state of a place: the holder of the nullifier, and the time from
// which it is free to take.
type claim struct {
	holder int
	until  time.Duration
}

func (c claim) String() string {
	if c.holder == noWallet {
		return "free"
	}
	return fmt.Sprintf("%s's until +%v", walletName(c.holder), c.until)
}

// claimRules are those of a place. It begins free, and never becomes free
// again: a claim that has expired stays until it is taken.
func claimRules() object[claim] {
	return object[claim]{
		start: claim{holder: noWallet},
		same:  func(a, b claim) bool { return a == b },
	}
}

// open reports whether the wallet may have the nullifier at that time: it is
// free, its own, or expired.
func (c claim) open(wallet int, at time.Duration) bool {
	return c.holder == wallet || c.passable(at)
}

// passable reports whether any wallet may have it.
func (c claim) passable(at time.Duration) bool {
	return c.holder == noWallet || c.until <= at
}

// takenBy returns the claim that a scoring of the wallet makes: it never
// shortens one that the wallet has.
func (c claim) takenBy(wallet int, until time.Duration) claim {
	if c.holder == wallet {
		until = max(until, c.until)
	}
	return claim{wallet, until}
}

// took is the fact of a scoring about a nullifier that one of its counting
// credentials lists: it was there to take, and is the wallet's until the last
// of those credentials expires, or longer if it was already.
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

func (f took) String() string { return fmt.Sprintf("at +%v, takes it until +%v", f.at, f.until) }

// kept is the fact of a scoring that left the score alone, about a nullifier
// that one of its counting credentials lists: it was the wallet's for as long
// as that lasts.
type kept struct {
	wallet int
	until  time.Duration
	from   time.Duration // the earliest time of the scoring
}

func (f kept) after(c claim) []claim {
	if c.holder != f.wallet || c.until < f.until || c.until <= f.from {
		return nil
	}
	return []claim{c}
}

func (f kept) String() string { return fmt.Sprintf("keeps it until +%v or longer", f.until) }

// lost is the fact of a scoring about a nullifier that only deduplicated
// credentials list. Another holds it; or another holds the other nullifier of
// each of them, and then this one is the wallet's and stays so, or is open and
// goes to the holder of the other.
type lost struct {
	wallet int
	at     time.Duration
	// until is the earliest end of a claim that the scoring returned with one of
	// the credentials: a claim of another on this nullifier ends then, or before
	// if there is another nullifier to be the last.
	until time.Duration
	// alone reports that one of them lists no other nullifier.
	alone bool
	// heir is the claim that is given away.
	heir    claim
	preview bool
	stays   bool // the score was left alone, so that there was nothing to give away
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
	case f.stays:
		return nil
	}
	return []claim{f.heir}
}

func (f lost) String() string {
	text := fmt.Sprintf("at +%v, does not count until +%v", f.at, f.until)
	if !f.alone {
		text += fmt.Sprintf("; if open, it becomes %v", f.heir)
	}
	return text
}

// mayTake is the fact of a scoring of unknown outcome: it left the nullifier as
// it was, or took it, or gave it away, for as long as one of the credentials
// lasts.
type mayTake struct {
	wallet   int
	latest   time.Duration // of the times that it may have had
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

func (f mayTake) String() string { return fmt.Sprintf("unknown, one of %v", f.possible) }

// listed is the fact of a list of the wallet's claims.
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

func (f listed) String() string {
	if !f.is {
		return "does not hold it"
	}
	return fmt.Sprintf("holds it until +%v", f.until)
}

// claimRow is the fact of a reading.
type claimRow struct{ row claim }

func (f claimRow) after(c claim) []claim {
	if f.row != c {
		return nil
	}
	return []claim{c}
}

func (f claimRow) String() string { return f.row.String() }
