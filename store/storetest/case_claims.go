package storetest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func claimCases() []Case {
	// Given a row (or none) and a claim for Alice, or on behalf of Carol: what is
	// the row afterwards, or is it a conflict?
	var cases []Case
	for _, c := range []struct {
		name     string
		row      row
		claim    store.Claim
		conflict bool
	}{
		{"a free nullifier is taken", nil, claim("n1", alice, years(1)), false},
		{"an own claim is lengthened", claimRow("n1", alice, years(1)), claim("n1", alice, years(2)), false},
		{"a live own claim must not be shortened", claimRow("n1", alice, years(3)), claim("n1", alice, years(2)), true},
		{"a live own claim must not be shortened by a microsecond", claimRow("n1", alice, years(2).Add(time.Microsecond)), claim("n1", alice, years(2)), true},
		{"an own claim that expired is renewed", claimRow("n1", alice, years(-1)), claim("n1", alice, years(2)), false},
		{"an expired claim of another is taken over", claimRow("n1", bob, years(-1)), claim("n1", alice, years(2)), false},
		{"a claim that expires at this very moment is taken over", claimRow("n1", bob, noon), claim("n1", alice, years(2)), false},
		{"a claim that expires a microsecond later is not", claimRow("n1", bob, noon.Add(time.Microsecond)), claim("n1", alice, years(2)), true},
		{"a live claim of another must return ErrConflict", claimRow("n1", bob, years(1)), claim("n1", alice, years(2)), true},
		{"a free nullifier is taken for another owner", nil, claim("n1", carol, years(1)), false},
		{"an expired claim is taken over for another owner", claimRow("n1", bob, years(-1)), claim("n1", carol, years(1)), false},
		{"a claim that the other owner has already is no conflict", claimRow("n1", carol, years(1)), claim("n1", carol, years(1)), false},
		{"a live claim of the other owner must not be shortened", claimRow("n1", carol, years(3)), claim("n1", carol, years(1)), true},
		{"a live claim of the other owner must not be lengthened", claimRow("n1", carol, years(1)), claim("n1", carol, years(3)), true},
		{"an expired claim of the other owner is renewed", claimRow("n1", carol, years(-1)), claim("n1", carol, years(1)), false},
		{"a live claim of the scored wallet is not given away", claimRow("n1", alice, years(1)), claim("n1", carol, years(1)), true},
		{"an expired claim of the scored wallet is not given away", claimRow("n1", alice, years(-1)), claim("n1", carol, years(1)), true},
	} {
		cases = append(cases, Case{Name: c.name, run: func(w *world) {
			if c.row != nil {
				w.claims(c.row)
			}
			changes := w.scored([]string{alice}, claims(c.claim))
			if c.conflict {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
			assert.Equal(w.t, map[string]store.Claim{"n1": c.claim}, w.holders())
		}})
	}
	return append(cases,
		Case{Name: "a lost race is worth another attempt", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(1)))
			_, err := w.Apply(w.ctx, w.scored([]string{alice}, claims(claim("n1", alice, years(2)))))
			assert.True(w.t, store.Retryable(err), "%v", err)
		}},
		Case{Name: "one conflict among many claims writes none of them", run: func(w *world) {
			w.claims(claimRow("n2", bob, years(1)))
			w.refused(store.ErrConflict, w.scored([]string{alice}, claims(
				claim("n1", alice, years(1)), claim("n2", alice, years(1)), claim("n3", alice, years(1)))))
		}},
		Case{Name: "a claim in another community is no conflict", run: func(w *world) {
			w.claims(with(claimRow("n1", bob, years(1)), row{"community_id": neighbour}))
			w.score(alice, claims(claim("n1", alice, years(1))))
			assert.Equal(w.t, map[string]store.Claim{"n1": claim("n1", alice, years(1))}, w.holders())
			assert.Len(w.t, w.table("registry_hashscorerlink"), 2)
		}},
		Case{Name: "nullifiers that differ in case only are different", run: func(w *world) {
			w.claims(claimRow("N1", bob, years(1)))
			w.score(alice, claims(claim("n1", alice, years(1))))
			assert.Len(w.t, w.holders(), 2)
		}},
		Case{Name: "a claim that is as wanted keeps its row", run: func(w *world) {
			w.score(alice, claims(claim("n1", alice, years(1))))
			before := w.table("registry_hashscorerlink")
			w.score(alice, claims(claim("n1", alice, years(1))))
			assert.Equal(w.t, before, w.table("registry_hashscorerlink"))
		}},
		Case{Name: "a claim that changes keeps its id", run: func(w *world) {
			w.claims(with(claimRow("n1", bob, years(-1)), row{"id": 77}))
			w.score(alice, claims(claim("n1", alice, years(1))))
			assert.Equal(w.t, []any{float64(77)}, column(w.table("registry_hashscorerlink"), "id"))
		}},
		Case{Name: "claims that are not mentioned stay", run: func(w *world) {
			w.score(alice, claims(claim("n1", alice, years(1))))
			w.score(alice, claims(claim("n2", alice, years(1))))
			assert.Len(w.t, w.holders(), 2)
		}},
		Case{Name: "an expiry is kept to the microsecond", run: func(w *world) {
			expiry := years(1).Add(123456 * time.Microsecond)
			w.score(alice, claims(claim("n1", alice, expiry)))
			assert.Equal(w.t, expiry, w.holders()["n1"].ExpiresAt)
		}},
		Case{Name: "expired is what has expired at the change set's moment, not at the store's", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(-10)))
			c := w.scored([]string{alice}, claims(claim("n1", alice, years(1))))
			c.At = years(-11)
			w.refused(store.ErrConflict, c)
		}},
		Case{Name: "a held claim that is still held lets the write pass, and is not written", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(1)))
			before := w.table("registry_hashscorerlink")
			w.score(alice, held(claim("n1", bob, years(5))))
			assert.Equal(w.t, before, w.table("registry_hashscorerlink"))
		}},
		Case{Name: "a held claim of the same holder lets the write pass though it has expired", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(-1)))
			w.score(alice, held(claim("n1", bob, years(1))))
		}},
		Case{Name: "a held claim may be that of a holder who is no address", run: func(w *world) {
			w.claims(claimRow("n1", "0xB0B", years(1)))
			w.score(alice, held(claim("n1", "0xB0B", years(1))))
			w.refused(store.ErrConflict, w.scored([]string{alice}, held(claim("n1", "0xb0b", years(1)))))
		}},
		Case{Name: "an expired claim of any of the scored wallets is not given away", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(-1)))
			w.refused(store.ErrConflict, w.scored([]string{alice, bob}, claims(claim("n1", carol, years(1)))))
		}},
		Case{Name: "a held claim that is gone must return ErrConflict", run: func(w *world) {
			w.refused(store.ErrConflict, w.scored([]string{alice}, held(claim("n1", bob, years(1)))))
		}},
		Case{Name: "a held claim that another holds must return ErrConflict", run: func(w *world) {
			w.claims(claimRow("n1", carol, years(1)))
			w.refused(store.ErrConflict, w.scored([]string{alice}, held(claim("n1", bob, years(1)))))
		}},
		Case{Name: "a held claim of another community does not count as held", run: func(w *world) {
			w.claims(with(claimRow("n1", bob, years(1)), row{"community_id": neighbour}))
			w.refused(store.ErrConflict, w.scored([]string{alice}, held(claim("n1", bob, years(1)))))
		}},
		Case{Name: "one of several held claims gone is enough for a conflict", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(1)), claimRow("n3", carol, years(1)))
			w.refused(store.ErrConflict, w.scored([]string{alice}, held(
				claim("n1", bob, years(1)), claim("n2", bob, years(1)), claim("n3", carol, years(1)))))
		}},
	)
}

