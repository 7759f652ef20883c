package sqlitestore

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Load implements [store.Store]. It ignores the query's Known: reading
// documents from a file costs little.
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if q.At.IsZero() {
		q.At = time.Now()
	}
	snapshot := &store.Snapshot{At: store.Microseconds(q.At)}
	err := s.run(ctx, "load", reading, q.Validate(), func(t *transaction) {
		snapshot.Community = t.community(q.Community)
		var nullifiers []string
		for _, address := range q.Addresses {
			wallet := store.Wallet{Address: address, Version: t.version(address), Credentials: t.credentials(address)}
			if q.LastScore {
				if score, found := t.lastScore(q.Community, address); found {
					wallet.LastScore = &score
				}
			}
			for _, c := range wallet.Credentials {
				nullifiers = append(nullifiers, store.Nullifiers(address, c.Provider, c.Document)...)
			}
			snapshot.Wallets = append(snapshot.Wallets, wallet)
		}
		slices.Sort(nullifiers)
		for _, nullifier := range slices.Compact(nullifiers) {
			if holder, claimed := t.holder(q.Community, nullifier); claimed {
				snapshot.Claims = append(snapshot.Claims, store.Claim{Nullifier: nullifier, Holder: holder})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

// community returns the community, and refuses one that does not exist or is
// deleted.
func (t *transaction) community(id int64) store.Community {
	var customization []byte
	c, found := first(t, func(c *store.Community) []any {
		return []any{
			&c.Name, &c.Account, &c.ExternalID, &c.Rule, &c.HumanPoints,
			&c.Scorer, (*[]byte)(&c.Weights), &c.Threshold, &customization,
		}
	}, `
		SELECT name, account, external_id, rule, human_points, scorer, weights, threshold, customization
		FROM communities WHERE id = ? AND NOT is_deleted`, id)
	if !found {
		t.refusef(store.ErrCommunityNotFound, "community %d", id)
	} else if err := json.Unmarshal(customization, &c.Customization); err != nil {
		t.refusef(store.ErrInternal, "the customization of community %d: %w", id, err)
	}
	c.ID = id
	return c
}

// version returns the version of the wallet, "v" if it never had a credential.
func (t *transaction) version(address store.Address) string {
	version, _ := first(t, single[string], `SELECT version FROM versions WHERE address = ?`, address)
	return "v" + version
}

// credentials returns the live credentials of the address. Other programs may
// store texts of any size: it reads the sizes, then what is within the bounds.
func (t *transaction) credentials(address store.Address) (live []store.Credential) {
	type row struct {
		store.Credential

		size    int
		revoked bool
	}
	columns := func(r *row) []any { return []any{&r.ID, &r.Provider, &r.UpdatedAt, &r.size, &r.revoked} }
	size := 0
	for i, r := range list(t, columns, `
		SELECT id, provider, updated_at, octet_length(document), is_revoked
		FROM credentials WHERE address = ? AND NOT is_deleted
		ORDER BY id DESC LIMIT ?`, address, store.MaxCredentials+1) {
		switch {
		case r.revoked:
			continue
		case r.size > store.MaxDocumentBytes:
			r.Omitted = store.OmittedTooLarge
		case i == store.MaxCredentials || size+r.size > store.MaxWalletBytes:
			r.Omitted = store.OmittedTooMany
		default:
			size += r.size
			r.Document, _ = first(t, single[[]byte], `SELECT document FROM credentials WHERE id = ?`, r.ID)
			if store.TooLarge(r.Document) {
				r.Document, r.Omitted = nil, store.OmittedTooLarge
			}
		}
		live = append(live, r.Credential)
	}
	return live
}

// holder returns who holds the claim on the nullifier, if anyone does.
func (t *transaction) holder(community int64, nullifier string) (holder store.Holder, claimed bool) {
	return first(t, func(h *store.Holder) []any { return []any{&h.Address, &h.ExpiresAt} },
		`SELECT holder, expires_at FROM claims WHERE community = ? AND nullifier = ?`, community, nullifier)
}

// LastScore implements [store.LastScorer].
func (s *Store) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	address, invalid := store.ParseAddress(string(address))
	recorded := &store.RecordedScore{ReadAt: store.Microseconds(time.Now())}
	err := s.run(ctx, "last_score", reading, invalid, func(t *transaction) {
		recorded.Scorer = t.community(community).Scorer
		var found bool
		if recorded.Score, found = t.lastScore(community, address); !found {
			t.refusef(store.ErrNotFound, "%s has no score in community %d", address, community)
		}
		recorded.Live = list(t, single[string], `
			SELECT DISTINCT provider FROM credentials
			WHERE address = ? AND NOT is_deleted AND NOT is_revoked`, address)
	})
	if err != nil {
		return nil, err
	}
	return recorded, nil
}

// lastScore returns the last score of the address, if it has one.
func (t *transaction) lastScore(community int64, address store.Address) (score store.Score, found bool) {
	return first(t, scoreColumns, `
		SELECT status, value, scored_at, expires_at, error, evidence, stamp_scores, stamps
		FROM scores WHERE community = ? AND address = ?`, community, address)
}

func scoreColumns(s *store.Score) []any {
	return []any{
		&s.Status, &s.Value, &s.ScoredAt, &s.ExpiresAt, &s.Error,
		(*[]byte)(&s.Evidence), (*[]byte)(&s.StampScores), (*[]byte)(&s.Stamps),
	}
}
