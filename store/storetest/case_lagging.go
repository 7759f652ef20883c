package storetest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// lagging reads Alice's wallet, perhaps as it was.
func (w *world) lagging() *store.Snapshot {
	w.t.Helper()
	return w.query(store.Query{Community: community, Addresses: []store.Address{alice}, At: noon, MayLag: true})
}

func laggingCases() []Case {
	google, ens := inWallet, stored(2, alice, "Ens", "n2")
	return []Case{
		{Name: "what a read that may lag returns is checked", run: func(w *world) {
			w.credentials(google)
			w.lagging()
			w.credentials(google, ens)
			c, read := w.scored([]store.Address{alice}), &w.lagging().Wallets[0]
			c.Wallets[0].Version = read.Version
			for _, credential := range read.Credentials {
				c.Wallets[0].Counted = append(c.Wallets[0].Counted, credential.ID)
			}
			if len(read.Credentials) < 2 {
				w.refused(store.ErrConflict, c)
				return
			}
			w.apply(c)
			assert.Len(w.t, w.counted(), 2)
		}},
		{Name: "a read that may not lag does not", run: func(w *world) {
			w.credentials(google)
			w.lagging()
			w.credentials(google, ens)
			w.score(bob, swaps(taken("n1", bob, years(1))))
			w.lagging()
			s := w.load(alice)
			require.Len(w.t, s.Wallets[0].Credentials, 2)
			require.Len(w.t, s.Claims, 1)
			assert.Equal(w.t, bob, s.Claims[0].Address)
			w.score(alice, counted(1, 2))
		}},
	}
}
