package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// engineCases score through the engine, with credentials that an issuer
// signed.
func engineCases() []Case {
	return append(freeingCases(), []Case{
		{Name: "scoring again changes the time and adds an event", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"), w.signed(2, alice, "Github"))
			first := w.scoreWith(engine, alice)
			before := w.state()
			second := w.scoreWith(engine, alice)
			assert.Equal(w.t, "3.5", first.Score.String())
			assert.True(w.t, first.Passing)
			assert.Equal(w.t, first, second)
			after := w.state()
			assert.Len(w.t, after.Events, 2)
			before.Events = append(before.Events, before.Events...)
			equalStates(w.t, before, after)
		}},
		{Name: "a preview changes nothing", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"))
			w.unchanged(func() {
				preview, err := engine.Preview(w.ctx, community, string(alice))
				require.NoError(w.t, err)
				assert.Equal(w.t, "1.5", preview.Score.String())
			})
		}},
		{Name: "an account counts for another wallet once its claim has expired", run: func(w *world) {
			now := noon
			engine := w.engine(passport.WithClock(func() time.Time { return now }))
			w.credentials(
				w.signed(1, alice, "Google", passporttest.ExpiresAt(years(1))),
				w.signed(2, bob, "Google", passporttest.ExpiresAt(years(3))))
			assert.Equal(w.t, "1.5", w.scoreWith(engine, alice).Score.String())
			loser := w.scoreWith(engine, bob)
			assert.Equal(w.t, "0", loser.Score.String())
			assert.Equal(w.t, passport.Deduplicated, loser.Stamps[0].Outcome)
			assert.Equal(w.t, years(1), loser.Stamps[0].ClaimedUntil.UTC())

			now = years(1)
			assert.Equal(w.t, "1.5", w.scoreWith(engine, bob).Score.String())
			assert.Equal(w.t, bob, w.holders()[passporttest.Nullifier("Google", "account")].Address)
		}},
		{Name: "the newest credential of a provider counts", run: func(w *world) {
			other := passporttest.Nullifiers("v1:other")
			older, newer := w.signed(1, alice, "Google"), with(w.signed(2, alice, "Google", other), foreign, updated)
			w.credentials(older, newer)
			w.scoreWith(w.engine(), alice)
			w.equalCounted(newer)
			older.ID, newer.ID = 2, 1
			w.credentials(older, newer)
			w.scoreWith(w.engine(), alice)
			w.equalCounted(newer)
			newer.UpdatedAt = older.UpdatedAt // now the one with the higher id
			w.credentials(older, newer)
			w.scoreWith(w.engine(), alice)
			w.equalCounted(older)
		}},
		{Name: "a credential of the greatest size counts", run: func(w *world) {
			engine := w.engine()
			w.credentials(with(stored(1, alice, "Google"), func(c *store.StoredCredential) { c.Document = w.largest(alice, "Google") }))
			assert.Equal(w.t, "1.5", w.scoreWith(engine, alice).Score.String())
		}},
		{Name: "an unknown rule leaves a failed score and nothing else", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.Rule = "FIFO" })
			w.credentials(w.signed(1, alice, "Google"))
			_, err := w.engine().Score(w.ctx, community, string(alice))
			require.ErrorIs(w.t, err, passport.ErrUnsupportedRule)
			state := w.state()
			require.Len(w.t, state.Scores, 1)
			assert.Equal(w.t, store.StatusError, state.Scores[0].Status)
			assert.NotEmpty(w.t, state.Scores[0].Error)
			assert.Empty(w.t, state.Claims)
			assert.Empty(w.t, state.Events)
		}},
	}...)
}

// latestCases read the last score through the engine.
func latestCases() []Case {
	return []Case{
		{Name: "never scored and scored", run: func(w *world) {
			engine := w.engine()
			_, err := engine.Latest(w.ctx, community, string(alice))
			require.ErrorIs(w.t, err, passport.ErrNeverScored)
			w.scoreWith(engine, alice)
			latest, err := engine.Latest(w.ctx, community, string(alice))
			require.NoError(w.t, err)
			assert.Equal(w.t, "0", latest.Score.String())
			assert.False(w.t, latest.Passing)
		}},
		{Name: "a scoring that failed", run: func(w *world) {
			w.score(alice, failing("why"))
			_, err := w.engine().Latest(w.ctx, community, string(alice))
			var impossible *passport.ScoringError
			require.ErrorAs(w.t, err, &impossible)
			assert.EqualError(w.t, impossible.Err, "why")
		}},
		{Name: "every form that a score was recorded in", run: rowForms},
		{Name: "a score stands until it expires or a stamp is gone", run: func(w *world) {
			now := noon
			engine := w.engine(passport.WithClock(func() time.Time { return now }))
			wallet := []store.StoredCredential{
				w.signed(1, alice, "Google", passporttest.ExpiresAt(years(1))), w.signed(2, alice, "Github"),
				w.signed(3, alice, "Discord", passporttest.ExpiresAt(years(-1))),
			}
			w.credentials(wallet...)
			require.True(w.t, w.scoreWith(engine, alice).Passing)
			latest := func(passing, outdated bool) {
				w.t.Helper()
				last, err := engine.Latest(w.ctx, community, string(alice))
				require.NoError(w.t, err)
				assert.Equal(w.t, passing, last.Passing)
				assert.Equal(w.t, outdated, last.Outdated)
				assert.True(w.t, last.PassedWhenScored)
				assert.Equal(w.t, "3.5", last.Score.String())
			}
			latest(true, false)
			now = years(1).Add(-time.Microsecond)
			latest(true, false)
			now = years(1)
			latest(false, false)
			now = noon
			w.credentials(wallet[:2]...) // one that did not count is gone
			latest(true, false)
			w.credentials(wallet[0], with(wallet[1], deleted))
			latest(false, true)
			w.credentials(wallet[0], with(wallet[1], revoked))
			latest(false, true)
		}},
	}
}

