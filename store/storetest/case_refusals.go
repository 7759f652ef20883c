package storetest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// refusal is a call that the store must refuse.
type refusal struct {
	// of says what is refused, with an error of the kind.
	of   string
	kind error
	call func(w *world) error
}

// refusalCases are about what the refusals of all methods have in common.
func refusalCases(h Harness) []Case {
	refusals := storeRefusals()
	if _, has := h.(store.Credentials); has {
		refusals = append(refusals, credentialsRefusals()...)
	}
	if _, has := h.(store.Communities); has {
		refusals = append(refusals, communitiesRefusals()...)
	}
	if _, has := h.(store.History); has {
		refusals = append(refusals, historyRefusals()...)
	}
	if _, has := h.(store.Keys); has {
		refusals = append(refusals, keysRefusals()...)
	}
	if _, has := h.(store.Uses); has {
		refusals = append(refusals, usesRefusals()...)
	}
	if _, has := h.(store.Points); has {
		refusals = append(refusals, refusal{"LoadPoints of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := w.Harness.(store.Points).LoadPoints(w.ctx, "alice")
			return err
		}})
	}
	var cases []Case
	for _, r := range refusals {
		cases = append(cases, Case{Name: r.of + " must be refused with a *store.Error that names the operation", run: func(w *world) {
			err := r.call(w)
			require.ErrorIs(w.t, err, r.kind)
			var detail *store.Error
			require.ErrorAs(w.t, err, &detail)
			assert.NotEmpty(w.t, detail.Op)
			assert.Equal(w.t, r.kind, detail.Kind)
		}})
	}
	return cases
}

func storeRefusals() []refusal {
	apply := func(change func(*store.Changes)) func(*world) error {
		return func(w *world) error {
			w.claims(claimRow("n1", bob, years(1)))
			_, err := w.Apply(w.ctx, w.scored([]string{alice}, change))
			return err
		}
	}
	load := func(q store.Query) func(*world) error {
		return func(w *world) error {
			_, err := w.Load(w.ctx, q)
			return err
		}
	}
	return []refusal{
		{"Load of a malformed address", store.ErrInvalid, load(store.Query{Community: community, Addresses: []string{"alice"}})},
		{"Load of no community", store.ErrCommunityNotFound, load(store.Query{Community: 77})},
		{"Apply of no wallet", store.ErrInvalid, apply(func(c *store.Changes) { c.Wallets = nil })},
		{"Apply to no community", store.ErrCommunityNotFound, apply(func(c *store.Changes) { c.Community = 77 })},
		{"Apply to other credentials", store.ErrConflict, apply(func(c *store.Changes) { c.Wallets[0].Version = "another" })},
		{"Apply of a claim that is taken", store.ErrConflict, apply(claims(claim("n1", alice, years(1))))},
		{"Apply of a claim that is not held", store.ErrConflict, apply(held(claim("n1", alice, years(1))))},
	}
}

func credentialsRefusals() []refusal {
	role := func(w *world) store.Credentials { return w.Harness.(store.Credentials) }
	return []refusal{
		{"AddCredentials of a malformed address", store.ErrInvalid, func(w *world) error {
			return role(w).AddCredentials(w.ctx, "alice", newCredential("Google"))
		}},
		{"AddCredentials of a malformed credential", store.ErrInvalid, func(w *world) error {
			return role(w).AddCredentials(w.ctx, alice, store.NewCredential{})
		}},
		{"DeleteCredentials of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := role(w).DeleteCredentials(w.ctx, "alice", "Google")
			return err
		}},
		{"RevokeCredentials of an empty proof value", store.ErrInvalid, func(w *world) error {
			_, err := role(w).RevokeCredentials(w.ctx, "")
			return err
		}},
		{"ListCredentials of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ListCredentials(w.ctx, "alice", store.Page{Limit: 1})
			return err
		}},
		{"ListCredentials of a malformed page", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ListCredentials(w.ctx, alice, store.Page{Limit: -1})
			return err
		}},
	}
}

