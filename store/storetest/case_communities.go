package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// nine is a community that has everything, with changes.
func nine(change ...func(*store.Community)) store.Community {
	c := store.Community{
		ID: 9, Name: "Nine", Account: 1, ExternalID: "0x9", Rule: "LIFO", HumanPoints: true,
		Scorer: store.ScorerWeighted, Weights: []byte(`{"Google":"1.5"}`), Threshold: "2.5",
		Customization: map[string]string{"AllowList#team": "1.25", "Custom#1": "0.5"},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// ten is another one, whose name and ExternalID collide with none.
func ten(c *store.Community) { c.ID, c.Name, c.ExternalID = 10, "Ten", "0x10" }

// put puts the community, and must succeed.
func (w *world) put(c store.Community) {
	w.t.Helper()
	require.NoError(w.t, role[store.Communities](w).PutCommunity(w.ctx, c))
}

// delete deletes the community, and must succeed.
func (w *world) delete(id int64) {
	w.t.Helper()
	require.NoError(w.t, role[store.Communities](w).DeleteCommunity(w.ctx, id))
}

// loaded returns the community as Load returns it.
func (w *world) loaded(id int64) store.Community {
	w.t.Helper()
	return w.query(store.Query{Community: id}).Community
}

// keeps demands that the store has the community and loads it like that.
func (w *world) keeps(want store.Community) {
	w.t.Helper()
	one := func(c store.Community) store.State {
		return store.State{Communities: []store.StoredCommunity{{Community: c}}}
	}
	equalStates(w.t, one(want), one(w.loaded(want.ID)))
	stored := w.state()
	stored.Communities = slices.DeleteFunc(stored.Communities, func(c store.StoredCommunity) bool { return c.ID != want.ID })
	equalStates(w.t, one(want), store.State{Communities: stored.Communities})
}

// refusesCommunity demands that PutCommunity fails and changes nothing.
func (w *world) refusesCommunity(kind error, c store.Community) {
	w.t.Helper()
	w.unchanged(func() { w.fails(kind, role[store.Communities](w).PutCommunity(w.ctx, c), "%.200v", c) })
}

// accounts replaces the accounts. The first one owns the communities.
func (w *world) accounts(ids ...int64) {
	w.t.Helper()
	w.edit(func(s *store.State) {
		for i := range s.Communities {
			s.Communities[i].Account = ids[0]
		}
		s.Accounts = nil
		for _, id := range ids {
			s.Accounts = append(s.Accounts, store.Account{ID: id, Username: fmt.Sprint("user ", id)})
		}
	})
}

// communitiesCases are about putting and deleting communities.
func communitiesCases() []Case {
	cases := append(putCases(), accountOfCommunityCases()...)
	cases = append(cases, refusedCommunityCases()...)
	return append(cases, deleteCommunityCases()...)
}

func putCases() []Case {
	return []Case{
		{Name: "PutCommunity creates a community", run: func(w *world) {
			w.put(nine())
			w.keeps(nine())
		}},
		{Name: "PutCommunity replaces the community with that id", run: func(w *world) {
			w.put(store.Community{ID: 9, Name: "Old", Weights: []byte(`{"Ens":1}`), Threshold: "9", Customization: map[string]string{"AllowList#old": "7"}})
			w.put(nine())
			w.keeps(nine())
		}},
		{Name: "PutCommunity leaves nothing of the one that it replaces", run: func(w *world) {
			w.put(nine())
			less := store.Community{ID: 9, Name: "Less", Account: 1, Rule: "LIFO", Scorer: store.ScorerBinary}
			w.put(less)
			w.keeps(less)
		}},
		{Name: "PutCommunity changes the type of the scorer", run: func(w *world) {
			w.put(nine())
			binary := nine(func(c *store.Community) { c.Scorer = store.ScorerBinary })
			w.put(binary)
			w.keeps(binary)
		}},
		{Name: "PutCommunity takes LIFO and a binary scorer if none are given", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.Rule, c.Scorer = "", "" }))
			w.keeps(nine(func(c *store.Community) { c.Scorer = store.ScorerBinary }))
		}},
		{Name: "PutCommunity keeps another rule", run: func(w *world) {
			other := nine(func(c *store.Community) { c.Rule = "FIFO" })
			w.put(other)
			w.keeps(other)
		}},
		{Name: "weights that are null are none", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.Weights = []byte(" null ") }))
			assert.Nil(w.t, w.loaded(9).Weights)
			w.keeps(nine(func(c *store.Community) { c.Weights = nil }))
		}},
		{Name: "decimals are rounded half away from zero", run: func(w *world) {
			w.put(nine(func(c *store.Community) {
				c.Threshold = "2.000005"
				c.Customization = map[string]string{"a": "-0.00005", "b": "1e2", "c": "+.5", "d": "999.99994999"}
			}))
			w.keeps(nine(func(c *store.Community) {
				c.Threshold = "2.00001"
				c.Customization = map[string]string{"a": "-0.0001", "b": "100", "c": "0.5", "d": "999.9999"}
			}))
		}},
		{Name: "weights keep every digit", run: func(w *world) {
			exact := nine(func(c *store.Community) {
				c.Weights = []byte(`{"a": [1.50, 1e2, 1E-3, 1.0e+2, 100e-2, 0e5, 0.000e2, -0, -0.0, 12345678901234567890.125]}`)
			})
			w.put(exact)
			w.keeps(exact)
		}},
		{Name: "other communities are left alone", run: func(w *world) {
			w.becomes(func(s *store.State) {
				s.Communities = append(s.Communities, store.StoredCommunity{Community: nine()})
			}, func() { w.put(nine()) })
		}},
		{Name: "the columns keep every text", run: func(w *world) {
			hostile := nine(func(c *store.Community) {
				c.Name = `{"a\b',NULL}; drop table x --` + strings.Repeat("é", 70)
				c.ExternalID = `'"\{},NULL %s 名 `
				c.Rule = "$1"
				c.Customization = map[string]string{`AllowList#{"x",\}'`: "1", `Custom#'"\{},`: "2", "NULL": "3"}
			})
			w.put(hostile)
			w.keeps(hostile)
		}},
		{Name: "an id may be as high as an int64", run: func(w *world) {
			for _, id := range []int64{1<<63 - 1, 1<<62 + 1} {
				high := nine(func(c *store.Community) { c.ID, c.Name, c.ExternalID = id, strconv.FormatInt(id, 10), "" })
				w.put(high)
				w.keeps(high)
			}
		}},
	}
}

