package shadow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// altering is a store in which the primary seems to have written something
// else.
type altering struct {
	*memstore.Store

	rows   map[store.Address]func(row *store.RecordedScore) error
	events map[store.Address]func(event *store.RecordedEvent) error
}

func (a altering) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	row, err := a.Store.LastScore(ctx, community, address)
	if alter := a.rows[address]; err == nil && alter != nil {
		err = alter(row)
	}
	return row, err
}

func (a altering) ScoreAt(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
	event, err := a.Store.ScoreAt(ctx, community, address, at)
	if alter := a.events[address]; err == nil && alter != nil {
		err = alter(event)
	}
	return event, err
}

// source asks the primary of the site.
func (s *site) source(ctx context.Context, address string) (shadow.Decision, error) {
	w := s.ask(s.primary, address)
	return shadow.ReadAnswer(w.Code, w.Body.Bytes()), ctx.Err()
}

// Each fault in what is written is reported, and nothing else.
func TestRecords(t *testing.T) {
	replaced := func(document *json.RawMessage, from, to string) {
		changed := bytes.ReplaceAll(*document, []byte(from), []byte(to))
		assert.NotEqual(t, *document, changed)
		*document = changed
	}
	rows := map[string]func(row *store.RecordedScore) error{
		"row":           func(*store.RecordedScore) error { return store.ErrNotFound },
		"row body":      func(r *store.RecordedScore) error { r.StampScores = []byte(`{}`); return nil },
		"row error":     func(r *store.RecordedScore) error { r.Status, r.Error = store.StatusError, "no weights"; return nil },
		"row expiry":    func(r *store.RecordedScore) error { r.ExpiresAt = r.ExpiresAt.Add(time.Hour); return nil },
		"row threshold": func(r *store.RecordedScore) error { replaced(&r.Evidence, `"2.00000"`, `"1.00000"`); return nil },
		"row score":     func(r *store.RecordedScore) error { replaced(&r.Evidence, `"rawScore":"`, `"rawScore":"9`); return nil },
	}
	events := map[string]func(event *store.RecordedEvent) error{
		"event":             func(*store.RecordedEvent) error { return store.ErrNotFound },
		"event body":        func(e *store.RecordedEvent) error { e.Data = []byte(`{}`); return nil },
		"event stamp dedup": func(e *store.RecordedEvent) error { replaced(&e.Data, `"dedup":false`, `"dedup":true`); return nil },
		"event passing": func(e *store.RecordedEvent) error {
			replaced(&e.Data, `"success":`, `"success":false,"was":`)
			return nil
		},
	}
	site := newSite(t)
	wallets := site.people(100)
	wanted := map[string]shadow.Field{}
	rowFaults, eventFaults := map[store.Address]func(*store.RecordedScore) error{}, map[store.Address]func(*store.RecordedEvent) error{}
	next := 1
	faulty := func(field string) store.Address {
		wallet := wallets[next] // with two stamps, whose accounts are its own
		if next += 6; next%7 == 0 {
			next += 6
		}
		wanted[wallet] = shadow.Field(field)
		return store.Address(wallet)
	}
	for field, fault := range rows {
		rowFaults[faulty(field)] = fault
	}
	for field, fault := range events {
		eventFaults[faulty(field)] = fault
	}
	records := altering{site.Store, rowFaults, eventFaults}
	s := newShadow(t, site.planner(), shadow.WithRecords(records))
	found := map[string]shadow.Field{}
	for c, err := range s.Run(t.Context(), 1, site.source, slices.Values(wallets)) {
		require.NoError(t, err)
		require.NoError(t, c.Err)
		for _, d := range c.Differences {
			assert.Equal(t, shadow.Real, d.Class)
			found[c.Address] = d.Field
		}
	}
	assert.Equal(t, wanted, found)
	v := s.Verdict()
	assert.Equal(t, uint64(len(wanted)), v.Count(shadow.Real))
	assert.Equal(t, uint64(199), v.Records, "but the event of the wallet without a row")
}

// Later records hide those of the answer, and older ones show that the primary
// wrote none.
func TestRecords_Times(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	for name, c := range map[string]struct {
		then    func()
		want    map[shadow.Field]uint64
		records int
	}{
		"in time":  {func() {}, nil, 2},
		"too late": {func() { site.Clock.Advance(time.Millisecond); site.MustScore(wallet) }, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShadow(t, site.planner(), shadow.WithRecords(site.Store))
			outcome := compareOnce(t, s, func(ctx context.Context, address string) (shadow.Decision, error) {
				site.Clock.Advance(time.Second)
				d, err := site.source(ctx, address)
				c.then()
				return d, err
			}, wallet)
			assert.Empty(t, outcome.Differences)
			assert.Equal(t, c.records, outcome.Records)
		})
	}
	s := newShadow(t, site.planner(), shadow.WithRecords(site.Store))
	outcome := compareOnce(t, s, func(ctx context.Context, address string) (shadow.Decision, error) {
		site.Clock.Advance(time.Second)
		p, err := site.planner().Plan(ctx, 1, address)
		require.NoError(t, err)
		return shadow.DecisionOf(p.Result), nil
	}, wallet)
	require.Len(t, outcome.Differences, 2)
	assert.Equal(t, []shadow.Field{shadow.FieldRow, shadow.FieldEvent}, []shadow.Field{outcome.Differences[0].Field, outcome.Differences[1].Field})
	assert.Equal(t, shadow.Real, outcome.Class)
	assert.Regexp(t, "^of 2026-01-01T", outcome.Differences[0].Primary)
}

// A store that cannot be read fails the comparison.
func TestRecords_Error(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	away := altering{Store: site.Store, rows: map[store.Address]func(*store.RecordedScore) error{
		store.Address(wallet): func(*store.RecordedScore) error { return store.ErrUnavailable },
	}}
	s := newShadow(t, site.planner(), shadow.WithRecords(away))
	require.ErrorIs(t, compareOnce(t, s, site.source, wallet).Err, store.ErrUnavailable)
	_, err := shadow.New(site.planner(), shadow.WithRecords(struct{ store.Store }{site.Store}))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	assert.ErrorContains(t, err, "WithRecords")
}
