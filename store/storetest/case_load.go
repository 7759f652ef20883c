package storetest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func loadCases() []Case {
	return slices.Concat(loadedCommunityCases(), loadedWalletCases(), loadedTimeCases(), loadedClaimCases())
}

// digits is a document with numbers that a double does not hold.
const digits = `{"n":12345678901234567890.10,"m":[0.1000,1.00,-0.30000000000000000004]}`

// change changes the first community.
func (w *world) change(change func(c *store.StoredCommunity)) {
	w.t.Helper()
	w.edit(func(s *store.State) {
		i := slices.IndexFunc(s.Communities, func(c store.StoredCommunity) bool { return c.ID == community })
		change(&s.Communities[i])
	})
}

func loadedCommunityCases() []Case {
	return []Case{
		{Name: "the community", run: func(w *world) {
			c := w.load(alice).Community
			w.equalDecimals("3", c.Threshold)
			w.equalJSON(`{"Google":"1.5","Github":2}`, c.Weights)
			assert.Empty(w.t, c.Customization)
			c.Threshold, c.Weights, c.Customization = "", nil, nil
			assert.Equal(w.t, store.Community{
				ID: community, Name: "One", Account: 1, Rule: "LIFO", HumanPoints: true, Scorer: store.ScorerBinary,
			}, c)
		}},
		{Name: "a community with another type of scorer", run: func(w *world) {
			c := w.query(store.Query{Community: neighbour, Addresses: []store.Address{alice}}).Community
			assert.Equal(w.t, store.ScorerWeighted, c.Scorer)
			w.equalDecimals("20.5", c.Threshold)
			w.equalJSON(`{"Google":0.25}`, c.Weights)
			assert.False(w.t, c.HumanPoints)
		}},
		{Name: "another name of the community", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.ExternalID = "0xTea" })
			assert.Equal(w.t, "0xTea", w.load(alice).Community.ExternalID)
		}},
		{Name: "the community alone without an address", run: func(w *world) {
			s := w.query(store.Query{Community: community, At: noon})
			assert.Equal(w.t, "One", s.Community.Name)
			assert.Empty(w.t, s.Wallets)
			assert.Empty(w.t, s.Claims)
		}},
		{Name: "a community that does not exist", run: func(w *world) {
			w.notLoaded(store.ErrCommunityNotFound, store.Query{Community: 99, Addresses: []store.Address{alice}, At: noon})
		}},
		{Name: "a deleted community", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.Deleted = true })
			w.notLoaded(store.ErrCommunityNotFound, store.Query{Community: community, Addresses: []store.Address{alice}, At: noon})
		}},
		{Name: "another rule as it is", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.Rule = "FIFO" })
			assert.Equal(w.t, "FIFO", w.load(alice).Community.Rule)
		}},
		{Name: "weights that are no decimals as they are", run: func(w *world) {
			const weights = `{"Google":"abc","Github":null}`
			w.change(func(c *store.StoredCommunity) { c.Weights = []byte(weights) })
			w.equalJSON(weights, w.load(alice).Community.Weights)
		}},
		{Name: "every digit of the weights", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.Weights = []byte(digits) })
			w.equalJSON(digits, w.load(alice).Community.Weights)
		}},
		{Name: "no weights and no threshold without a scorer", run: func(w *world) {
			w.change(func(c *store.StoredCommunity) { c.Weights, c.Threshold = nil, "" })
			c := w.load(alice).Community
			assert.Nil(w.t, c.Weights)
			assert.Empty(w.t, c.Threshold)
		}},
		{Name: "the customization", run: func(w *world) {
			w.customize(community)
			got := w.load(alice).Community.Customization
			assert.Len(w.t, got, 2)
			w.equalDecimals("2.5", got["AllowList#team"])
			w.equalDecimals("1.25", got["DeveloperList#Custom#1"])
		}},
		{Name: "no customization of another community", run: func(w *world) {
			w.customize(neighbour)
			assert.Empty(w.t, w.load(alice).Community.Customization)
		}},
	}
}

// customize gives a community an allow list and a custom credential.
func (w *world) customize(id int64) {
	w.t.Helper()
	w.edit(func(s *store.State) {
		s.Lists = []store.AddressList{{Name: "team"}}
		for i := range s.Communities {
			if c := &s.Communities[i]; c.ID == id {
				c.Customization = map[string]string{"AllowList#team": "2.5", "DeveloperList#Custom#1": "1.25"}
			}
		}
	})
}

// ids returns the ids of the credentials that Load returns for Alice.
func (w *world) ids() []int64 {
	w.t.Helper()
	ids := []int64{}
	for _, c := range w.load(alice).Wallets[0].Credentials {
		ids = append(ids, c.ID)
	}
	return ids
}

