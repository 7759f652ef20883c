package histories

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// owner is a wallet: the object of the second model.
type owner int

func (o owner) String() string { return walletName(int(o)) }

// set is a set of credentials, by their places in the plan.
type set uint64

func (s set) with(credential int) set { return s | 1<<credential }

func (s set) without(other set) set { return s &^ other }

func (s set) has(credential int) bool { return s&(1<<credential) != 0 }

func (s set) size() int { return bits.OnesCount64(uint64(s)) }

func (s set) members() (credentials []int) {
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		credentials = append(credentials, bits.TrailingZeros64(rest))
	}
	return credentials
}

// String lists the set.
func (s set) String() string {
	var names []string
	for _, i := range s.members() {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	return "{" + strings.Join(names, " ") + "}"
}

// holding is the state of a wallet: its credentials, and its last score in each
// community.
type holding struct {
	// stored are all credentials that were ever added, filed those that are not
	// deleted, revoked those that are.
	stored, filed, revoked set
	// versions are the sets of live credentials that the wallet has had, the last
	// one included.
	versions []set
	scores   [2]recorded
}

// recorded is the last score of a wallet in a community.
type recorded struct {
	known Standing // zero: never scored
	// version is that of the credentials that it was made of.
	version int
	// unknown is a scoring of unknown outcome that has written this score, which
	// is known as far as it has been read.
	unknown *Operation
}

func (h holding) String() string {
	parts := []string{h.live().String()}
	for i, score := range h.scores {
		switch {
		case score.unknown != nil:
			parts = append(parts, fmt.Sprintf("unknown in %d", i+1))
		case score.known != (Standing{}):
			parts = append(parts, fmt.Sprintf("%s in %d at +%v", score.known.Sum, i+1, score.known.At))
		}
	}
	return strings.Join(parts, ", ")
}

func walletRules() object[holding] {
	return object[holding]{
		start: holding{versions: []set{0}},
		same: func(a, b holding) bool {
			return a.stored == b.stored && a.filed == b.filed && a.revoked == b.revoked &&
				a.scores == b.scores && slices.Equal(a.versions, b.versions)
		},
	}
}

func (h holding) live() set { return h.filed.without(h.revoked) }

// changed returns the wallet with the version that it has now.
func (h holding) changed() []holding {
	if now := h.live(); now != h.versions[len(h.versions)-1] {
		h.versions = append(slices.Clip(h.versions), now)
	}
	return []holding{h}
}

// added is the fact of adding a credential: those of its provider are deleted.
type added struct {
	credential int
	replaces   set // all of the wallet's of its provider
}

func (f added) after(h holding) []holding {
	h.filed = h.filed.without(f.replaces).with(f.credential)
	h.stored = h.stored.with(f.credential)
	return h.changed()
}

func (f added) String() string { return "done" }

// deleted is the fact of deleting a provider's credential: how many there were,
// revoked or not.
type deleted struct {
	provider set
	count    int
}

func (f deleted) after(h holding) []holding {
	if (h.filed & f.provider).size() != f.count {
		return nil
	}
	h.filed = h.filed.without(f.provider)
	return h.changed()
}

func (f deleted) String() string { return strconv.Itoa(f.count) }

// revoked is the fact of revoking a credential: how many rows were, the deleted
// ones included.
type revoked struct{ credential, count int }

func (f revoked) after(h holding) []holding {
	first := h.stored.has(f.credential) && !h.revoked.has(f.credential)
	if first != (f.count == 1) {
		return nil
	}
	if first {
		h.revoked = h.revoked.with(f.credential)
	}
	return h.changed()
}

func (f revoked) String() string { return strconv.Itoa(f.count) }

// saw is the fact of a list of credentials, a scoring and a preview: these were
// the live ones.
type saw struct{ credentials set }

func (f saw) after(h holding) []holding {
	if h.live() != f.credentials {
		return nil
	}
	return []holding{h}
}

func (f saw) String() string { return fmt.Sprintf("sees %v", f.credentials) }

// wrote is the fact of a scoring that has seen these credentials. They may have
// changed before its score was there to read; but the score does not replace
// one that was made of later credentials.
type wrote struct {
	community int64
	made      set
	score     Standing
}

func (f wrote) after(h holding) []holding {
	last := &h.scores[f.community-1]
	for version := last.version; version < len(h.versions); version++ {
		// The first of two that are alike, since it stands in the way of fewer.
		if h.versions[version] == f.made {
			*last = recorded{known: f.score, version: version}
			return []holding{h}
		}
	}
	return nil
}

func (f wrote) String() string { return fmt.Sprintf("scores %s at +%v", f.score.Sum, f.score.At) }

// mayWrite is the fact of a scoring of unknown outcome.
type mayWrite struct {
	community int64
	by        *Operation
}

func (f mayWrite) after(h holding) []holding {
	written := h
	last := &written.scores[f.community-1]
	*last = recorded{version: last.version, unknown: f.by}
	return []holding{h, written}
}

func (f mayWrite) String() string { return "unknown" }

// stands is the fact of reading the last score; without its credentials when
// only its sum was read.
type stands struct {
	community int64
	score     Standing // zero: never scored
	sumOnly   bool
}

func (f stands) after(h holding) []holding {
	last := &h.scores[f.community-1]
	if last.unknown != nil {
		if f.score == (Standing{}) || f.score.At < last.unknown.From || f.score.At > last.unknown.To {
			return nil
		}
		sum := f.score
		sum.Counts, sum.Lost = 0, 0
		if last.known != (Standing{}) && last.known != sum {
			return nil
		}
		last.known = sum
		if !f.sumOnly {
			*last = recorded{known: f.score, version: last.version}
		}
		return []holding{h}
	}
	known := last.known
	if f.sumOnly {
		known.Counts, known.Lost = 0, 0
	}
	if known != f.score {
		return nil
	}
	return []holding{h}
}

func (f stands) String() string {
	if f.score == (Standing{}) {
		return "never scored"
	}
	return fmt.Sprintf("stands at %s of +%v", f.score.Sum, f.score.At)
}
