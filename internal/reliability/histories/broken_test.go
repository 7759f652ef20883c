package histories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// broken is a memstore with one thing wrong. It is as good as the other where a
// function is nil.
type broken struct {
	*memstore.Store

	bug *bug
	// pause lets the other clients go on in the middle of what the store does.
	pause func()
	// kept is what the bug keeps from one call to the next, aborted whether the
	// transaction of this unit of work has failed.
	kept    map[string]any
	aborted *bool
}

// What is wrong with a store.
type bug struct {
	load   func(ctx context.Context, b broken, q store.Query) (*store.Snapshot, error)
	apply  func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error)
	claims func(ctx context.Context, b broken, community int64, address string) ([]store.Claim, error)
	add    func(ctx context.Context, b broken, address string, credential store.NewCredential) error
	revoke func(ctx context.Context, b broken, proof string) (int, error)
}

func (b broken) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if b.bug.load == nil {
		return b.Store.Load(ctx, q)
	}
	return b.bug.load(ctx, b, q)
}

func (b broken) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if b.bug.apply == nil {
		return b.Store.Apply(ctx, c)
	}
	return b.bug.apply(ctx, b, c)
}

func (b broken) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	if b.bug.claims == nil {
		return b.Store.ListClaims(ctx, community, address)
	}
	return b.bug.claims(ctx, b, community, address)
}

func (b broken) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	if b.bug.add == nil {
		return b.Store.AddCredentials(ctx, address, credentials...)
	}
	return b.bug.add(ctx, b, address, credentials[0])
}

func (b broken) RevokeCredentials(ctx context.Context, proofs ...string) (int, error) {
	if b.bug.revoke == nil {
		return b.Store.RevokeCredentials(ctx, proofs...)
	}
	return b.bug.revoke(ctx, b, proofs[0])
}

// row is a row of a table, by column.
type row map[string]any

const (
	linkTable  = "registry_hashscorerlink"
	scoreTable = "registry_score"
	stampTable = "registry_stamp"
	eventTable = "registry_event"
)

// tables are the rows as they are.
func (b broken) tables() map[string][]row {
	var document bytes.Buffer
	tables := map[string][]row{}
	must(b.WriteRows(&document))
	must(json.Unmarshal(document.Bytes(), &tables))
	return tables
}

// put replaces a table behind the store's back.
func (b broken) put(table string, rows []row) {
	document, err := json.Marshal(map[string][]row{table: rows})
	must(err)
	must(b.ReadRows(bytes.NewReader(document)))
}

// must ends the test binary on what only a mistake in a bug can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// links rewrites each claim of the community. The function says whether the row
// stays.
func (b broken) links(community int64, change func(link row) (stays bool)) {
	b.put(linkTable, slices.DeleteFunc(b.tables()[linkTable], func(link row) bool {
		return link["community_id"] == float64(community) && !change(link)
	}))
}

// link adds the claim if its nullifier is free.
func (b broken) link(community int64, claim store.Claim) {
	links := b.tables()[linkTable]
	if !slices.ContainsFunc(links, func(r row) bool { return r["community_id"] == float64(community) && r["hash"] == claim.Nullifier }) {
		b.put(linkTable, append(links, row{
			"community_id": community, "hash": claim.Nullifier, "address": claim.Address, "expires_at": claim.ExpiresAt,
		}))
	}
}

// on returns the claim that the change set has on the link's nullifier, if any.
func on(claims []store.Claim, link row) (claim store.Claim, found bool) {
	i := slices.IndexFunc(claims, func(c store.Claim) bool { return c.Nullifier == link["hash"] })
	if i < 0 {
		return store.Claim{}, false
	}
	return claims[i], true
}

// open makes room for the claims, whoever holds the nullifiers.
func (b broken) open(c *store.Changes) {
	b.links(c.Community, func(link row) bool {
		_, wanted := on(c.Claims, link)
		return !wanted
	})
}

// fresh is the change set with the versions of the moment, and without the
// claims of others that it rests on.
func (b broken) fresh(c *store.Changes) *store.Changes {
	other := *c
	other.Held, other.Wallets = nil, slices.Clone(c.Wallets)
	for i := range other.Wallets {
		q := store.Query{Community: c.Community, Addresses: []string{other.Wallets[i].Address}}
		snapshot, err := b.Store.Load(context.Background(), q)
		must(err)
		other.Wallets[i].Version = snapshot.Wallets[0].Version
		other.Wallets[i].Stamps = slices.Clone(c.Wallets[i].Stamps)
		for j := range other.Wallets[i].Stamps {
			other.Wallets[i].Stamps[j].CredentialID = 0
		}
	}
	return &other
}

// applying is a store that writes changed change sets.
func applying(change func(c *store.Changes)) bug {
	return bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Claims, other.Wallets = slices.Clone(c.Claims), slices.Clone(c.Wallets)
		change(&other)
		return b.Store.Apply(ctx, &other)
	}}
}

// having is a store that does something more when it has written.
func having(more func(b broken, c *store.Changes)) bug {
	return bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if err == nil {
			more(b, c)
		}
		return receipt, err
	}}
}

// loading is a store whose snapshots are changed.
func loading(change func(b broken, q store.Query, s *store.Snapshot)) bug {
	return bug{load: func(ctx context.Context, b broken, q store.Query) (*store.Snapshot, error) {
		snapshot, err := b.Store.Load(ctx, q)
		if err == nil {
			change(b, q, snapshot)
		}
		return snapshot, err
	}}
}

// copy is a store that holds the same.
func (b broken) copy() *memstore.Store {
	var document bytes.Buffer
	must(b.WriteRows(&document))
	other := memstore.New()
	must(other.ReadRows(&document))
	return other
}

// every tells, of calls counted under the name, each nth.
func (b broken) every(n int, name string) bool {
	count, _ := b.kept[name].(int)
	b.kept[name] = count + 1
	return (count+1)%n == 0
}

// lastExpiry is the end of the last of the counting credentials that list the
// nullifier.
func lastExpiry(c *store.Changes, nullifier any) (last time.Time) {
	for _, stamp := range c.Wallets[0].Stamps {
		var credential struct {
			Expires time.Time                     `json:"expirationDate"`
			Subject struct{ Nullifiers []string } `json:"credentialSubject"`
		}
		must(json.Unmarshal(stamp.Credential, &credential))
		if slices.Contains(credential.Subject.Nullifiers, nullifier.(string)) && credential.Expires.After(last) {
			last = credential.Expires
		}
	}
	return last
}

// own changes the claims of the scored wallet.
func own(c *store.Changes, change func(claim *store.Claim)) {
	for i := range c.Claims {
		if c.Claims[i].Address == c.Wallets[0].Address {
			change(&c.Claims[i])
		}
	}
}

// keys are the awards that are due to everybody who gets them.
func keys(c *store.Changes) []store.Award {
	return slices.DeleteFunc(slices.Clone(c.Wallets[0].Awards), func(a store.Award) bool { return a.Communities > 0 })
}

// covers tells whether the row holds the columns.
func covers(r, columns row) bool {
	for column, value := range columns {
		if r[column] != value {
			return false
		}
	}
	return true
}

// name tells queries apart.
func name(q store.Query) string {
	document, err := json.Marshal(q)
	must(err)
	return string(document)
}

// previous returns what was passed to it under the name the last time but one.
func previous[T any](b broken, name string, now T) T {
	before, kept := b.kept[name].(T)
	b.kept[name] = now
	if !kept {
		return now
	}
	return before
}