// Changes of a credential, for with.
var (
	deleted = func(c *store.StoredCredential) { c.Deleted = true }
	revoked = func(c *store.StoredCredential) { c.Revoked = true }
	foreign = func(c *store.StoredCredential) { c.Foreign = true }
	expired = func(c *store.StoredCredential) { c.ExpiresAt = years(-6) }
)

func loadedWalletCases() []Case {
	google := stored(1, alice, "Google", "n1")
	var cases []Case
	// Each list is of all credentials in the store; want are the ids of those that
	// Load returns for Alice.
	for _, c := range []struct {
		name        string
		credentials []store.StoredCredential
		want        []int64
	}{
		{"an empty wallet for an address never seen", nil, []int64{}},
		{"the credentials of the address", []store.StoredCredential{google, stored(2, alice, "Ens")}, []int64{1, 2}},
		{"no credential of another address", []store.StoredCredential{stored(1, bob, "Google")}, []int64{}},
		{"no deleted credential", []store.StoredCredential{with(google, deleted)}, []int64{}},
		{"no revoked credential", []store.StoredCredential{with(google, revoked), stored(2, alice, "Ens")}, []int64{2}},
		{
			"a credential with the proof value of a revoked one",
			[]store.StoredCredential{google, with(stored(2, bob, "Google", "n1"), revoked)},
			[]int64{1},
		},
		{"a credential that another program stored", []store.StoredCredential{with(google, foreign)}, []int64{1}},
		{"every live credential of a provider", []store.StoredCredential{google, with(stored(2, alice, "Google"), foreign)}, []int64{1, 2}},
		{"an older credential than a deleted one", []store.StoredCredential{google, with(stored(2, alice, "Google"), deleted)}, []int64{1}},
		{"an expired credential", []store.StoredCredential{with(google, expired)}, []int64{1}},
	} {
		cases = append(cases, Case{Name: c.name, run: func(w *world) {
			w.credentials(c.credentials...)
			assert.ElementsMatch(w.t, c.want, w.ids())
		}})
	}
	return append(cases, []Case{
		{Name: "a credential as it is stored", run: func(w *world) {
			at := time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC)
			w.credentials(with(google, func(c *store.StoredCredential) { c.UpdatedAt = at }))
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 1)
			got := loaded[0]
			w.equalJSON(string(google.Document), got.Document)
			assert.Equal(w.t, at, got.UpdatedAt.UTC())
			got.Document, got.UpdatedAt = nil, time.Time{}
			assert.Equal(w.t, store.Credential{ID: 1, Provider: "Google"}, got)
		}},
		{Name: "every digit of a credential", run: func(w *world) {
			w.credentials(with(google, func(c *store.StoredCredential) { c.Document = []byte(digits) }))
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 1)
			w.equalJSON(digits, loaded[0].Document)
		}},
		{Name: "wallets in the order of the query", run: func(w *world) {
			w.credentials(google)
			for _, order := range [][]store.Address{{carol, alice, bob}, {bob, carol, alice}} {
				for i, wallet := range w.load(order...).Wallets {
					assert.Equal(w.t, order[i], wallet.Address)
					assert.Len(w.t, wallet.Credentials, map[bool]int{true: 1}[wallet.Address == alice])
				}
			}
		}},
		{Name: "a version also without credentials", run: func(w *world) {
			assert.NotEmpty(w.t, w.load(alice).Wallets[0].Version)
		}},
		{Name: "the same version of the same credentials", run: func(w *world) {
			w.credentials(google)
			first := w.load(alice).Wallets[0].Version
			assert.Equal(w.t, first, w.load(alice).Wallets[0].Version)
		}},
		{Name: "a malformed address or one that is queried twice", run: func(w *world) {
			for _, addresses := range [][]store.Address{
				{""}, {"alice"}, {store.Address(strings.ToUpper(string(alice)))}, {alice, bob + "0"}, {bob, alice, bob}, {alice[:41] + "\x00"},
			} {
				w.notLoaded(store.ErrInvalid, store.Query{Community: community, Addresses: addresses, At: noon})
			}
		}},
		{Name: "changes nothing", run: func(w *world) {
			w.credentials(google)
			w.unchanged(func() { w.load(alice, bob) })
		}},
		{Name: "no points unless the query asks for them", run: func(w *world) {
			assert.Nil(w.t, w.load(alice).Points)
		}},
	}...)
}