func accountOfCommunityCases() []Case {
	of := func(account int64) func(*store.Community) { return func(c *store.Community) { c.Account = account } }
	return []Case{
		{Name: "an Account of 0 keeps the account", run: func(w *world) {
			w.accounts(3, 5)
			w.put(nine(of(5)))
			w.put(nine(of(0)))
			w.keeps(nine(of(5)))
		}},
		{Name: "an Account of 0 takes the first account", run: func(w *world) {
			w.accounts(5, 3)
			w.put(nine(of(0)))
			w.keeps(nine(of(3)))
		}},
		{Name: "an Account of 0 creates the first account", run: func(w *world) {
			w.edit(func(s *store.State) { s.Accounts, s.Communities = nil, nil })
			w.put(nine(of(0)))
			w.put(nine(of(0), ten))
			accounts := w.state().Accounts
			require.Len(w.t, accounts, 1)
			w.keeps(nine(of(accounts[0].ID)))
			w.keeps(nine(of(accounts[0].ID), ten))
		}},
		{Name: "a community may move to another account", run: func(w *world) {
			w.accounts(1, 5)
			w.put(nine())
			w.put(nine(of(5)))
			w.keeps(nine(of(5)))
		}},
		{Name: "an Account that does not exist is refused", run: func(w *world) {
			w.refusesCommunity(store.ErrNotFound, nine(of(77)))
			w.refusesCommunity(store.ErrNotFound, nine(of(1<<63-1)))
		}},
		{Name: "a name may stand in two accounts", run: func(w *world) {
			w.accounts(1, 2)
			one := nine(of(2), func(c *store.Community) { c.Name = "One" })
			w.put(one)
			w.keeps(one)
		}},
	}
}

