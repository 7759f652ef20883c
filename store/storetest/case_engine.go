package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
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
		{Name: "scoring again changes nothing but moments, and adds an event", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"), w.signed(2, alice, "Github"))
			first := w.scoreWith(engine, alice)
			before := w.tables()
			second := w.scoreWith(engine, alice)
			assert.Equal(w.t, "3.5", first.Score.String())
			assert.True(w.t, first.Passing)
			first.ScoredAt = second.ScoredAt
			assert.Equal(w.t, first, second)
			after := w.tables()
			assert.Len(w.t, after["registry_event"], 2)
			for _, tables := range []map[string][]row{before, after} {
				delete(tables, "registry_event")
				delete(tables["registry_score"][0], "last_score_timestamp")
			}
			assert.Equal(w.t, before, after)
		}},
		{Name: "a preview changes nothing and tells what a scoring does", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"))
			w.unchanged(func() {
				preview, err := engine.Preview(w.ctx, community, alice)
				require.NoError(w.t, err)
				assert.Equal(w.t, "1.5", preview.Score.String())
			})
		}},
		{Name: "an account counts for the first wallet, and for the second once its claim has expired", run: func(w *world) {
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
		{Name: "a credential of the greatest size that there may be counts", run: func(w *world) {
			engine := w.engine()
			stamp := w.largest(alice, "Google")
			w.credentials(with(credentialRow(1, alice, "Google"), row{"stamp": json.RawMessage(stamp)}))
			assert.Equal(w.t, "1.5", w.scoreWith(engine, alice).Score.String())
		}},
		{Name: "64 concurrent scorings of one address all succeed", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"), w.signed(2, alice, "Github"))
			for _, err := range atOnce(64, func(int) error {
				_, err := engine.Score(w.ctx, community, alice)
				return err
			}) {
				require.NoError(w.t, err)
			}
			assert.Len(w.t, w.table("registry_score"), 1)
			assert.Len(w.t, w.table("registry_stamp"), 2)
			assert.Len(w.t, w.table("registry_event"), 64)
		}},
		{Name: "64 addresses fight for one nullifier: one counts it, the rest are told so", run: func(w *world) {
			engine := w.engine()
			var rows []row
			for i := range 64 {
				rows = append(rows, w.signed(i+1, wallet(i), "Google"))
			}
			w.credentials(rows...)
			var counted, deduplicated atomic.Int32
			for _, err := range atOnce(64, func(i int) error {
				result, err := engine.Score(w.ctx, community, wallet(i))
				if err != nil {
					return err
				}
				switch result.Stamps[0].Outcome {
				case passport.Counted:
					counted.Add(1)
				case passport.Deduplicated:
					deduplicated.Add(1)
				case passport.LeftOut:
				}
				return nil
			}) {
				require.NoError(w.t, err)
			}
			assert.EqualValues(w.t, 1, counted.Load())
			assert.EqualValues(w.t, 63, deduplicated.Load())
			assert.Len(w.t, w.table("registry_stamp"), 1)
			assert.Len(w.t, w.holders(), 1)
		}},
		{Name: "the capped award stops exactly at its limit", run: func(w *world) {
			const limit, wallets = 5, 16
			engine := w.engine(passport.WithHumanPoints(passport.HumanPoints{
				Capped: &passport.CappedAward{List: "og", Action: "MM2", Limit: limit},
			}))
			w.seed(map[string][]row{"scorer_weighted_binaryweightedscorer": {{"scorer_ptr_id": 1, "threshold": "0", "weights": row{}}}})
			var members []row
			for i := range wallets {
				members = append(members, row{"address": wallet(i), "list_id": 1})
			}
			w.seed(map[string][]row{"account_addresslist": {{"id": 1, "name": "og"}}, "account_addresslistmember": members})
			var earned atomic.Int32
			for _, err := range atOnce(wallets, func(i int) error {
				result, err := engine.Score(w.ctx, community, wallet(i))
				if err == nil {
					earned.Add(int32(len(result.Points)))
				}
				return err
			}) {
				require.NoError(w.t, err)
			}
			assert.EqualValues(w.t, limit, earned.Load())
			assert.Len(w.t, w.table("registry_humanpoints"), limit)
		}},
		{Name: "a community that cannot be scored leaves a failed score and nothing else", run: func(w *world) {
			w.seed(map[string][]row{"account_community": {with(w.table("account_community")[0], row{"rule": "FIFO"})}})
			w.credentials(w.signed(1, alice, "Google"))
			_, err := w.engine().Score(w.ctx, community, alice)
			require.ErrorIs(w.t, err, passport.ErrUnsupportedRule)
			assert.Equal(w.t, []any{"ERROR"}, column(w.table("registry_score"), "status"))
			assert.Empty(w.t, w.holders())
			assert.Empty(w.t, w.table("registry_event"))

			_, err = w.engine().Latest(w.ctx, community, alice)
			var scoringError *passport.ScoringError
			require.ErrorAs(w.t, err, &scoringError)
		}},
		{Name: "never scored and scored are told apart", run: func(w *world) {
			engine := w.engine()
			_, err := engine.Latest(w.ctx, community, alice)
			require.ErrorIs(w.t, err, passport.ErrNeverScored)
			w.scoreWith(engine, alice)
			latest, err := engine.Latest(w.ctx, community, alice)
			require.NoError(w.t, err)
			assert.Equal(w.t, "0", latest.Score.String())
			assert.False(w.t, latest.Passing)
		}},
		{Name: "Latest reads every form that a score was recorded in", run: rowForms},
		{Name: "a score passes until it expires or one of its stamps is gone", run: func(w *world) {
			now := noon
			engine := w.engine(passport.WithClock(func() time.Time { return now }))
			rows := []row{
				w.signed(1, alice, "Google", passporttest.ExpiresAt(years(1))), w.signed(2, alice, "Github"),
				w.signed(3, alice, "Discord", passporttest.ExpiresAt(years(-1))),
			}
			w.credentials(rows...)
			require.True(w.t, w.scoreWith(engine, alice).Passing)
			latest := func(passing, outdated bool) {
				w.t.Helper()
				standing, err := engine.Latest(w.ctx, community, alice)
				require.NoError(w.t, err)
				assert.Equal(w.t, passing, standing.Passing)
				assert.Equal(w.t, outdated, standing.Outdated)
				assert.True(w.t, standing.PassedWhenScored)
				assert.Equal(w.t, "3.5", standing.Score.String())
			}
			latest(true, false)
			now = years(1).Add(-time.Microsecond)
			latest(true, false)
			now = years(1)
			latest(false, false)
			now = noon
			w.credentials(rows[:2]...) // what did not count is gone
			latest(true, false)
			w.credentials(rows[0], with(rows[1], row{"deleted_at": store.FormatTime(noon)}))
			latest(false, true)
			w.credentials(rows...)
			w.seed(map[string][]row{"ceramic_cache_revocation": {{"id": 1, "proof_value": "p", "ceramic_cache_id": 1}}})
			latest(false, true)
		}},
	}...)
}

