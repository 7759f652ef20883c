package storetest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// walletChange is something that happens after Alice's wallet was read. It is
// stale if the version no longer stands for her credentials.
type walletChange struct {
	name   string
	change func(w *world)
	stale  bool
}

// named returns the name of a case about the change: one that ends in the first
// text if it is stale, in the second otherwise.
func (c *walletChange) named(stale, holds string) string {
	if c.stale {
		return c.name + stale
	}
	return c.name + holds
}

// inWallet is the credential of Alice that there is before each walletChange.
var inWallet = stored(1, alice, "Google", "n1")

// seededChanges are those that every harness can make.
func seededChanges() []walletChange {
	google := inWallet
	return []walletChange{
		{"no change", func(*world) {}, false},
		{"an added credential", func(w *world) { w.credentials(google, stored(2, alice, "Ens", "n2")) }, true},
		{"a deleted credential", func(w *world) { w.credentials(with(google, deleted)) }, true},
		{"a revoked credential", func(w *world) { w.credentials(with(google, revoked)) }, true},
		{"a credential that is gone", func(w *world) { w.credentials() }, true},
		{"a replaced credential", func(w *world) { w.credentials(with(google, updated, withID(2))) }, true},
		{"a credential with another id", func(w *world) { w.credentials(with(google, withID(2))) }, true},
		{"a credential that was written again", func(w *world) { w.credentials(with(google, updated)) }, true},
		{"another document with the same id and time", func(w *world) {
			w.credentials(with(google, func(c *store.StoredCredential) { c.Document = document(alice, "Google", "n9") }))
		}, true},
		{"a newer one of another program", func(w *world) { w.credentials(google, with(google, withID(2), foreign, updated)) }, true},
		{"an older one of another program", func(w *world) {
			w.credentials(google, with(google, withID(2), foreign, func(c *store.StoredCredential) { c.UpdatedAt = years(-1) }))
		}, true},
		{"a scoring of the wallet", func(w *world) { w.score(alice, swaps(taken("n1", alice, years(1))), counted(1)) }, false},
		{"a scoring of another wallet", func(w *world) { w.score(bob, swaps(taken("n2", bob, years(1)))) }, false},
	}
}

func staleCases() []Case {
	cases := changedCases(seededChanges())
	google := inWallet
	return append(cases,
		Case{Name: "a failed scoring is refused as well", run: func(w *world) {
			changes := w.scored([]store.Address{alice}, failing("why"))
			w.credentials(google)
			w.refused(store.ErrConflict, changes)
		}},
		Case{Name: "a version of another wallet is a conflict", run: func(w *world) {
			w.credentials(google)
			changes := w.scored([]store.Address{alice})
			changes.Wallets[0].Version = w.load(bob).Wallets[0].Version
			w.refused(store.ErrConflict, changes)
		}},
		Case{Name: "a version that never was is a conflict", run: func(w *world) {
			changes := w.scored([]store.Address{alice})
			for _, version := range []string{"'; drop table registry_score; --", "a\x00b", "\xff", strings.Repeat("0", 100_000)} {
				changes.Wallets[0].Version = version
				w.refused(store.ErrConflict, changes)
			}
		}},
	)
}

// withID gives a credential another id.
func withID(id int64) func(c *store.StoredCredential) {
	return func(c *store.StoredCredential) { c.ID = id }
}

// changedCases make a change set; then something happens.
func changedCases(changes []walletChange) []Case {
	return changesAfter(changes, func(w *world) *store.Changes {
		return w.scored([]store.Address{alice}, swaps(taken("n1", alice, years(1))))
	})
}

// changesAfter are cases in which something happens between the making of a
// change set and its Apply.
func changesAfter(changes []walletChange, makes func(w *world) *store.Changes) []Case {
	var cases []Case
	for _, c := range changes {
		cases = append(cases, Case{Name: c.named(" is a conflict", " lets it be written"), run: func(w *world) {
			w.readBefore()
			made := makes(w)
			c.change(w)
			if c.stale {
				w.refused(store.ErrConflict, made)
				return
			}
			w.apply(made)
		}})
	}
	return cases
}

// readBefore makes the credentials that there are before a walletChange.
func (w *world) readBefore() {
	w.t.Helper()
	w.credentials(inWallet, with(stored(11, bob, "Google"), func(c *store.StoredCredential) { c.ProofValue = "other" }))
}

// roleChanges are those that are made by the role Credentials, not by Seed.
func roleChanges() []walletChange {
	return []walletChange{
		{"adding a credential", func(w *world) { w.add(alice, input("Ens", "n1")) }, true},
		{"adding the same credential again", func(w *world) {
			w.add(alice, store.CredentialInput{Provider: "Google", Document: inWallet.Document, ProofValue: "Google"})
		}, true},
		{"deleting a credential", func(w *world) { assert.Equal(w.t, 1, w.remove("Google")) }, true},
		{"revoking a credential", func(w *world) { assert.Equal(w.t, 1, w.revoke("Google")) }, true},
		{"adding a credential of another wallet", func(w *world) { w.add(bob, input("Ens", "n1")) }, false},
		{"deleting a credential of another wallet", func(w *world) {
			require.NoError(w.t, errorOf(role[store.Credentials](w).DeleteCredentials(w.ctx, bob, "Google")))
		}, false},
		{"revoking a credential of another wallet", func(w *world) { assert.Equal(w.t, 1, w.revoke("other")) }, false},
	}
}