func loadedTimeCases() []Case {
	return []Case{
		{Name: "the time of the query", run: func(w *world) {
			assert.Equal(w.t, noon, w.load(alice).At)
		}},
		{Name: "the time in UTC and whole microseconds", run: func(w *world) {
			at := noon.Add(1_999).In(time.FixedZone("east", 3600))
			assert.Equal(w.t, noon.Add(time.Microsecond), w.query(store.Query{Community: community, At: at}).At)
		}},
		{Name: "a time that no store can hold", run: func(w *world) {
			for _, at := range []time.Time{noon.AddDate(20_000, 0, 0), noon.AddDate(300_000, 0, 0), noon.AddDate(-3000, 0, 0)} {
				w.notLoaded(store.ErrInvalid, store.Query{Community: community, Addresses: []store.Address{alice}, At: at})
			}
		}},
		{Name: "the time of the store for a query without one", run: func(w *world) {
			at := w.query(store.Query{Community: community}).At
			assert.WithinDuration(w.t, time.Now(), at, time.Hour)
			assert.Equal(w.t, store.Microseconds(at), at)
		}},
	}
}

func loadedClaimCases() []Case {
	loaded := func(w *world) []store.Claim {
		claims := w.load(alice).Claims
		for i := range claims {
			claims[i].ExpiresAt = claims[i].ExpiresAt.UTC()
		}
		return claims
	}
	return []Case{
		{Name: "claims of anyone and expired or not", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1", "n2"), stored(2, alice, "Ens", "n3"))
			listed := []store.StoredClaim{claim("n1", bob, years(1)), claim("n2", alice, years(-1)), claim("n3", bob, years(-2))}
			w.claims(append(listed, claim("n4", bob, years(1)))...)
			assert.ElementsMatch(w.t, []store.Claim{listed[0].Claim, listed[1].Claim, listed[2].Claim}, loaded(w))
		}},
		{Name: "a claim once that several credentials list", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1", "n1"), stored(2, alice, "Ens", "n1"))
			w.claims(claim("n1", bob, years(1)))
			assert.Equal(w.t, []store.Claim{claim("n1", bob, years(1)).Claim}, loaded(w))
		}},
		{Name: "no claim of another community", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"))
			other := claim("n1", bob, years(1))
			other.Community = neighbour
			w.claims(other)
			assert.Empty(w.t, loaded(w))
		}},
		{Name: "no claim that a deleted or a revoked credential lists", run: func(w *world) {
			w.claims(claim("n1", bob, years(1)))
			for _, change := range []func(*store.StoredCredential){deleted, revoked} {
				w.credentials(with(stored(1, alice, "Google", "n1"), change))
				assert.Empty(w.t, loaded(w))
			}
		}},
		{Name: "the claim on the hash of an older credential", run: func(w *world) {
			for _, hash := range []string{"v0.0.0:h", "v1:h", "h"} {
				w.credentials(with(stored(1, alice, "Google"), subject(map[string]any{"hash": hash})))
				w.claims(claim(hash, bob, years(1)))
				assert.Equal(w.t, []store.Claim{claim(hash, bob, years(1)).Claim}, loaded(w), "of any version")
			}
		}},
		{Name: "claims in spite of malformed nullifiers", run: func(w *world) {
			var odd []store.StoredCredential
			for i, text := range []string{
				`{}`, `{"credentialSubject":null}`, `{"credentialSubject":"n1"}`, `{"credentialSubject":["n1"]}`,
				`{"nullifiers":["n1"]}`, `["n1"]`, `"n1"`, `1`,
			} {
				odd = append(odd, with(stored(int64(i+1), alice, text), func(c *store.StoredCredential) { c.Document = []byte(text) }))
			}
			for _, nullifiers := range []any{"n1", map[string]any{"n1": "n1"}, []any{1, nil, true, []any{"n1"}, map[string]any{"a": "n1"}, "listed"}} {
				id := int64(len(odd) + 1)
				odd = append(odd, with(stored(id, alice, strings.Repeat("x", int(id))), subject(map[string]any{"nullifiers": nullifiers})))
			}
			odd = append(odd, with(stored(99, alice, "hash"), subject(map[string]any{"hash": []any{"n1"}})))
			w.credentials(odd...)
			w.claims(claim("n1", bob, years(1)), claim("listed", bob, years(1)))
			assert.Equal(w.t, []store.Claim{claim("listed", bob, years(1)).Claim}, loaded(w))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, len(odd))
		}},
	}
}

// subject gives a credential a subject with those members, its own provider
// and, unless they say otherwise, its own address.
func subject(members map[string]any) func(c *store.StoredCredential) {
	return func(c *store.StoredCredential) {
		of := map[string]any{"id": c.Address.DID(), "provider": c.Provider}
		for name, value := range members {
			of[name] = value
			if value == nil {
				delete(of, name)
			}
		}
		text, err := json.Marshal(map[string]any{"credentialSubject": of})
		if err != nil {
			panic(err) // texts and lists always marshal
		}
		c.Document = text
	}
}
