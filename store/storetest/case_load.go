package storetest

import (
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func loadCases() []Case {
	cases := append(communityCases(), selectionCases()...)
	cases = append(cases, claimsLoadedCases()...)
	return append(cases, scoreLoadedCases()...)
}

func communityCases() []Case {
	return []Case{
		{Name: "returns the community as its rows have it", run: func(w *world) {
			c := w.load(alice).Community
			assert.EqualValues(w.t, community, c.ID)
			assert.Equal(w.t, "One", c.Name)
			assert.Equal(w.t, "LIFO", c.Rule)
			assert.True(w.t, c.HumanPoints)
			assert.Equal(w.t, "WEIGHTED_BINARY", c.Scorer)
			assert.Equal(w.t, "3.00000", c.Threshold)
			assert.JSONEq(w.t, `{"Google":"1.5","Github":2}`, string(c.Weights))
			assert.Empty(w.t, c.Overlay)
		}},
		{Name: "takes the weights from the table of the scorer's type", run: func(w *world) {
			c := w.query(store.Query{Community: neighbour, Addresses: []string{alice}}).Community
			assert.Equal(w.t, "WEIGHTED", c.Scorer)
			assert.Equal(w.t, "20.50000", c.Threshold)
			assert.JSONEq(w.t, `{"Google":0.25}`, string(c.Weights))
			assert.False(w.t, c.HumanPoints)
		}},
		{Name: "returns the community alone when no address is asked for", run: func(w *world) {
			s := w.query(store.Query{Community: community, At: noon, Points: &store.PointsQuery{Lists: []string{"team"}, Counted: []string{"MM2"}}})
			assert.Equal(w.t, "One", s.Community.Name)
			assert.Empty(w.t, s.Wallets)
			assert.Empty(w.t, s.Claims)
			assert.Empty(w.t, s.Points.Wallets)
		}},
		{Name: "must return ErrCommunityNotFound when the community does not exist", run: func(w *world) {
			_, err := w.Load(w.ctx, store.Query{Community: 99, Addresses: []string{alice}, At: noon})
			assert.ErrorIs(w.t, err, store.ErrCommunityNotFound)
		}},
		{Name: "must return ErrCommunityNotFound when the community is deleted", run: func(w *world) {
			deleted := with(w.table("account_community")[0], row{"deleted_at": "2026-01-01T00:00:00Z"})
			w.seed(map[string][]row{"account_community": {deleted}})
			_, err := w.Load(w.ctx, store.Query{Community: community, Addresses: []string{alice}, At: noon})
			assert.ErrorIs(w.t, err, store.ErrCommunityNotFound)
		}},
		{Name: "returns another rule as it is", run: func(w *world) {
			other := with(w.table("account_community")[0], row{"rule": "FIFO"})
			w.seed(map[string][]row{"account_community": {other}})
			assert.Equal(w.t, "FIFO", w.load(alice).Community.Rule)
		}},
		{Name: "returns weights that are no decimals as they are", run: func(w *world) {
			w.seed(map[string][]row{"scorer_weighted_binaryweightedscorer": {
				{"scorer_ptr_id": 1, "threshold": "3.00000", "weights": row{"Google": "abc", "Github": nil}},
			}})
			assert.JSONEq(w.t, `{"Google":"abc","Github":null}`, string(w.load(alice).Community.Weights))
		}},
		{Name: "returns no weights and no threshold when the community has no scorer", run: func(w *world) {
			w.seed(map[string][]row{"scorer_weighted_binaryweightedscorer": {}})
			c := w.load(alice).Community
			assert.Nil(w.t, c.Weights)
			assert.Empty(w.t, c.Threshold)
		}},
		{Name: "returns no weights and no threshold for a type of scorer that is unknown", run: func(w *world) {
			w.seed(map[string][]row{"scorer_weighted_scorer": {{"id": 1, "type": "OTHER"}, {"id": 2, "type": "WEIGHTED"}}})
			c := w.load(alice).Community
			assert.Nil(w.t, c.Weights)
			assert.Empty(w.t, c.Threshold)
		}},
		{Name: "returns the customization's weights as the overlay", run: func(w *world) {
			w.customize(community)
			assert.Equal(w.t, map[string]string{"AllowList#team": "2.5000", "DeveloperList#Custom#1": "1.2500"}, w.load(alice).Community.Overlay)
		}},
		{Name: "returns no overlay of another community", run: func(w *world) {
			w.customize(neighbour)
			assert.Empty(w.t, w.load(alice).Community.Overlay)
		}},
	}
}

// customize gives the community an allow list and a custom credential.
func (w *world) customize(community int) {
	w.t.Helper()
	w.seed(map[string][]row{
		"account_customization":  {{"id": 1, "path": "p", "scorer_id": community}},
		"account_addresslist":    {{"id": 1, "name": "team"}},
		"account_allowlist":      {{"id": 1, "address_list_id": 1, "customization_id": 1, "weight": "2.5"}},
		"account_customplatform": {{"id": 1, "name": "p", "platform_type": "DEVEL"}},
		"account_customcredentialruleset": {
			{"id": 1, "provider_id": "DeveloperList#Custom#1", "credential_type": "DEVEL", "name": "r", "definition": row{}},
		},
		"account_customcredential": {
			{"id": 1, "customization_id": 1, "platform_id": 1, "ruleset_id": 1, "weight": "1.25", "display_name": "c"},
		},
	})
}

// ids returns the ids of the credentials that Load selects for Alice.
func (w *world) ids() []int64 {
	w.t.Helper()
	ids := []int64{}
	for _, c := range w.load(alice).Wallets[0].Credentials {
		ids = append(ids, c.ID)
	}
	return ids
}

func selectionCases() []Case {
	// Each row is seeded as the credentials of all wallets; wanted are the ids
	// of those that are selected for Alice.
	google := credentialRow(1, alice, "Google", "n1")
	var cases []Case
	for _, c := range []struct {
		name string
		rows []row
		want []int64
	}{
		{"an address never seen has an empty wallet", nil, []int64{}},
		{"selects the address's credentials", []row{google}, []int64{1}},
		{"selects nobody else's", []row{with(google, row{"address": bob})}, []int64{}},
		{"selects no deleted credential", []row{with(google, row{"deleted_at": "2026-03-01T00:00:00Z"})}, []int64{}},
		{"selects a credential of every type", []row{with(google, row{"type": 2}), with(credentialRow(2, alice, "Ens"), row{"type": 3})}, []int64{2, 1}},
		{
			"of one provider selects only the one updated last",
			[]row{google, with(google, row{"id": 2, "type": 2, "updated_at": "2026-01-31T00:00:00Z"})},
			[]int64{1},
		},
		{
			"of equals selects the one with the highest id",
			[]row{google, with(google, row{"id": 3, "type": 2}), with(google, row{"id": 2, "type": 3})},
			[]int64{3},
		},
		{
			"a deleted newer one does not hide an older one",
			[]row{google, with(google, row{"id": 2, "updated_at": "2026-03-01T00:00:00Z", "deleted_at": "2026-03-01T00:00:00Z"})},
			[]int64{1},
		},
		{
			"orders credentials by provider",
			[]row{credentialRow(1, alice, "b"), credentialRow(2, alice, "a"), credentialRow(3, alice, "B"), credentialRow(4, alice, "ä")},
			[]int64{3, 2, 1, 4},
		},
		{"selects expired ones too", []row{with(google, row{"expiration_date": "2020-01-01T00:00:00Z"})}, []int64{1}},
	} {
		cases = append(cases, Case{Name: c.name, run: func(w *world) {
			w.credentials(c.rows...)
			assert.Equal(w.t, c.want, w.ids())
		}})
	}
	return append(cases,
		Case{Name: "selects no revoked credential", run: func(w *world) {
			w.credentials(google, credentialRow(2, alice, "Ens"))
			w.seed(map[string][]row{"ceramic_cache_revocation": {{"id": 1, "ceramic_cache_id": 1, "proof_value": "Google"}}})
			assert.Equal(w.t, []int64{2}, w.ids())
		}},
		Case{Name: "a revocation of the same proof elsewhere revokes nothing here", run: func(w *world) {
			w.credentials(google, with(google, row{"id": 2, "address": bob}))
			w.seed(map[string][]row{"ceramic_cache_revocation": {{"id": 1, "ceramic_cache_id": 2, "proof_value": "Google"}}})
			assert.Equal(w.t, []int64{1}, w.ids())
		}},
		Case{Name: "returns a credential as its row has it", run: func(w *world) {
			w.credentials(with(google, row{"updated_at": "2026-02-03T04:05:06.789012Z"}))
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 1)
			c := loaded[0]
			assert.Equal(w.t, "Google", c.Provider)
			assert.JSONEq(w.t, string(stamp("Google", "n1").Credential), string(c.Stamp))
			assert.Equal(w.t, time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC), c.UpdatedAt.UTC())
		}},
		Case{Name: "answers in the query's order", run: func(w *world) {
			w.credentials(google)
			for _, order := range [][]string{{carol, alice, bob}, {bob, carol, alice}} {
				for i, wallet := range w.load(order...).Wallets {
					assert.Equal(w.t, order[i], wallet.Address)
					assert.Len(w.t, wallet.Credentials, map[bool]int{true: 1}[wallet.Address == alice])
				}
			}
		}},
		Case{Name: "a version must not be empty, also without credentials", run: func(w *world) {
			assert.NotEmpty(w.t, w.load(alice).Wallets[0].Version)
		}},
		Case{Name: "the version stays while the credentials stay", run: func(w *world) {
			w.credentials(google)
			first := w.load(alice).Wallets[0].Version
			assert.Equal(w.t, first, w.load(alice).Wallets[0].Version)
		}},
		Case{Name: "the moment is the query's", run: func(w *world) {
			assert.Equal(w.t, noon, w.load(alice).At)
		}},
		Case{Name: "a moment is in UTC and whole microseconds", run: func(w *world) {
			at := noon.Add(1_999).In(time.FixedZone("east", 3600))
			assert.Equal(w.t, noon.Add(time.Microsecond), w.query(store.Query{Community: community, Addresses: []string{alice}, At: at}).At)
		}},
		Case{Name: "a moment that no column holds must return ErrInvalid", run: func(w *world) {
			for _, at := range []time.Time{noon.AddDate(20_000, 0, 0), noon.AddDate(300_000, 0, 0), noon.AddDate(-3000, 0, 0)} {
				_, err := w.Load(w.ctx, store.Query{Community: community, Addresses: []string{alice}, At: at})
				assert.ErrorIs(w.t, err, store.ErrInvalid)
			}
		}},
		Case{Name: "without one it is the store's clock, in UTC and whole microseconds", run: func(w *world) {
			at := w.query(store.Query{Community: community, Addresses: []string{alice}}).At
			assert.WithinDuration(w.t, time.Now(), at, time.Hour)
			assert.Equal(w.t, at.UTC().Truncate(time.Microsecond), at)
		}},
		Case{Name: "an address that is malformed or asked for twice must return ErrInvalid", run: func(w *world) {
			for _, addresses := range [][]string{{""}, {"alice"}, {strings.ToUpper(alice)}, {alice, bob + "0"}, {bob, alice, bob}, {alice[:41] + "\x00"}} {
				snapshot, err := w.Load(w.ctx, store.Query{Community: community, Addresses: addresses, At: noon})
				require.ErrorIs(w.t, err, store.ErrInvalid, "%q", addresses)
				assert.Nil(w.t, snapshot)
			}
		}},
		Case{Name: "must change nothing", run: func(w *world) {
			w.credentials(google)
			w.unchanged(func() { w.load(alice, bob) })
		}},
		Case{Name: "has no points unless they are asked for", run: func(w *world) {
			assert.Nil(w.t, w.load(alice).Points)
		}},
	)
}

