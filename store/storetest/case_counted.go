package storetest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// counted returns the credentials that counted in Alice's last score.
func (w *world) counted() []store.CountedCredential {
	w.t.Helper()
	score := w.lastScore(alice)
	require.NotNil(w.t, score)
	return score.Counted
}

// equalCounted demands that exactly those credentials counted in Alice's last
// score, with their documents.
func (w *world) equalCounted(want ...store.StoredCredential) {
	w.t.Helper()
	state := func(counted []store.CountedCredential) store.State {
		return store.State{Scores: []store.StoredScore{{Counted: counted}}}
	}
	var counted []store.CountedCredential
	for _, c := range want {
		counted = append(counted, store.CountedCredential{Provider: c.Provider, Document: c.Document})
	}
	equalStates(w.t, state(counted), state(w.counted()))
}

func countedCases() []Case {
	google, ens, github := stored(1, alice, "Google", "n1"), stored(2, alice, "Ens", "n2"), stored(3, alice, "Github")
	return []Case{
		{Name: "the credentials that the ids name", run: func(w *world) {
			w.credentials(google, ens, github)
			w.score(alice, counted(3, 1))
			w.equalCounted(google, github)
		}},
		{Name: "every digit of their documents", run: func(w *world) {
			precise := with(google, func(c *store.StoredCredential) { c.Document = []byte(digits) })
			w.credentials(precise)
			w.score(alice, counted(1))
			w.equalCounted(precise)
		}},
		{Name: "in place of those that counted before", run: func(w *world) {
			w.credentials(google, ens, github)
			w.score(alice, counted(1, 2))
			w.score(alice, counted(2, 3))
			w.equalCounted(ens, github)
		}},
		{Name: "none when none counts", run: func(w *world) {
			w.credentials(google)
			w.score(alice, counted(1))
			w.score(alice)
			assert.Empty(w.t, w.counted())
		}},
		{Name: "the new document of a provider", run: func(w *world) {
			w.credentials(google)
			w.score(alice, counted(1))
			other := with(stored(2, alice, "Google", "n9"), updated)
			w.credentials(other)
			w.score(alice, counted(2))
			w.equalCounted(other)
		}},
		{Name: "an expired one or one of another program", run: func(w *world) {
			odd := with(google, expired, foreign)
			w.credentials(odd)
			w.score(alice, counted(1))
			w.equalCounted(odd)
		}},
		{Name: "as they were also after they are deleted", run: func(w *world) {
			w.credentials(google)
			w.score(alice, counted(1))
			w.credentials(with(google, deleted))
			w.equalCounted(google)
		}},
		{Name: "an id of no credential", run: func(w *world) {
			w.credentials(google)
			w.refused(store.ErrInvalid, w.scored([]store.Address{alice}, counted(1, 99)))
		}},
		{Name: "an id of another wallet", run: func(w *world) {
			w.credentials(google, stored(2, bob, "Ens"))
			w.refused(store.ErrInvalid, w.scored([]store.Address{alice, bob}, counted(1, 2)))
		}},
		{Name: "an id of a credential that is not live", run: func(w *world) {
			w.credentials(google, with(ens, deleted), with(github, revoked))
			w.refused(store.ErrInvalid, w.scored([]store.Address{alice}, counted(1, 2)))
			w.refused(store.ErrInvalid, w.scored([]store.Address{alice}, counted(1, 3)))
		}},
		{Name: "the same documents again without a change", run: func(w *world) {
			w.credentials(google, ens)
			w.score(alice, counted(1, 2))
			w.unchanged(func() { w.score(alice, counted(2, 1)) })
		}},
	}
}
