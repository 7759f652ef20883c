package equivalence

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

// page is a page whose bounds are places.
type page struct{ before, after, limit int }

func drawPage(t *rapid.T) page {
	return page{
		before: choice[int]{[]int{0, 0, 1, 2, 3, 5}, []int{-1, 1000}}.draw(t, "before"),
		after:  choice[int]{[]int{0, 0, 0, 1, 2, 3}, []int{-1, 1000}}.draw(t, "after"),
		limit:  choice[int]{[]int{1, 2, 3, 1000}, []int{0, -1, 1001}}.draw(t, "limit"),
	}
}

// of returns the page with the ids of a side.
func (p page) of(ids []int64) store.Page {
	return store.Page{Before: id(ids, p.before), After: id(ids, p.after), Limit: p.limit}
}

// draft is a change set without the versions and ids of a side.
type draft struct {
	store.Changes

	stale bool
	// counted are, for each wallet, the places of those of its credentials that
	// count.
	counted [][]int
	// spoilt has the wallets count credentials that they do not have; only if
	// they were just read, because a conflict may be reported first.
	spoilt bool
}

// drawDraft draws changes for the wallets that the side has read, perhaps just
// now; good ones mostly.
func drawDraft(t *rapid.T, s *side, just bool, now time.Time) *draft {
	d := &draft{
		Changes: store.Changes{Community: s.read.Community.ID, At: now},
		stale:   oneIn(t, 12, "stale"), spoilt: just && oneIn(t, 20, "spoilt"),
	}
	if oneIn(t, 20, "odd") {
		d.Community, d.At = communities.draw(t, "community"), moments.draw(t, "moment")
		d.spoilt = false // a store chooses which of two errors it returns
	}
	failed := oneIn(t, 8, "failed")
	limit := rapid.IntRange(1, 2).Draw(t, "limit of awards")
	for _, w := range s.read.Wallets {
		if oneIn(t, 4, "left out") {
			continue
		}
		d.Wallets = append(d.Wallets, drawWallet(t, w.Address, failed, limit, now))
		counted := []int{}
		for i := range w.Credentials {
			if !failed && !oneIn(t, 3, "does not count") {
				counted = append(counted, i)
			}
		}
		d.counted = append(d.counted, counted)
	}
	if !failed || oneIn(t, 10, "odd") {
		d.Claims = drawSwaps(t, s, now)
		if oneIn(t, 2, "with groups") {
			d.Groups = drawGroups(t, s, d, now)
		}
	}
	return d
}

// drawSwaps draws swaps of claims that were read, or are there, or are not.
func drawSwaps(t *rapid.T, s *side, now time.Time) []store.ClaimSwap {
	held := map[string]store.Holder{}
	if !oneIn(t, 6, "as they were read") {
		for _, c := range s.claims {
			if c.Community == s.read.Community.ID {
				held[c.Nullifier] = c.Holder
			}
		}
	}
	for _, c := range s.read.Claims {
		held[c.Nullifier] = c.Holder
	}
	var swaps []store.ClaimSwap
	for _, n := range some(t, nullifiers, 0, 4, "claims") {
		if slices.ContainsFunc(swaps, func(s store.ClaimSwap) bool { return s.Nullifier == n }) && !oneIn(t, 10, "odd") {
			continue
		}
		from := held[n]
		to := store.Holder{Address: addresses.draw(t, "holder"), ExpiresAt: now.Add(whens.draw(t, "until"))}
		swap := store.ClaimSwap{Nullifier: n, From: from, To: to}
		switch rapid.IntRange(1, 10).Draw(t, "swap") {
		case 1, 2, 3:
			if from != (store.Holder{}) || oneIn(t, 10, "odd") {
				swap.To = from // which only checks
			}
		case 4:
			swap.From, swap.To = to, from // as it is already, unless it is free
		case 5:
			swap.From = to
			swap.To.ExpiresAt = now.Add(whens.draw(t, "until"))
		case 6:
			if from.Address != "" {
				swap.To.Address = from.Address
			}
		}
		swaps = append(swaps, swap)
	}
	return swaps
}

func drawWallet(t *rapid.T, address store.Address, failed bool, limit int, now time.Time) store.WalletChanges {
	w := store.WalletChanges{Address: address}
	if failed {
		w.Score = store.Score{Status: store.StatusError, Error: choice[string]{[]string{"no weights", "é"}, []string{"", "\x00"}}.draw(t, "error")}
		return w
	}
	w.Score = store.Score{
		Status: store.StatusDone, Value: rapid.SampledFrom([]string{"1", "0"}).Draw(t, "value"), ScoredAt: now,
		ExpiresAt: moments.draw(t, "expiry"), Evidence: []byte(`{"rawScore":"1.50"}`), StampScores: []byte(`{"b":1.50,"a":2}`), Stamps: []byte(`{}`),
	}
	if oneIn(t, 12, "odd") {
		w.Score.Evidence, w.Score.ScoredAt = oddities.Draw(t, "evidence"), moments.draw(t, "scored")
	}
	for range rapid.IntRange(0, 2).Draw(t, "number of events") {
		event := store.Event{Action: store.ActionDeduplicated, Address: addresses.draw(t, "address"), Data: []byte(`{"provider": "Google"}`)}
		if oneIn(t, 10, "odd") {
			event.Data = oddities.Draw(t, "data")
		}
		w.Events = append(w.Events, event)
	}
	if !oneIn(t, 6, "without its event") {
		event, err := w.Score.UpdateEvent(address)
		if err == nil { // the evidence is JSON
			w.Events = append(w.Events, event)
		}
	}
	w.Qualified = oneIn(t, 2, "qualified")
	for range rapid.IntRange(0, 3).Draw(t, "number of awards") {
		w.Awards = append(w.Awards, store.Award{
			Action:      choice[string]{[]string{"HKY", "MM2", "SCB", "ISG"}, []string{"", "LONG", "é€", "HIM"}}.draw(t, "action"),
			Provider:    choice[string]{[]string{"", "Google", "Github"}, []string{providers.odd[0], "\x00"}}.draw(t, "provider"),
			TxHash:      choice[string]{[]string{"", "v0:a", "v0:b"}, nullifiers.odd}.draw(t, "hash"),
			Limit:       choice[int]{[]int{0, limit}, []int{-1, 3}}.draw(t, "limit"),
			Communities: choice[int]{[]int{0, 0, 1, 2, 4}, []int{-1}}.draw(t, "communities"),
		})
	}
	return w
}

// on returns the changes with the versions and ids of the side.
func (d *draft) on(s *side) *store.Changes {
	c := d.Changes
	c.Wallets = slices.Clone(d.Wallets)
	for i := range c.Wallets {
		w := &c.Wallets[i]
		read := s.walletRead(w.Address)
		w.Version = read.Version
		w.Counted = nil
		if d.stale {
			w.Version = "an older one" // of nothing that could count
			continue
		}
		for _, place := range d.counted[i] {
			counted := read.Credentials[place].ID
			if d.spoilt {
				counted += 1 << 40
			}
			w.Counted = append(w.Counted, counted)
		}
	}
	return &c
}
