package storetest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func staleCases() []Case {
	google := stored(1, alice, "Google", "n1")
	var cases []Case
	// A change set is made with Google in the wallet; then something happens.
	for _, c := range []struct {
		name   string
		change func(w *world)
		stale  bool
	}{
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
	} {
		name := c.name + " lets it be written"
		if c.stale {
			name = c.name + " is a conflict"
		}
		cases = append(cases, Case{Name: name, run: func(w *world) {
			w.credentials(google)
			changes := w.scored([]store.Address{alice}, swaps(taken("n1", alice, years(1))))
			c.change(w)
			if c.stale {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
		}})
	}
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

// versionCases change credentials through the role, not by Seed.
func versionCases() []Case {
	var cases []Case
	input := func(provider string) store.CredentialInput {
		return store.CredentialInput{Provider: provider, Document: document(alice, provider, "n1"), ProofValue: provider}
	}
	for _, c := range []struct {
		name   string
		change func(w *world, role store.Credentials) error
		stale  bool
	}{
		{"adding a credential", func(w *world, role store.Credentials) error {
			return role.AddCredentials(w.ctx, alice, input("Ens"))
		}, true},
		{"adding the same credential again", func(w *world, role store.Credentials) error {
			return role.AddCredentials(w.ctx, alice, input("Google"))
		}, true},
		{"deleting a credential", func(w *world, role store.Credentials) error {
			return errorOf(role.DeleteCredentials(w.ctx, alice, "Google"))
		}, true},
		{"revoking a credential", func(w *world, role store.Credentials) error {
			return errorOf(role.RevokeCredentials(w.ctx, "Google"))
		}, true},
		{"adding a credential of another wallet", func(w *world, role store.Credentials) error {
			return role.AddCredentials(w.ctx, bob, input("Ens"))
		}, false},
		{"deleting a credential of another wallet", func(w *world, role store.Credentials) error {
			return errorOf(role.DeleteCredentials(w.ctx, bob, "Google"))
		}, false},
		{"revoking a credential of another wallet", func(w *world, role store.Credentials) error {
			return errorOf(role.RevokeCredentials(w.ctx, "other"))
		}, false},
	} {
		name := c.name + " lets it be written"
		if c.stale {
			name = c.name + " is a conflict"
		}
		cases = append(cases, Case{Name: name, run: func(w *world) {
			other := with(stored(2, bob, "Google"), func(c *store.StoredCredential) { c.ProofValue = "other" })
			w.credentials(stored(1, alice, "Google", "n1"), other)
			changes := w.scored([]store.Address{alice})
			require.NoError(w.t, c.change(w, w.Harness.(store.Credentials)))
			if c.stale {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
		}})
	}
	return cases
}
