package storetest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// known is what a caller remembers of some wallets.
type known map[store.Address]store.Known

// query asks for the wallets at noon.
func (k known) query(addresses ...store.Address) store.Query {
	return store.Query{Community: community, Addresses: addresses, At: noon, Known: k}
}

// ofAlice is the memory of her wallet at that version.
func ofAlice(version string, nullifiers ...string) known {
	return known{alice: {Version: version, Nullifiers: nullifiers}}
}

// version returns the version of the wallet.
func (w *world) version(address store.Address) string {
	w.t.Helper()
	return w.load(address).Wallets[0].Version
}

// versions returns the versions by which a caller may remember Alice's wallet:
// that of a snapshot, and that of the receipt for a scoring.
func (w *world) versions() []string {
	w.t.Helper()
	c := w.scored([]store.Address{alice})
	return []string{c.Wallets[0].Version, remembered(c, w.apply(c), 0)}
}

// remembered returns the version by which to remember a wallet that was scored.
func remembered(c *store.Changes, r *store.Receipt, i int) string {
	return cmp.Or(r.Wallets[i].Version, c.Wallets[i].Version)
}

// again loads wallets that are known. It accepts that the store calls those
// unchanged whose versions hold, and demands what there is without Known of
// every other one.
func (w *world) again(q store.Query, hold ...store.Address) *store.Snapshot {
	w.t.Helper()
	plain := q
	plain.Known = nil
	want, got := w.query(plain), w.query(q)
	equal(w, want.Community, got.Community)
	assert.Equal(w.t, want.At, got.At)
	var nullifiers []string
	for i, wallet := range got.Wallets {
		assert.Equal(w.t, q.Addresses[i], wallet.Address)
		if wallet.Unchanged {
			require.Contains(w.t, hold, wallet.Address, "it has changed")
			assert.NotEmpty(w.t, wallet.Version)
			assert.Empty(w.t, wallet.Credentials)
			nullifiers = append(nullifiers, q.Known[wallet.Address].Nullifiers...)
			continue
		}
		assert.NotEmpty(w.t, wallet.Version)
		equal(w, inOrder(want.Wallets[i].Credentials), inOrder(wallet.Credentials))
		for _, c := range wallet.Credentials {
			nullifiers = append(nullifiers, store.Nullifiers(wallet.Address, c.Provider, c.Document)...)
		}
	}
	w.hasClaims(got, q.Community, nullifiers)
	return got
}

// inOrder returns the credentials in the order of their ids.
func inOrder(credentials []store.Credential) []store.Credential {
	return slices.SortedFunc(slices.Values(credentials), func(a, b store.Credential) int { return cmp.Compare(a.ID, b.ID) })
}

// hasClaims demands that the snapshot has the claims on those nullifiers, and
// no other.
func (w *world) hasClaims(snapshot *store.Snapshot, community int64, nullifiers []string) {
	w.t.Helper()
	var want, got []store.Claim
	for _, c := range w.state().Claims {
		if c.Community == community && slices.Contains(nullifiers, c.Nullifier) {
			want = append(want, store.Claim{Nullifier: c.Nullifier, Holder: holder(c.Address, c.ExpiresAt.UTC())})
		}
	}
	for _, c := range snapshot.Claims {
		got = append(got, store.Claim{Nullifier: c.Nullifier, Holder: holder(c.Address, c.ExpiresAt.UTC())})
	}
	assert.ElementsMatch(w.t, want, got)
}

// knownCases are about wallets that the caller knows. A store may answer that
// one is unchanged, or as if it was not known, but no mixture.
func knownCases() []Case {
	return append(knownChanges(seededChanges()), []Case{
		{Name: "a wallet without credentials may be left out", run: func(w *world) {
			version := w.version(alice)
			w.again(ofAlice(version).query(alice), alice)
			w.readBefore()
			w.again(ofAlice(version).query(alice))
		}},
		{Name: "a wallet with an omitted credential", run: func(w *world) {
			w.credentials(with(inWallet, more(tooLongText)), stored(2, alice, "Ens", "n2"))
			w.claims(claim("n1", bob, years(1)), claim("n2", bob, years(1)))
			w.again(ofAlice(w.version(alice), "n2").query(alice), alice)
			w.again(ofAlice("another", "n2").query(alice))
		}},
		{Name: "wallets of which some are known and some have changed", run: func(w *world) {
			w.readBefore()
			k := known{alice: {Version: w.version(alice)}, bob: {Version: w.version(bob)}}
			w.again(k.query(bob, carol, alice), alice, bob)
			w.credentials(inWallet, stored(12, bob, "Ens"), stored(13, carol, "Ens"))
			k[alice] = store.Known{Version: w.version(alice)} // it is another store now
			w.again(k.query(carol, alice, bob), alice)
			w.again(k.query(bob, alice), alice)
		}},
		{Name: "an address that is not queried is passed over", run: func(w *world) {
			w.readBefore()
			w.claims(claim("n1", bob, years(1)), claim("n2", bob, years(1)))
			others := known{bob: {Version: w.version(bob), Nullifiers: []string{"n2"}}}
			for _, odd := range []store.Address{"", "alice", upper(alice), alice[:41] + "\x00", "\xff"} {
				others[odd] = store.Known{Version: w.version(alice), Nullifiers: []string{"n2"}}
			}
			w.again(others.query(alice))
			w.again(others.query())
		}},
		{Name: "a version of another wallet", run: func(w *world) {
			w.readBefore()
			of, empty := w.version(alice), w.version(carol)
			w.again(known{alice: {Version: empty}, carol: {Version: of}}.query(alice, carol))
		}},
		{Name: "a version that never was", run: func(w *world) {
			w.readBefore()
			version := w.version(alice)
			for _, odd := range []string{
				"", " ", "0", "null", "{}", version + " ", version + version, "a\x00b", "\xff", "'; drop table registry_score; --", strings.Repeat("0", 1<<20),
			} {
				w.again(ofAlice(odd, "n1").query(alice))
			}
		}},
		{Name: "a known wallet can be scored", run: func(w *world) {
			w.readBefore()
			for _, version := range w.versions() {
				c := w.scored([]store.Address{alice}, counted(1), swaps(taken("n1", alice, years(1))))
				c.Wallets[0].Version = w.again(ofAlice(version).query(alice), alice).Wallets[0].Version
				w.apply(c)
				w.equalCounted(inWallet)
				c.Wallets[0].Version = w.again(ofAlice("another").query(alice)).Wallets[0].Version
				w.apply(c)
			}
		}},
		{Name: "Load with known wallets changes nothing", run: func(w *world) {
			w.readBefore()
			q := ofAlice(w.version(alice), "n1").query(alice, bob)
			w.unchanged(func() { w.query(q) })
			assert.Equal(w.t, []string{"n1"}, q.Known[alice].Nullifiers)
		}},
	}...)
}

// knownChanges are cases in which something happens after a wallet was read.
func knownChanges(changes []walletChange) []Case {
	var cases []Case
	for _, c := range changes {
		cases = append(cases, Case{Name: c.named(" is loaded", " may be left out"), run: func(w *world) {
			w.readBefore()
			w.claims(claim("n1", alice, years(1)), claim("n9", bob, years(1)), claim("known", carol, years(1)))
			versions := w.versions()
			c.change(w)
			for _, version := range versions {
				if c.stale {
					w.again(ofAlice(version, "n1", "known").query(alice))
				} else {
					w.again(ofAlice(version, "n1", "known").query(alice, bob), alice)
				}
			}
		}})
	}
	return cases
}
