package memstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// AddUses implements [store.Uses]. It stores copies: the uses stay the
// caller's.
func (s *Store) AddUses(ctx context.Context, uses ...store.Use) error {
	const op = "bulk_insert_uses"
	rows := make([]*apiKeyUseRow, len(uses))
	for i := range uses {
		var err error
		if rows[i], err = newUseRow(&uses[i]); err != nil {
			return store.Errorf(op, store.ErrInvalid, "use %d: %w", i, err)
		}
	}
	return s.change(ctx, op, func(d *data, _ time.Time) error {
		for i, row := range rows {
			if _, found := d.APIKeys.rows[row.APIKeyID]; !found {
				return store.Errorf(op, store.ErrNotFound, "use %d is of an API key that does not exist", i)
			}
		}
		for _, row := range rows {
			row.ID = d.APIUses.nextID()
			d.APIUses.set(row)
		}
		return nil
	})
}

func newUseRow(use *store.Use) (*apiKeyUseRow, error) {
	if err := use.Validate(); err != nil {
		return nil, err
	}
	row := &apiKeyUseRow{
		APIKeyID: use.KeyID, CreatedAt: microseconds(use.At),
		Path: use.Path, BasePath: textOrNull(use.BasePath), Error: textOrNull(use.Error),
		ResponseSkipped: new(use.ResponseSkipped),
	}
	if use.Status != 0 {
		row.StatusCode = new(int64(use.Status))
	}
	for _, column := range []struct {
		into *document
		from []byte
	}{
		{&row.PathSegments, use.Segments},
		{&row.QueryParams, use.Query},
		{&row.Headers, use.Headers},
		{&row.Payload, use.Payload},
		{&row.Response, use.Response},
	} {
		if column.from == nil {
			continue
		}
		var err error
		if *column.into, err = canonical(column.from); err != nil {
			return nil, err
		}
	}
	return row, nil
}
