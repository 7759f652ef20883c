package memstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// communityRows is a community as its columns hold it.
type communityRows struct {
	community store.Community // Rule and Scorer are set
	weights   *weightsRow     // nil: no scorer
	overlay   map[string]decimal
}

// PutCommunity implements [store.Communities].
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	const op = "put_community"
	rows, err := rowsOf(community)
	if err != nil {
		return store.Errorf(op, store.ErrInvalid, "community %d: %w", community.ID, err)
	}
	return s.change(ctx, op, func(d *data, now time.Time) error {
		if err := d.checkCommunity(op, &rows.community); err != nil {
			return err
		}
		d.putCommunity(rows, now)
		return nil
	})
}

func rowsOf(c store.Community) (*communityRows, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	rows := &communityRows{community: c.WithDefaults(), overlay: make(map[string]decimal, len(c.Overlay))}
	var err error
	for provider, weight := range c.Overlay {
		if rows.overlay[provider], err = parseDecimal(weight, 7, 4); err != nil {
			return nil, err
		}
	}
	if c.Threshold == "" {
		return rows, nil
	}
	rows.weights = &weightsRow{}
	if rows.weights.Threshold, err = parseDecimal(c.Threshold, 10, 5); err != nil {
		return nil, err
	}
	if rows.community.Weights != nil {
		rows.weights.Weights, err = canonical(c.Weights)
	}
	return rows, err
}

// checkCommunity finds out whether the community can be put.
func (d *data) checkCommunity(op string, c *store.Community) error {
	if _, found := d.Accounts.rows[c.Account]; c.Account != 0 && !found {
		return store.Errorf(op, store.ErrNotFound, "there is no account %d", c.Account)
	}
	if other, taken := d.called(c.ExternalID); taken && other.ID != c.ID {
		return store.Errorf(op, store.ErrConflict, "community %d has the external id %q", other.ID, c.ExternalID)
	}
	account := d.accountOf(c)
	if other, taken := d.Communities.byName.find(naming{account, c.Name, time.Time{}}); taken && other.ID != c.ID {
		return store.Errorf(op, store.ErrConflict, "community %d of account %d has the name %q", other.ID, account, c.Name)
	}
	return nil
}

// accountOf returns the account that the community is to belong to, 0 when
// there is none yet.
func (d *data) accountOf(c *store.Community) int64 {
	if c.Account != 0 {
		return c.Account
	}
	if row, found := d.Communities.rows[c.ID]; found && row.AccountID != 0 {
		return row.AccountID
	}
	if accounts := d.Accounts.sorted(); len(accounts) > 0 {
		return accounts[0].ID
	}
	return 0
}

func (d *data) putCommunity(rows *communityRows, now time.Time) {
	c := &rows.community
	row := &communityRow{ID: c.ID, CreatedAt: now}
	if old, found := d.Communities.rows[c.ID]; found {
		*row = *old
	}
	row.Name, row.Rule, row.HumanPointsProgram, row.DeletedAt = c.Name, c.Rule, c.HumanPoints, time.Time{}
	row.ExternalScorerID = textOrNull(c.ExternalID)
	if row.AccountID = d.accountOf(c); row.AccountID == 0 {
		row.AccountID = d.account(defaultUser, now)
	}
	row.ScorerID = d.scorerFor(row)
	d.Communities.set(row)

	scorer := scorerRow{ID: row.ScorerID}
	if old, found := d.Scorers.rows[scorer.ID]; found {
		scorer = *old
	}
	scorer.Type = c.Scorer
	d.Scorers.set(&scorer)
	for _, table := range []*table[int64, weightsRow]{d.BinaryWeights, d.Weights} {
		if old, found := table.rows[scorer.ID]; found {
			table.remove(old)
		}
	}
	if rows.weights != nil {
		rows.weights.ScorerPtrID = scorer.ID
		d.weightsTable(c.Scorer).set(rows.weights)
	}
	d.putOverlay(c.ID, rows.overlay)
}

// scorerFor returns the scorer of the community, a new one when it has none of
// its own.
func (d *data) scorerFor(community *communityRow) int64 {
	used := map[int64]bool{}
	for _, other := range d.Communities.rows {
		if other.ID != community.ID {
			used[other.ScorerID] = true
		}
	}
	scorer := community.ScorerID
	if scorer < 1 || used[scorer] {
		scorer = d.Scorers.nextID()
	}
	for used[scorer] || scorer != community.ScorerID && d.Scorers.taken(scorer) {
		scorer++
	}
	return scorer
}

// DeleteCommunity implements [store.Communities].
func (s *Store) DeleteCommunity(ctx context.Context, id int64) error {
	const op = "delete_community"
	return s.change(ctx, op, func(d *data, now time.Time) error {
		row, found := d.community(id)
		if !found {
			return store.Errorf(op, store.ErrCommunityNotFound, "there is no community %d", id)
		}
		deleted := *row
		// Deleted communities of one name must differ in the moment.
		for deleted.DeletedAt = now; d.Communities.byName.has(nameOf(&deleted)); {
			deleted.DeletedAt = deleted.DeletedAt.Add(time.Microsecond)
		}
		d.Communities.set(&deleted)
		return nil
	})
}

// FindCommunity implements [store.Communities].
func (s *Store) FindCommunity(ctx context.Context, account int64, scorer string) (id int64, err error) {
	const op = "find_community"
	err = s.look(ctx, op, func(d *data) error {
		if row, found := d.called(scorer); found && row.AccountID == account && row.DeletedAt.IsZero() {
			id = row.ID
			return nil
		}
		if row, found := d.community(store.CommunityID(scorer)); found && row.AccountID == account {
			id = row.ID
			return nil
		}
		return store.Errorf(op, store.ErrCommunityNotFound, "account %d has no community %.60q", account, scorer)
	})
	return id, err
}

// called returns the community with that external id, deleted or not.
func (d *data) called(externalID string) (*communityRow, bool) {
	row, found := d.Communities.byExternalID.find(externalID)
	return row, found && externalID != ""
}

// community returns the row of a community that is not deleted.
func (d *data) community(id int64) (*communityRow, bool) {
	row, found := d.Communities.rows[id]
	return row, found && row.DeletedAt.IsZero()
}