// freeingCases are attempts to free an account that has counted: each hour
// another of 12 wallets passes with it for 90 days, if it can, and then gets
// rid of the credentials by which it did.
func freeingCases() []Case {
	const hours = 12
	var cases []Case
	for _, c := range []struct {
		name string
		free func(w *world, address store.Address, now time.Time)
	}{
		{"replacing its credential by an older one", func(w *world, address store.Address, now time.Time) {
			older := passporttest.ExpiresAt(now.Add(time.Hour))
			w.credentials(w.signed(3, address, "Google", older), w.signed(4, address, "Github", older))
		}},
		{"deleting its credential", func(w *world, _ store.Address, _ time.Time) { w.credentials() }},
		{"revoking its credential", func(w *world, _ store.Address, _ time.Time) {
			w.edit(func(s *store.State) {
				for i := range s.Credentials {
					s.Credentials[i].Revoked = true
				}
			})
		}},
		{"another nullifier", func(w *world, address store.Address, now time.Time) {
			other := passporttest.Nullifiers("v1:" + string(address))
			w.credentials(w.signed(3, address, "Google", other, passporttest.ExpiresAt(now.Add(time.Hour))))
		}},
	} {
		cases = append(cases, Case{Name: "an account is not freed by " + c.name, run: func(w *world) {
			now := noon
			engine := w.engine(passport.WithClock(func() time.Time { return now }))
			const valid = 90 * 24 * time.Hour
			var passed []store.Address
			for i := range hours {
				recent := passporttest.ExpiresAt(now.Add(valid))
				w.credentials(w.signed(1, wallet(i), "Google", recent), w.signed(2, wallet(i), "Github", recent))
				if w.scoreWith(engine, wallet(i)).Passing {
					passed = append(passed, wallet(i))
				}
				c.free(w, wallet(i), now)
				w.scoreWith(engine, wallet(i))
				now = now.Add(time.Hour)
			}
			assert.Equal(w.t, []store.Address{wallet(0)}, passed)
			for _, provider := range []string{"Google", "Github"} {
				assert.Equal(w.t, holder(wallet(0), noon.Add(valid)), w.holders()[passporttest.Nullifier(provider, "account")])
			}
		}})
	}
	return cases
}

func (w *world) engine(options ...passport.Option) *passport.Engine {
	w.t.Helper()
	options = slices.Concat([]passport.Option{
		passport.WithTrustedIssuers(passporttest.NewIssuerFromSeed("storetest").DID()),
		passport.WithClock(func() time.Time { return noon }),
	}, options)
	engine, err := passport.New(w.Harness, options...)
	require.NoError(w.t, err)
	return engine
}

func (w *world) scoreWith(engine *passport.Engine, address store.Address) *passport.Result {
	w.t.Helper()
	result, err := engine.Score(w.ctx, community, string(address))
	require.NoError(w.t, err)
	return result
}

// signed is a credential that the test issuer signed.
func (w *world) signed(id int64, address store.Address, provider string, options ...passporttest.CredentialOption) store.StoredCredential {
	w.t.Helper()
	text, err := passporttest.NewIssuerFromSeed("storetest").Issue(string(address), provider, "account", options...)
	require.NoError(w.t, err)
	return with(stored(id, address, provider), func(c *store.StoredCredential) { c.Document = text })
}

// largest returns a signed credential to which no byte can be added, with as
// many commas in it as that allows.
func (w *world) largest(address store.Address, provider string) []byte {
	w.t.Helper()
	issuer := passporttest.NewIssuerFromSeed("storetest")
	issue := func(contexts []string) []byte {
		text, err := issuer.Issue(string(address), provider, "account", passporttest.Contexts(contexts...))
		require.NoError(w.t, err)
		return text
	}
	const each = 90 // so that there are some hundred
	var contexts []string
	for i := range (credential.MaxSize - len(issue(nil))) / (each + len(`"",`)) {
		contexts = append(contexts, fmt.Sprintf("n:%0*d", each-len("n:"), i))
	}
	contexts[0] += strings.Repeat("0", credential.MaxSize-len(issue(contexts)))
	largest := issue(contexts)
	require.Len(w.t, largest, credential.MaxSize)
	return largest
}