// freeingCases are attempts to free an account that has counted: each hour
// another of 12 wallets passes with it for 90 days, if it can, and then does
// away with the credentials by which it did.
func freeingCases() []Case {
	const hours = 12
	var cases []Case
	for _, c := range []struct {
		name string
		free func(w *world, address string, now time.Time)
	}{
		{"replacing its credential by an older one", func(w *world, address string, now time.Time) {
			older := passporttest.ExpiresAt(now.Add(time.Hour))
			w.credentials(w.signed(3, address, "Google", older), w.signed(4, address, "Github", older))
		}},
		{"deleting its credential", func(w *world, _ string, _ time.Time) { w.credentials() }},
		{"the revocation of its credential", func(w *world, _ string, _ time.Time) {
			w.seed(map[string][]row{"ceramic_cache_revocation": {
				{"id": 1, "ceramic_cache_id": 1, "proof_value": "Google"}, {"id": 2, "ceramic_cache_id": 2, "proof_value": "Github"},
			}})
		}},
		{"another nullifier", func(w *world, address string, now time.Time) {
			other := passporttest.Nullifiers("v1:" + address)
			w.credentials(w.signed(3, address, "Google", other, passporttest.ExpiresAt(now.Add(time.Hour))))
		}},
	} {
		cases = append(cases, Case{Name: "an account is not freed by " + c.name, run: func(w *world) {
			now := noon
			engine := w.engine(passport.WithClock(func() time.Time { return now }))
			const valid = 90 * 24 * time.Hour
			var passed []string
			for i := range hours {
				w.seed(map[string][]row{"ceramic_cache_revocation": {}})
				recent := passporttest.ExpiresAt(now.Add(valid))
				w.credentials(w.signed(1, wallet(i), "Google", recent), w.signed(2, wallet(i), "Github", recent))
				if w.scoreWith(engine, wallet(i)).Passing {
					passed = append(passed, wallet(i))
				}
				c.free(w, wallet(i), now)
				w.scoreWith(engine, wallet(i))
				now = now.Add(time.Hour)
			}
			assert.Equal(w.t, []string{wallet(0)}, passed)
			for _, provider := range []string{"Google", "Github"} {
				nullifier := passporttest.Nullifier(provider, "account")
				assert.Equal(w.t, claim(nullifier, wallet(0), noon.Add(valid)), w.holders()[nullifier])
			}
		}})
	}
	return cases
}

func (w *world) engine(options ...passport.Option) *passport.Engine {
	w.t.Helper()
	options = append([]passport.Option{
		passport.WithTrustedIssuers(passporttest.NewIssuerFromSeed("storetest").DID()),
		passport.WithClock(func() time.Time { return noon }),
	}, options...)
	engine, err := passport.New(w.Harness, options...)
	require.NoError(w.t, err)
	return engine
}

func (w *world) scoreWith(engine *passport.Engine, address string) *passport.Result {
	w.t.Helper()
	result, err := engine.Score(w.ctx, community, address)
	require.NoError(w.t, err)
	return result
}

// signed is a row with a credential that the test issuer signed.
func (w *world) signed(id int, address, provider string, options ...passporttest.CredentialOption) row {
	w.t.Helper()
	text, err := passporttest.NewIssuerFromSeed("storetest").Issue(address, provider, "account", options...)
	require.NoError(w.t, err)
	return with(credentialRow(id, address, provider), row{"stamp": json.RawMessage(text)})
}

// largest returns a signed credential to which no byte can be added, with as
// many commas in it as that allows.
func (w *world) largest(address, provider string) []byte {
	w.t.Helper()
	issuer := passporttest.NewIssuerFromSeed("storetest")
	issue := func(contexts []string) []byte {
		text, err := issuer.Issue(address, provider, "account", passporttest.Contexts(contexts...))
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
