package sqlitestore

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, newHarness)
	storetest.RunContention(t, newHarness)
	storetest.Scenarios(t, newHarness)
}

// harness is a store whose whole content the suite can replace and read.
type harness struct {
	*Store
	communities []store.StoredCommunity // as seeded: the store only reads them
}

func newHarness(t testing.TB) storetest.Harness {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "passport.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return &harness{Store: s}
}

func (h *harness) Seed(ctx context.Context, state store.State) error {
	h.communities = state.Communities
	return h.run(ctx, "seed", writing, nil, func(t *transaction) {
		for _, table := range []string{"communities", "scores", "counted", "claims", "events"} {
			t.exec(`DELETE FROM ` + table)
		}
		for _, c := range state.Communities {
			customization, _ := json.Marshal(c.Customization)
			t.exec(`INSERT INTO communities VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?)`,
				c.ID, c.Name, c.Account, c.ExternalID, c.Rule, c.HumanPoints, c.Scorer,
				string(c.Weights), c.Threshold, string(customization), c.Deleted)
		}
		// A credential that stays is not written: the version of its wallet holds.
		t.exec(`CREATE TEMP TABLE wanted AS SELECT * FROM credentials WHERE FALSE`)
		for _, c := range state.Credentials {
			t.exec(`INSERT INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				c.ID, c.Address, c.Provider, string(c.Document), c.ProofValue,
				c.IssuedAt, c.ExpiresAt, c.UpdatedAt, c.Foreign, c.Deleted, c.Revoked)
		}
		t.exec(`
			DELETE FROM credentials WHERE id IN (SELECT id FROM (SELECT * FROM credentials EXCEPT SELECT * FROM wanted));
			INSERT INTO credentials SELECT * FROM wanted EXCEPT SELECT * FROM credentials;
			DROP TABLE wanted`)
		for _, s := range state.Scores {
			t.insertScore(s.Community, s.Address, &s.Score)
			for _, c := range s.Counted {
				t.exec(`INSERT INTO counted VALUES (?, ?, ?, ?)`, s.Community, s.Address, c.Provider, string(c.Document))
			}
		}
		for _, c := range state.Claims {
			t.exec(`INSERT INTO claims VALUES (?, ?, ?, ?)`, c.Community, c.Nullifier, c.Address, c.ExpiresAt)
		}
		for _, e := range state.Events {
			t.exec(`INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)`, e.Community, e.Address, e.Action, string(e.Data), e.At)
		}
	})
}

func (h *harness) State(ctx context.Context) (store.State, error) {
	state := store.State{Communities: h.communities}
	err := h.run(ctx, "state", reading, nil, func(t *transaction) {
		state.Credentials = list(t, func(c *store.StoredCredential) []any {
			return []any{
				&c.ID, &c.Address, &c.Provider, (*[]byte)(&c.Document), &c.ProofValue,
				&c.IssuedAt, &c.ExpiresAt, &c.UpdatedAt, &c.Foreign, &c.Deleted, &c.Revoked,
			}
		}, `SELECT * FROM credentials`)
		state.Scores = list(t, func(s *store.StoredScore) []any {
			return append([]any{&s.Community, &s.Address}, scoreColumns(&s.Score)...)
		}, `SELECT * FROM scores`)
		for i, s := range state.Scores {
			state.Scores[i].Counted = list(t, func(c *store.CountedCredential) []any {
				return []any{&c.Provider, (*[]byte)(&c.Document)}
			}, `SELECT provider, document FROM counted WHERE community = ? AND address = ?`, s.Community, s.Address)
		}
		state.Claims = list(t, func(c *store.StoredClaim) []any {
			return []any{&c.Community, &c.Nullifier, &c.Address, &c.ExpiresAt}
		}, `SELECT * FROM claims`)
		state.Events = list(t, func(e *store.StoredEvent) []any {
			return []any{&e.ID, &e.Community, &e.Address, &e.Action, (*[]byte)(&e.Data), &e.At}
		}, `SELECT * FROM events ORDER BY id`)
	})
	return state, err
}