func claimsLoadedCases() []Case {
	loaded := func(w *world) []store.Claim {
		claims := w.load(alice).Claims
		for i := range claims {
			claims[i].ExpiresAt = claims[i].ExpiresAt.UTC()
		}
		return claims
	}
	return []Case{
		{Name: "returns the claims on listed nullifiers, whoever holds them, expired or not", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1", "n2"), credentialRow(2, alice, "Ens", "n3"))
			w.claims(claimRow("n1", bob, years(1)), claimRow("n2", alice, years(-1)), claimRow("n3", bob, years(-2)), claimRow("n4", bob, years(1)))
			assert.ElementsMatch(w.t, []store.Claim{
				claim("n1", bob, years(1)), claim("n2", alice, years(-1)), claim("n3", bob, years(-2)),
			}, loaded(w))
		}},
		{Name: "returns a claim once, however often its nullifier is listed", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1", "n1"), credentialRow(2, alice, "Ens", "n1"))
			w.claims(claimRow("n1", bob, years(1)))
			assert.Equal(w.t, []store.Claim{claim("n1", bob, years(1))}, loaded(w))
		}},
		{Name: "returns no claim of another community", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"))
			w.claims(with(claimRow("n1", bob, years(1)), row{"community_id": neighbour}))
			assert.Empty(w.t, loaded(w))
		}},
		{Name: "returns the claim on an older credential's hash", run: func(w *world) {
			for _, hash := range []string{"v0.0.0:h", "v1:h", "h"} {
				w.credentials(with(credentialRow(1, alice, "Google"), row{"stamp": row{"credentialSubject": subject(alice, "Google", row{"hash": hash})}}))
				w.claims(claimRow(hash, bob, years(1)))
				assert.Equal(w.t, []store.Claim{claim(hash, bob, years(1))}, loaded(w), "of whatever version")
			}
		}},
		{Name: "looks past whatever is no nullifier", run: func(w *world) {
			var rows []row
			for i, odd := range []any{
				row{},
				row{"credentialSubject": nil},
				row{"credentialSubject": "n1"},
				row{"credentialSubject": []any{"n1"}},
				row{"credentialSubject": row{"nullifiers": "n1"}},
				row{"credentialSubject": row{"nullifiers": row{"n1": "n1"}}},
				row{"credentialSubject": row{"nullifiers": []any{1, nil, true, []any{"n1"}, row{"a": "n1"}, "listed"}}},
				row{"credentialSubject": row{"hash": []any{"n1"}}},
				row{"nullifiers": []any{"n1"}},
				[]any{"n1"},
				"n1", 1, nil,
			} {
				if odd == nil {
					continue
				}
				provider := "p" + strconv.Itoa(i)
				if stamp, is := odd.(row); is {
					if said, is := stamp["credentialSubject"].(row); is {
						stamp["credentialSubject"] = subject(alice, provider, said)
					}
				}
				rows = append(rows, with(credentialRow(i+1, alice, provider), row{"stamp": odd}))
			}
			w.credentials(rows...)
			w.claims(claimRow("n1", bob, years(1)), claimRow("listed", bob, years(1)))
			assert.Equal(w.t, []store.Claim{claim("listed", bob, years(1))}, loaded(w))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, len(rows), "the credentials themselves are there")
		}},
		{Name: "returns no claim on what a deleted credential lists", run: func(w *world) {
			w.credentials(with(credentialRow(1, alice, "Google", "n1"), row{"deleted_at": "2026-03-01T00:00:00Z"}))
			w.claims(claimRow("n1", bob, years(1)))
			assert.Empty(w.t, loaded(w))
		}},
	}
}