func communitiesRefusals() []refusal {
	put := func(change func(*store.Community)) func(*world) error {
		return func(w *world) error { return communitiesRole(w).PutCommunity(w.ctx, nine(change)) }
	}
	return []refusal{
		{"PutCommunity of a malformed community", store.ErrInvalid, put(func(c *store.Community) { c.Threshold = "high" })},
		{"PutCommunity of no account", store.ErrNotFound, put(func(c *store.Community) { c.Account = 77 })},
		{"PutCommunity of a name that is taken", store.ErrConflict, put(func(c *store.Community) { c.Name = "One" })},
		{"DeleteCommunity of none", store.ErrCommunityNotFound, func(w *world) error {
			return communitiesRole(w).DeleteCommunity(w.ctx, 77)
		}},
		{"FindCommunity of none", store.ErrCommunityNotFound, func(w *world) error {
			_, err := communitiesRole(w).FindCommunity(w.ctx, 1, "77")
			return err
		}},
		{"PutAccount of no name", store.ErrInvalid, func(w *world) error {
			_, err := communitiesRole(w).PutAccount(w.ctx, "")
			return err
		}},
		{"PutAddressList of a malformed address", store.ErrInvalid, func(w *world) error {
			return communitiesRole(w).PutAddressList(w.ctx, "og", "alice")
		}},
	}
}

func historyRefusals() []refusal {
	role := func(w *world) store.History { return w.Harness.(store.History) }
	return []refusal{
		{"ScoreAt of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ScoreAt(w.ctx, community, "alice", noon)
			return err
		}},
		{"ScoreAt before there was a score", store.ErrNotFound, func(w *world) error {
			_, err := role(w).ScoreAt(w.ctx, community, alice, noon)
			return err
		}},
		{"ListEvents of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ListEvents(w.ctx, community, "alice", store.Page{Limit: 1})
			return err
		}},
		{"ListEvents of a malformed page", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ListEvents(w.ctx, community, alice, store.Page{Limit: -1})
			return err
		}},
		{"ListClaims of a malformed address", store.ErrInvalid, func(w *world) error {
			_, err := role(w).ListClaims(w.ctx, community, "alice")
			return err
		}},
	}
}

func keysRefusals() []refusal {
	add := func(change func(*store.Key)) func(*world) error {
		return func(w *world) error {
			w.keys(keyRow("abcd1234"))
			key := storedKey("other")
			change(&key)
			return keysOf(w).AddKey(w.ctx, key)
		}
	}
	return []refusal{
		{"FindKey of none", store.ErrNotFound, func(w *world) error {
			_, err := keysOf(w).FindKey(w.ctx, "none")
			return err
		}},
		{"FindKey of a prefix that no key can have", store.ErrNotFound, func(w *world) error {
			_, err := keysOf(w).FindKey(w.ctx, "\xff")
			return err
		}},
		{"AddKey of a malformed key", store.ErrInvalid, add(func(k *store.Key) { k.Name = "\xff" })},
		{"AddKey of no account", store.ErrNotFound, add(func(k *store.Key) { k.Account = 77 })},
		{"AddKey of a prefix that is taken", store.ErrConflict, add(func(k *store.Key) { k.Prefix = "abcd1234" })},
		{"MigrateKey to nothing", store.ErrInvalid, func(w *world) error { return keysOf(w).MigrateKey(w.ctx, "abcd1234.h", "") }},
		{"RevokeKey of none", store.ErrNotFound, func(w *world) error { return keysOf(w).RevokeKey(w.ctx, "none") }},
	}
}

func usesRefusals() []refusal {
	add := func(change func(*store.Use)) func(*world) error {
		return func(w *world) error {
			use := used(w)
			change(&use)
			return usesOf(w).AddUses(w.ctx, use)
		}
	}
	return []refusal{
		{"AddUses of a malformed use", store.ErrInvalid, add(func(u *store.Use) { u.Payload = []byte("{") })},
		{"AddUses of no key", store.ErrNotFound, add(func(u *store.Use) { u.KeyID = "none" })},
	}
}
