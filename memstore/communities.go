package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

const (
	defaultRule = "LIFO"
	// maxName is the width of the names and rules of communities, and of the
	// names of lists, in characters.
	maxName = 100
)

// communityRows is a community as its columns hold it.
type communityRows struct {
	community store.Community // Rule and Scorer are set
	weights   *weightsRow     // nil: no scorer
	overlay   map[string]decimal
}

// PutCommunity implements [store.Communities]. A deleted community is there
// again. Weights must be JSON or nil, and need a threshold; the threshold is
// rounded to five decimals and the weights of the overlay to four, as the
// columns have them. Other faults are a store.ErrInvalid: an id below 1, a text
// that is too long, an unknown scorer, a malformed decimal.
//
// What the service's tables want beside it is made too: the account that the
// community belongs to (the first one without another community of that name,
// else a new one), address lists without members, and rulesets of custom
// credentials.
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	const op = "put_community"
	rows, err := rowsOf(community)
	if err != nil {
		return refuse(op, store.ErrInvalid, "community %d: %w", community.ID, err)
	}
	return s.change(ctx, op, func(d *data, now time.Time) error {
		d.putCommunity(rows, now)
		return nil
	})
}

func rowsOf(c store.Community) (*communityRows, error) {
	if c.Rule == "" {
		c.Rule = defaultRule
	}
	if c.Scorer == "" {
		c.Scorer = scorerBinary
	}
	var faults []error
	fault := func(what string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", what, err))
		}
	}
	if c.ID < 1 {
		fault("its id", fmt.Errorf("%d is not above 0", c.ID))
	}
	fault("its name", checkText(c.Name, maxName))
	fault("its rule", checkText(c.Rule, maxName))
	if c.Scorer != scorerBinary && c.Scorer != scorerWeighted {
		fault("its scorer", fmt.Errorf("%.*q is neither %s nor %s", shown, c.Scorer, scorerBinary, scorerWeighted))
	}
	rows := &communityRows{community: c, overlay: make(map[string]decimal, len(c.Overlay))}
	var err error
	rows.weights, err = weightsOf(&c)
	fault("its weights", err)
	for _, provider := range slices.Sorted(maps.Keys(c.Overlay)) {
		rows.overlay[provider], err = overlaid(provider, c.Overlay[provider])
		fault(fmt.Sprintf("its overlay for %.*q", shown, provider), err)
	}
	return rows, errors.Join(faults...)
}

func weightsOf(c *store.Community) (*weightsRow, error) {
	if c.Threshold == "" {
		if c.Weights != nil {
			return nil, errors.New("there is no threshold for them")
		}
		return nil, nil
	}
	threshold, err := parseDecimal(c.Threshold, 10, 5)
	if err != nil {
		return nil, fmt.Errorf("the threshold: %w", err)
	}
	row := &weightsRow{Threshold: threshold}
	if c.Weights != nil && string(bytes.TrimSpace(c.Weights)) != "null" {
		row.Weights, err = canonical(c.Weights)
	}
	return row, err
}

func (d *data) putCommunity(rows *communityRows, now time.Time) {
	c := &rows.community
	row := &communityRow{ID: c.ID, CreatedAt: now}
	if old, found := d.Communities.rows[c.ID]; found {
		*row = *old
	}
	row.Name, row.Rule, row.HumanPointsProgram, row.DeletedAt = c.Name, c.Rule, c.HumanPoints, time.Time{}
	row.AccountID = d.accountFor(row, now)
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

// accountFor returns the account that the community belongs to: its own, else
// the first, save those with another community of that name.
func (d *data) accountFor(community *communityRow, now time.Time) int64 {
	taken := map[int64]bool{}
	for _, other := range d.Communities.rows {
		if other.ID != community.ID && other.Name == community.Name && other.DeletedAt.IsZero() {
			taken[other.AccountID] = true
		}
	}
	if community.AccountID != 0 && !taken[community.AccountID] {
		return community.AccountID
	}
	for _, account := range d.Accounts.sorted() {
		if !taken[account.ID] {
			return account.ID
		}
	}
	user := &userRow{ID: d.Users.nextID(), IsActive: true, DateJoined: now}
	for n := user.ID; user.Username == ""; n++ {
		if name := fmt.Sprintf("community-%d", n); !d.Users.byName.has(name) {
			user.Username = name
		}
	}
	d.Users.set(user)
	account := &accountRow{ID: d.Accounts.nextID(), UserID: user.ID}
	d.Accounts.set(account)
	return account.ID
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