func staleCases() []Case {
	google := credentialRow(1, alice, "Google", "n1")
	var cases []Case
	// A change set is made with Google in the wallet; then something happens.
	for _, c := range []struct {
		name   string
		change func(w *world)
		stale  bool
	}{
		{"nothing has happened", func(*world) {}, false},
		{"a credential was added", func(w *world) { w.credentials(google, credentialRow(2, alice, "Ens", "n2")) }, true},
		{"a credential was deleted", func(w *world) {
			w.credentials(with(google, row{"deleted_at": "2026-03-01T00:00:00Z", "updated_at": "2026-03-01T00:00:00Z"}))
		}, true},
		{"a credential is gone", func(w *world) { w.credentials() }, true},
		{"a credential was replaced", func(w *world) {
			w.credentials(with(google, row{"id": 2, "updated_at": "2026-03-01T00:00:00Z"}))
		}, true},
		{"a credential was written again", func(w *world) { w.credentials(with(google, row{"updated_at": "2026-03-01T00:00:00Z"})) }, true},
		{"a credential was revoked", func(w *world) {
			w.seed(map[string][]row{"ceramic_cache_revocation": {{"id": 1, "ceramic_cache_id": 1, "proof_value": "Google"}}})
		}, true},
		{"a newer one of another type came", func(w *world) {
			w.credentials(google, with(google, row{"id": 2, "type": 2, "updated_at": "2026-03-01T00:00:00Z"}))
		}, true},
		{"an older one of another type came", func(w *world) {
			w.credentials(google, with(google, row{"id": 2, "type": 2, "updated_at": "2025-03-01T00:00:00Z"}))
		}, true},
		{"another wallet got a credential", func(w *world) { w.credentials(google, credentialRow(2, bob, "Ens", "n2")) }, false},
		{"the wallet was scored meanwhile", func(w *world) { w.score(alice, claims(claim("n1", alice, years(1)))) }, false},
		{"the wallet's claim was lengthened", func(w *world) { w.claims(claimRow("n1", alice, years(2))) }, true},
		{"another wallet was scored meanwhile", func(w *world) { w.score(bob, claims(claim("n2", bob, years(1)))) }, false},
	} {
		name := c.name + ": written"
		if c.stale {
			name = c.name + ": must return ErrConflict"
		}
		cases = append(cases, Case{Name: name, run: func(w *world) {
			w.credentials(google)
			changes := w.scored([]string{alice}, claims(claim("n1", alice, years(1))))
			c.change(w)
			if c.stale {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
		}})
	}
	return append(cases,
		Case{Name: "a failed scoring is refused like any other", run: func(w *world) {
			changes := w.scored([]string{alice})
			changes.Wallets[0].Score = failed("why")
			w.credentials(google)
			w.refused(store.ErrConflict, changes)
		}},
		Case{Name: "a version of another wallet is refused", run: func(w *world) {
			w.credentials(google)
			changes := w.scored([]string{alice})
			changes.Wallets[0].Version = w.load(bob).Wallets[0].Version
			w.refused(store.ErrConflict, changes)
		}},
		Case{Name: "a version that never was is refused", run: func(w *world) {
			changes := w.scored([]string{alice})
			for _, version := range []string{"'; drop table registry_score; --", "a\x00b", "\xff", strings.Repeat("0", 100_000)} {
				changes.Wallets[0].Version = version
				w.refused(store.ErrConflict, changes)
			}
		}},
	)
}

func atomicCases() []Case {
	// Everything that a change set can write, spoilt in one place.
	everything := func(c *store.Changes) {
		stamps(stamp("Google", "n1"))(c)
		claims(claim("n1", alice, years(1)), claim("n2", carol, years(1)))(c)
		awards(store.Award{Action: "HPH"}, store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"})(c)
		qualified(c)
		c.Wallets[0].Events = []store.Event{{Action: "LDP", Address: alice, Data: []byte(`{}`)}}
	}
	var cases []Case
	for _, c := range []struct {
		name  string
		spoil func(w *world, c *store.Changes)
		want  error
	}{
		{"a stale wallet", func(w *world, _ *store.Changes) { w.credentials(credentialRow(1, alice, "Ens")) }, store.ErrConflict},
		{"a claim that was taken", func(w *world, _ *store.Changes) { w.claims(claimRow("n2", bob, years(1))) }, store.ErrConflict},
		{"a held claim that is gone", func(_ *world, c *store.Changes) { c.Held = []store.Claim{claim("n3", bob, years(1))} }, store.ErrConflict},
		{"a stamp that is not JSON", func(_ *world, c *store.Changes) {
			c.Wallets[0].Stamps = append(c.Wallets[0].Stamps, store.Stamp{Provider: "Ens", Credential: []byte(`{"a":}`)})
		}, store.ErrInvalid},
		{"an event that is not JSON", func(_ *world, c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{`) }, store.ErrInvalid},
		{"an award too long for its column", func(_ *world, c *store.Changes) { c.Wallets[0].Awards[1].TxHash = strings.Repeat("x", 101) }, store.ErrInvalid},
		{"a community that does not exist", func(_ *world, c *store.Changes) { c.Community = 99 }, store.ErrCommunityNotFound},
	} {
		cases = append(cases, Case{Name: c.name + " leaves no row", run: func(w *world) {
			changes := w.scored([]string{alice}, everything)
			c.spoil(w, changes)
			w.refused(c.want, changes)
		}}, Case{Name: c.name + " leaves an earlier score as it was", run: func(w *world) {
			w.score(alice, stamps(stamp("Old", "old")), claims(claim("old", alice, years(1))))
			changes := w.scored([]string{alice}, everything)
			c.spoil(w, changes)
			w.refused(c.want, changes)
		}})
	}
	return cases
}

func contextCases() []Case {
	ended := func(w *world) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		return ctx, cancel
	}
	return []Case{
		{Name: "Load must return context.Canceled when the context has ended", run: func(w *world) {
			ctx, cancel := ended(w)
			defer cancel()
			_, err := w.Load(ctx, store.Query{Community: community, Addresses: []string{alice}, At: noon})
			assert.ErrorIs(w.t, err, context.Canceled)
		}},
		{Name: "Apply must return context.Canceled when the context has ended, and write nothing", run: func(w *world) {
			changes := w.scored([]string{alice})
			ctx, cancel := ended(w)
			defer cancel()
			w.unchanged(func() {
				_, err := w.Apply(ctx, changes)
				require.ErrorIs(w.t, err, context.Canceled)
				assert.False(w.t, store.Retryable(err))
			})
		}},
		{Name: "Load must return context.DeadlineExceeded after the deadline", run: func(w *world) {
			ctx, cancel := context.WithDeadline(w.ctx, time.Now().Add(-time.Second))
			defer cancel()
			_, err := w.Load(ctx, store.Query{Community: community, Addresses: []string{alice}, At: noon})
			assert.ErrorIs(w.t, err, context.DeadlineExceeded)
		}},
		{Name: "a cancelled call leaves nothing behind that stops the next one", run: func(w *world) {
			changes := w.scored([]string{alice})
			for range 20 {
				ctx, cancel := ended(w)
				_, err := w.Apply(ctx, changes)
				cancel()
				require.Error(w.t, err)
			}
			w.apply(changes)
		}},
	}
}
