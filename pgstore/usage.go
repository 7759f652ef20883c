package pgstore

import (
	"context"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// AddUsage implements [store.UsageLog], with one statement however many there
// are.
func (s *Store) AddUsage(ctx context.Context, usage ...store.Usage) error {
	const op = "bulk_insert_uses"
	if len(usage) == 0 {
		return nothingToDo(ctx, op)
	}
	uses := newColumns(12)
	for i := range usage {
		u := &usage[i]
		if err := u.Validate(); err != nil {
			return store.Errorf(op, store.ErrInvalid, "usage %d: %w", i, err)
		}
		status := ""
		if u.Status != 0 {
			status = strconv.Itoa(u.Status)
		}
		uses.add(u.KeyID, timestamp(u.At), u.Path, u.BasePath, string(u.Segments), string(u.Query),
			string(u.Headers), string(u.Payload), string(u.Response), strconv.FormatBool(u.ResponseSkipped), status, u.Error)
	}
	return s.on.write(ctx, []call{s.texts.call(op, uses)})
}
