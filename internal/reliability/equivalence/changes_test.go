package equivalence

import (
	"bytes"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

// page is a page whose edges are rows by their place.
type page struct{ before, after, limit int }

func drawPage(t *rapid.T) page {
	return page{
		before: choice[int]{[]int{0, 0, 1, 2, 3, 5}, []int{-1, 1000}}.draw(t, "before"),
		after:  choice[int]{[]int{0, 0, 0, 1, 2, 3}, []int{-1, 1000}}.draw(t, "after"),
		limit:  choice[int]{[]int{1, 2, 3, 1000}, []int{0, -1, 1001}}.draw(t, "limit"),
	}
}

// on returns the page with the numbers that the rows have on that side.
func (p page) on(s *side, table string) store.Page {
	edge := func(place int) int64 {
		if place <= 0 {
			return int64(place)
		}
		return s.id(table, place-1)
	}
	return store.Page{Before: edge(p.before), After: edge(p.after), Limit: p.limit}
}

// draft is a change set before it knows what each side calls its rows.
type draft struct {
	store.Changes

	stale bool
	// copied are, for each wallet, the places of those of its credentials that
	// count.
	copied [][]int
	// spoilt has the stamps name rows that are not there.
	spoilt bool
}

// drawDraft draws changes for the wallets that were read, good ones mostly.
func drawDraft(t *rapid.T, read *store.Snapshot, now time.Time) *draft {
	d := &draft{
		Changes: store.Changes{Community: read.Community.ID, At: now},
		stale:   oneIn(t, 12, "stale"), spoilt: oneIn(t, 20, "spoilt"),
	}
	if oneIn(t, 20, "odd") {
		d.Community, d.At = communities.draw(t, "community"), moments.draw(t, "moment")
	}
	failed := oneIn(t, 8, "failed")
	limit := rapid.IntRange(1, 2).Draw(t, "limit of awards")
	for _, w := range read.Wallets {
		if oneIn(t, 4, "left out") {
			continue
		}
		d.Wallets = append(d.Wallets, drawWallet(t, w.Address, failed, limit, now))
		copied := []int{}
		for i := range w.Credentials {
			if !failed && !oneIn(t, 3, "does not count") {
				copied = append(copied, i)
			}
		}
		d.copied = append(d.copied, copied)
	}
	if !failed || oneIn(t, 10, "odd") {
		d.Claims = drawClaims(t, now, 3)
		for _, c := range read.Claims {
			if oneIn(t, 3, "held") && !slices.ContainsFunc(d.Claims, func(other store.Claim) bool { return other.Nullifier == c.Nullifier }) {
				d.Held = append(d.Held, c)
			}
		}
		if oneIn(t, 10, "odd") {
			d.Held = append(d.Held, drawClaims(t, now, 1)...)
		}
	}
	return d
}

func drawClaims(t *rapid.T, now time.Time, most int) []store.Claim {
	var claims []store.Claim
	for _, n := range some(t, nullifiers, 0, most, "claims") {
		if slices.ContainsFunc(claims, func(c store.Claim) bool { return c.Nullifier == n }) && !oneIn(t, 10, "odd") {
			continue
		}
		claims = append(claims, store.Claim{Nullifier: n, Address: addresses.draw(t, "holder"), ExpiresAt: now.Add(whens.draw(t, "until"))})
	}
	return claims
}

func drawWallet(t *rapid.T, address string, failed bool, limit int, now time.Time) store.WalletChanges {
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
		w.Score.Evidence, w.Score.ScoredAt = evidence.Draw(t, "evidence"), moments.draw(t, "scored")
	}
	if oneIn(t, 6, "a stamp of its own") {
		provider := providers.draw(t, "provider")
		w.Stamps = append(w.Stamps, store.Stamp{Provider: provider, Credential: stamp(t, address, provider, "0x01", now)})
		if oneIn(t, 3, "odd") {
			w.Stamps[0].Credential = oddities.Draw(t, "credential")
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "number of events") {
		event := store.Event{Action: store.ActionDeduplicated, Address: addresses.draw(t, "address"), Data: []byte(`{"provider": "Google"}`)}
		if oneIn(t, 10, "odd") {
			event.Data = evidence.Draw(t, "data")
		}
		w.Events = append(w.Events, event)
	}
	w.Qualified = oneIn(t, 2, "qualified")
	for range rapid.IntRange(0, 3).Draw(t, "number of awards") {
		w.Awards = append(w.Awards, store.Award{
			Action:      choice[string]{[]string{"HKY", "MM2", "SCB", "ISG"}, []string{"", "LONG", "é€", "HIM"}}.draw(t, "action"),
			Provider:    choice[string]{[]string{"", "Google", "Github"}, []string{providers.odd[0], "\x00"}}.draw(t, "provider"),
			TxHash:      choice[string]{[]string{"", "v0:a", "v0:b"}, nullifiers.odd}.draw(t, "hash"),
			ChainID:     choice[int]{[]int{0}, []int{1}}.draw(t, "chain"),
			Limit:       choice[int]{[]int{0, limit}, []int{-1, 3}}.draw(t, "limit"),
			Communities: choice[int]{[]int{0, 0, 1, 2, 4}, []int{-1}}.draw(t, "communities"),
		})
	}
	return w
}

// on returns the changes as that side calls its rows.
func (d *draft) on(s *side) *store.Changes {
	c := d.Changes
	c.Wallets = slices.Clone(d.Wallets)
	for i := range c.Wallets {
		w := &c.Wallets[i]
		read := &s.read.Wallets[slices.IndexFunc(s.read.Wallets, func(r store.Wallet) bool { return r.Address == w.Address })]
		w.Version = read.Version
		if d.stale {
			w.Version = "an older one"
		}
		w.Stamps = slices.Clone(w.Stamps)
		for _, place := range d.copied[i] {
			held := read.Credentials[place]
			stamp := store.Stamp{Provider: held.Provider, Credential: bytes.Clone(held.Stamp), CredentialID: held.ID}
			if d.spoilt {
				stamp.CredentialID += 1 << 40
			}
			w.Stamps = append(w.Stamps, stamp)
		}
	}
	return &c
}
