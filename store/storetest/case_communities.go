package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func communitiesRole(w *world) store.Communities { return w.Harness.(store.Communities) }

// nine is a community that has everything.
func nine(change ...func(*store.Community)) store.Community {
	c := store.Community{
		ID: 9, Name: "Nine", Account: 1, ExternalID: "0x9", Rule: "LIFO", HumanPoints: true,
		Scorer: "WEIGHTED", Weights: []byte(`{"Google":"1.5"}`), Threshold: "2.50000",
		Overlay: map[string]string{"AllowList#team": "1.2500", "Custom#1": "0.5000"},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func (w *world) put(c store.Community) {
	w.t.Helper()
	require.NoError(w.t, communitiesRole(w).PutCommunity(w.ctx, c))
}

// loadCommunity returns the community, its weights as compact JSON.
func (w *world) loadCommunity(id int64) store.Community {
	w.t.Helper()
	c := w.query(store.Query{Community: id, Addresses: []string{alice}}).Community
	if c.Weights != nil {
		var weights row
		require.NoError(w.t, json.Unmarshal(c.Weights, &weights))
		document, err := json.Marshal(weights)
		require.NoError(w.t, err)
		c.Weights = document
	}
	return c
}

// putRefused demands that the community is refused and nothing written.
func (w *world) putRefused(kind error, c store.Community) {
	w.t.Helper()
	w.unchanged(func() {
		assert.ErrorIs(w.t, communitiesRole(w).PutCommunity(w.ctx, c), kind, "%.200v", c)
	})
}

// communitiesCases are for stores that set communities up.
func communitiesCases(h Harness) []Case {
	if _, has := h.(store.Communities); !has {
		return nil
	}
	accounts := func(w *world, ids ...int) {
		w.t.Helper()
		tables := map[string][]row{}
		for _, id := range ids {
			tables["auth_user"] = append(tables["auth_user"], row{"id": id, "username": fmt.Sprint("user ", id)})
			tables["account_account"] = append(tables["account_account"], row{"id": id, "user_id": id})
		}
		w.seed(tables)
	}
	return []Case{
		{Name: "are loaded as they were put", run: func(w *world) {
			w.put(nine())
			assert.Equal(w.t, nine(), w.loadCommunity(9))
		}},
		{Name: "are replaced by the same id", run: func(w *world) {
			w.put(store.Community{ID: 9, Name: "Old", Weights: []byte(`{"Ens":1}`), Threshold: "9", Overlay: map[string]string{"AllowList#old": "7"}})
			w.put(nine())
			assert.Equal(w.t, nine(), w.loadCommunity(9))
		}},
		{Name: "have nothing of before once replaced by less", run: func(w *world) {
			w.put(nine())
			less := store.Community{ID: 9, Name: "Less", Account: 1, Rule: "LIFO", Scorer: "WEIGHTED_BINARY"}
			w.put(less)
			assert.Equal(w.t, less, w.loadCommunity(9))
		}},
		{Name: "default to LIFO and a binary scorer", run: func(w *world) {
			w.put(store.Community{ID: 9, Name: "Nine", Weights: []byte(`{}`), Threshold: "1"})
			c := w.loadCommunity(9)
			assert.Equal(w.t, "LIFO", c.Rule)
			assert.Equal(w.t, "WEIGHTED_BINARY", c.Scorer)
			assert.Equal(w.t, "1.00000", c.Threshold)
		}},
		{Name: "with weights that are null have none", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.Weights = []byte(" null ") }))
			assert.Nil(w.t, w.loadCommunity(9).Weights)
		}},
		{Name: "keep the decimals of their columns, rounded half away from zero", run: func(w *world) {
			w.put(nine(func(c *store.Community) {
				c.Threshold = "2.000005"
				c.Overlay = map[string]string{"a": "-0.00005", "b": "1e2", "c": "+.5", "d": "999.99994999"}
			}))
			c := w.loadCommunity(9)
			assert.Equal(w.t, "2.00001", c.Threshold)
			assert.Equal(w.t, map[string]string{"a": "-0.0001", "b": "100.0000", "c": "0.5000", "d": "999.9999"}, c.Overlay)
		}},
		{Name: "have the numbers of their weights written out, with the decimals that they were given", run: func(w *world) {
			w.put(nine(func(c *store.Community) {
				c.Weights = []byte(`{"a": [1.50, 1e2, 1E-3, 1.0e+2, 100e-2, 0e5, 0.000e2, -0, -0.0, 12345678901234567890.125]}`)
			}))
			snapshot := w.query(store.Query{Community: 9, Addresses: []string{alice}, At: noon})
			text := bytes.ReplaceAll(snapshot.Community.Weights, []byte(" "), nil)
			want := `{"a":[1.50,100,0.001,100,1.00,0,0.0,0,0.0,12345678901234567890.125]}`
			assert.Equal(w.t, []byte(want), text, "not only equal numbers, but spelt alike")
		}},
		{Name: "leave others alone", run: func(w *world) {
			before := w.load(alice).Community
			w.put(nine())
			assert.Equal(w.t, before, w.load(alice).Community)
		}},
		{Name: "leave a scorer alone that another uses", run: func(w *world) {
			before := w.load(alice).Community
			w.seed(map[string][]row{"account_community": append(w.table("account_community"),
				row{"id": 9, "name": "Nine", "account_id": 1, "scorer_id": 1, "rule": "LIFO"})})
			w.put(nine())
			assert.Equal(w.t, before, w.load(alice).Community)
			assert.Equal(w.t, nine(), w.loadCommunity(9))
		}},
		{Name: "keep their scorer when its type changes", run: func(w *world) {
			w.put(nine())
			w.put(nine(func(c *store.Community) { c.Scorer = "WEIGHTED_BINARY" }))
			assert.Len(w.t, w.table("scorer_weighted_scorer"), 3)
			assert.Len(w.t, w.table("scorer_weighted_binaryweightedscorer"), 2)
			assert.Len(w.t, w.table("scorer_weighted_weightedscorer"), 1)
		}},
		{Name: "keep what is no part of them when replaced", run: func(w *world) {
			before := w.table("account_community")[0]
			w.put(store.Community{ID: community, Name: "Anew", Threshold: "1"})
			after := w.table("account_community")[0]
			for _, column := range []string{"description", "created_at", "use_case", "account_id", "scorer_id"} {
				assert.Equal(w.t, before[column], after[column], column)
			}
		}},
		{Name: "with an Account of 0 keep theirs", run: func(w *world) {
			accounts(w, 3, 5)
			w.put(nine(func(c *store.Community) { c.Account = 5 }))
			w.put(nine(func(c *store.Community) { c.Account = 0 }))
			assert.EqualValues(w.t, 5, w.loadCommunity(9).Account)
		}},
		{Name: "with an Account of 0 and none yet take the first", run: func(w *world) {
			accounts(w, 5, 3)
			w.put(nine(func(c *store.Community) { c.Account = 0 }))
			assert.EqualValues(w.t, 3, w.loadCommunity(9).Account)
		}},
		{Name: "with an Account of 0 get one when there is none at all", run: func(w *world) {
			w.seed(map[string][]row{"account_account": {}, "auth_user": {}})
			w.put(nine(func(c *store.Community) { c.Account = 0 }))
			w.put(nine(func(c *store.Community) { c.ID, c.Account, c.Name, c.ExternalID = 10, 0, "Ten", "" }))
			account := w.only("account_account")
			assert.Equal(w.t, w.only("auth_user")["id"], account["user_id"])
			id := account["id"]
			assert.EqualValues(w.t, id, w.loadCommunity(9).Account)
			assert.EqualValues(w.t, id, w.loadCommunity(10).Account)
		}},
		{Name: "of an Account that does not exist must return ErrNotFound and change nothing", run: func(w *world) {
			w.putRefused(store.ErrNotFound, nine(func(c *store.Community) { c.Account = 77 }))
		}},
		{Name: "with the ExternalID of another must return ErrConflict and change nothing", run: func(w *world) {
			w.put(nine())
			w.putRefused(store.ErrConflict, nine(func(c *store.Community) { c.ID, c.Name = 10, "Ten" }))
			require.NoError(w.t, communitiesRole(w).DeleteCommunity(w.ctx, 9))
			w.putRefused(store.ErrConflict, nine(func(c *store.Community) { c.ID, c.Name = 10, "Ten" }))
		}},
		{Name: "with the name of another in the account must return ErrConflict and change nothing", run: func(w *world) {
			w.putRefused(store.ErrConflict, nine(func(c *store.Community) { c.Name = "One" }))
			w.putRefused(store.ErrConflict, nine(func(c *store.Community) { c.Name, c.Account = "One", 0 }))
		}},
		{Name: "may have the name of one that is deleted or in another account", run: func(w *world) {
			accounts(w, 1, 2)
			w.put(nine(func(c *store.Community) { c.Name, c.Account = "One", 2 }))
			require.NoError(w.t, communitiesRole(w).DeleteCommunity(w.ctx, neighbour))
			w.put(nine(func(c *store.Community) { c.ID, c.Name, c.ExternalID = 10, "Two", "" }))
			w.putRefused(store.ErrConflict, store.Community{ID: neighbour, Name: "Two"})
		}},
		{Name: "with anything malformed must return ErrInvalid and change nothing", run: func(w *world) {
			for _, spoil := range []func(*store.Community){
				func(c *store.Community) { c.ID = 0 },
				func(c *store.Community) { c.ID = -1 },
				func(c *store.Community) { c.Account = -1 },
				func(c *store.Community) { c.Name = strings.Repeat("n", 101) },
				func(c *store.Community) { c.Name = "a\x00b" },
				func(c *store.Community) { c.Name = "a\xffb" },
				func(c *store.Community) { c.Rule = strings.Repeat("r", 1<<20) },
				func(c *store.Community) { c.ExternalID = strings.Repeat("x", 43) },
				func(c *store.Community) { c.ExternalID = "\x00" },
				func(c *store.Community) { c.Scorer = "OTHER" },
				func(c *store.Community) { c.Weights = []byte(`{`) },
				func(c *store.Community) { c.Weights = []byte{} },
				func(c *store.Community) { c.Weights = []byte(`{"a":"\u0000"}`) },
				func(c *store.Community) { c.Threshold = "" },
				func(c *store.Community) { c.Threshold = "NaN" },
				func(c *store.Community) { c.Threshold = "Infinity" },
				func(c *store.Community) { c.Threshold = "1/2" },
				func(c *store.Community) { c.Threshold = "99999.999995" },
				func(c *store.Community) { c.Threshold = "1e999999999" },
				func(c *store.Community) { c.Threshold = strings.Repeat("1", 1<<20) },
				func(c *store.Community) { c.Overlay = map[string]string{"": "1"} },
				func(c *store.Community) { c.Overlay = map[string]string{"AllowList#": "1"} },
				func(c *store.Community) { c.Overlay = map[string]string{"AllowList#" + strings.Repeat("l", 101): "1"} },
				func(c *store.Community) { c.Overlay = map[string]string{strings.Repeat("p", 257): "1"} },
				func(c *store.Community) { c.Overlay = map[string]string{"a\x00": "1"} },
				func(c *store.Community) { c.Overlay = map[string]string{"a": "heavy"} },
				func(c *store.Community) { c.Overlay = map[string]string{"a": "1000"} },
			} {
				w.putRefused(store.ErrInvalid, nine(spoil))
			}
		}},
		{Name: "keep whatever text the columns hold", run: func(w *world) {
			hostile := nine(func(c *store.Community) {
				c.Name = `{"a\b',NULL}; drop table x --` + strings.Repeat("é", 70)
				c.ExternalID = `'"\{},NULL %s 名 `
				c.Rule = "$1"
				c.Overlay = map[string]string{`AllowList#{"x",\}'`: "1.0000", `Custom#'"\{},`: "2.0000", "NULL": "3.0000"}
			})
			w.put(hostile)
			assert.Equal(w.t, hostile, w.loadCommunity(9))
		}},
		{Name: "of the highest id are no less a community", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.ID = 1<<63 - 1 }))
			w.put(nine(func(c *store.Community) { c.ID, c.Name, c.ExternalID = 1<<62, "Ten", "" }))
			assert.EqualValues(w.t, 1, w.loadCommunity(1<<63-1).Account)
		}},
		{Name: "put at once under one id are one of them wholly", run: func(w *world) {
			const writers = 8
			variant := func(n int) store.Community {
				return nine(func(c *store.Community) {
					c.Name, c.Threshold = fmt.Sprint("Nine ", n), fmt.Sprintf("%d.00000", n)
					c.Overlay = map[string]string{fmt.Sprint("AllowList#", n): "1.0000", fmt.Sprint("Custom#", n): "2.0000", "AllowList#all": "3.0000"}
				})
			}
			var all sync.WaitGroup
			for n := range writers {
				all.Go(func() { assert.NoError(w.t, communitiesRole(w).PutCommunity(w.ctx, variant(n))) })
			}
			all.Wait()
			var possible []store.Community
			for n := range writers {
				possible = append(possible, variant(n))
			}
			assert.Contains(w.t, possible, w.loadCommunity(9))
			assert.Len(w.t, w.table("scorer_weighted_scorer"), 3)
			assert.Len(w.t, w.table("account_customization"), 1)
		}},
		{Name: "put at once under one name are one, and the rest must return ErrConflict", run: func(w *world) {
			const writers = 8
			errs := make([]error, writers)
			var all sync.WaitGroup
			for n := range writers {
				all.Go(func() {
					c := nine(func(c *store.Community) { c.ID, c.ExternalID = int64(10+n), "" })
					errs[n] = communitiesRole(w).PutCommunity(w.ctx, c)
				})
			}
			all.Wait()
			put := 0
			for _, err := range errs {
				if err == nil {
					put++
					continue
				}
				assert.ErrorIs(w.t, err, store.ErrConflict)
			}
			assert.Equal(w.t, 1, put)
			assert.Len(w.t, w.table("account_community"), 3)
			assert.Len(w.t, w.table("scorer_weighted_scorer"), 3, "a community that was refused leaves nothing")
		}},
	}
}