func refusedCommunityCases() []Case {
	cases := []Case{
		{Name: "an ExternalID of another community is refused", run: func(w *world) {
			w.put(nine())
			taken := nine(ten, func(c *store.Community) { c.ExternalID = "0x9" })
			w.refusesCommunity(store.ErrConflict, taken)
			w.delete(9)
			w.refusesCommunity(store.ErrConflict, taken)
		}},
		{Name: "a name of another community in the account is refused", run: func(w *world) {
			w.refusesCommunity(store.ErrConflict, nine(func(c *store.Community) { c.Name = "One" }))
			w.refusesCommunity(store.ErrConflict, nine(func(c *store.Community) { c.Name, c.Account = "One", 0 }))
		}},
		{Name: "a name of a deleted community is free", run: func(w *world) {
			w.delete(neighbour)
			two := nine(func(c *store.Community) { c.Name = "Two" })
			w.put(two)
			w.keeps(two)
			w.refusesCommunity(store.ErrConflict, store.Community{ID: neighbour, Name: "Two"})
		}},
	}
	for name, spoil := range map[string]func(*store.Community){
		"id of 0":                      func(c *store.Community) { c.ID = 0 },
		"id below 0":                   func(c *store.Community) { c.ID = -1 },
		"account below 0":              func(c *store.Community) { c.Account = -1 },
		"long name":                    func(c *store.Community) { c.Name = strings.Repeat("n", store.MaxCommunityName+1) },
		"name with a NUL":              func(c *store.Community) { c.Name = "a\x00b" },
		"name of invalid UTF-8":        func(c *store.Community) { c.Name = "a\xffb" },
		"long rule":                    func(c *store.Community) { c.Rule = strings.Repeat("r", 1<<20) },
		"long external id":             func(c *store.Community) { c.ExternalID = strings.Repeat("x", store.MaxExternalID+1) },
		"external id with a NUL":       func(c *store.Community) { c.ExternalID = "\x00" },
		"unknown scorer":               func(c *store.Community) { c.Scorer = "OTHER" },
		"weights that are not JSON":    func(c *store.Community) { c.Weights = []byte(`{`) },
		"weights that are empty":       func(c *store.Community) { c.Weights = []byte{} },
		"weights with a NUL":           func(c *store.Community) { c.Weights = []byte(`{"a":"\u0000"}`) },
		"weights without a threshold":  func(c *store.Community) { c.Threshold = "" },
		"threshold that is NaN":        func(c *store.Community) { c.Threshold = "NaN" },
		"infinite threshold":           func(c *store.Community) { c.Threshold = "Infinity" },
		"threshold that is a fraction": func(c *store.Community) { c.Threshold = "1/2" },
		"threshold out of range":       func(c *store.Community) { c.Threshold = "99999.999995" },
		"huge threshold":               func(c *store.Community) { c.Threshold = "1e999999999" },
		"long threshold":               func(c *store.Community) { c.Threshold = strings.Repeat("1", 1<<20) },
		"customization of nothing":     func(c *store.Community) { c.Customization = map[string]string{"": "1"} },
		"customization of a list without a name": func(c *store.Community) {
			c.Customization = map[string]string{store.AllowListPrefix: "1"}
		},
		"customization of a long list": func(c *store.Community) {
			c.Customization = map[string]string{store.AllowListPrefix + strings.Repeat("l", store.MaxListName+1): "1"}
		},
		"customization of a long provider": func(c *store.Community) {
			c.Customization = map[string]string{strings.Repeat("p", store.MaxProvider+1): "1"}
		},
		"customization with a NUL":      func(c *store.Community) { c.Customization = map[string]string{"a\x00": "1"} },
		"customization without decimal": func(c *store.Community) { c.Customization = map[string]string{"a": "heavy"} },
		"customization out of range":    func(c *store.Community) { c.Customization = map[string]string{"a": "1000"} },
	} {
		cases = append(cases, Case{Name: "PutCommunity refuses " + name, run: func(w *world) {
			w.put(nine())
			w.refusesCommunity(store.ErrInvalid, nine(func(c *store.Community) { c.Name = "Other" }, spoil))
		}})
	}
	return cases
}

func deleteCommunityCases() []Case {
	return []Case{
		{Name: "DeleteCommunity marks the community and keeps its scores and claims", run: func(w *world) {
			w.score(alice, swaps(taken("n1", alice, years(1))))
			w.becomes(func(s *store.State) {
				for i := range s.Communities {
					s.Communities[i].Deleted = s.Communities[i].ID == community
				}
			}, func() { w.delete(community) })
		}},
		{Name: "Load does not find a deleted community", run: func(w *world) {
			w.delete(community)
			w.fails(store.ErrCommunityNotFound, errorOf(w.Load(w.ctx, store.Query{Community: community, Addresses: []store.Address{alice}})))
		}},
		{Name: "PutCommunity undeletes a community", run: func(w *world) {
			w.put(nine())
			w.delete(9)
			again := nine(func(c *store.Community) { c.Name = "Again" })
			w.put(again)
			w.keeps(again)
		}},
		{Name: "DeleteCommunity finds no deleted and no unknown community", run: func(w *world) {
			w.delete(neighbour)
			w.unchanged(func() {
				for _, id := range []int64{neighbour, 77, 0, -1, 1<<63 - 1} {
					w.fails(store.ErrCommunityNotFound, role[store.Communities](w).DeleteCommunity(w.ctx, id), id)
				}
			})
		}},
		{Name: "several deleted communities may have one name", run: func(w *world) {
			for id := range int64(3) {
				w.put(store.Community{ID: 10 + id, Name: "Again"})
				w.delete(10 + id)
			}
			assert.Len(w.t, w.state().Communities, 5)
		}},
		{Name: "putting and deleting return the error of a context that has ended", run: func(w *world) {
			role := role[store.Communities](w)
			w.ends(
				func(ctx context.Context) error { return role.PutCommunity(ctx, nine()) },
				func(ctx context.Context) error { return role.DeleteCommunity(ctx, community) })
		}},
	}
}