func scoreLoadedCases() []Case {
	return []Case{
		{Name: "an address that was never scored has no score", run: func(w *world) {
			assert.Nil(w.t, w.load(alice).Wallets[0].Score)
		}},
		{Name: "returns the last score", run: func(w *world) {
			w.score(alice)
			score := w.load(alice).Wallets[0].Score
			require.NotNil(w.t, score)
			assert.Equal(w.t, store.StatusDone, score.Status)
			assert.Empty(w.t, score.Error)
			assert.Equal(w.t, noon, score.ScoredAt.UTC())
			assert.Equal(w.t, years(1), score.ExpiresAt.UTC())
			assert.JSONEq(w.t, string(passing().Evidence), string(score.Evidence))
			assert.JSONEq(w.t, string(passing().StampScores), string(score.StampScores))
			assert.JSONEq(w.t, string(passing().Stamps), string(score.Stamps))
		}},
		{Name: "returns the last failure", run: func(w *world) {
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed("why") })
			score := w.load(alice).Wallets[0].Score
			require.NotNil(w.t, score)
			assert.Equal(w.t, &store.Score{Status: store.StatusError, Error: "why"}, score)
		}},
		{Name: "returns no score of another community", run: func(w *world) {
			w.score(alice)
			assert.Nil(w.t, w.query(store.Query{Community: neighbour, Addresses: []string{alice}}).Wallets[0].Score)
		}},
		{Name: "returns what the service has queued as it is", run: func(w *world) {
			w.seed(map[string][]row{
				"registry_passport": {{"id": 5, "address": alice, "community_id": community}},
				"registry_score":    {{"id": 7, "passport_id": 5, "status": "BULK_PROCESSING"}},
			})
			score := w.load(alice).Wallets[0].Score
			require.NotNil(w.t, score)
			assert.Equal(w.t, store.Status("BULK_PROCESSING"), score.Status)
		}},
	}
}
