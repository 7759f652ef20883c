package pgstore

import (
	"context"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// AddUses implements [store.Uses], with one statement however many there are.
func (s *Store) AddUses(ctx context.Context, uses ...store.Use) error {
	insert := s.statements.bulkInsertUses
	if len(uses) == 0 {
		return nothingToDo(ctx, insert)
	}
	for i := range uses {
		if err := uses[i].Validate(); err != nil {
			return store.Errorf(insert.name, store.ErrInvalid, "use %d: %w", i, err)
		}
	}
	return s.on.write(ctx, []call{s.writeUses(uses)})
}

func (s *Store) writeUses(uses []store.Use) call {
	n := len(uses)
	keys, moments, paths, basePaths := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	segments, queries, headers, payloads := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	responses, skipped, statuses, failures := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i := range uses {
		u := &uses[i]
		keys[i], moments[i], paths[i], basePaths[i] = u.KeyID, timestamp(u.At), u.Path, u.BasePath
		segments[i], queries[i] = string(u.Segments), string(u.Query)
		headers[i], payloads[i] = string(u.Headers), string(u.Payload)
		responses[i], skipped[i], failures[i] = string(u.Response), strconv.FormatBool(u.ResponseSkipped), u.Error
		if u.Status != 0 {
			statuses[i] = strconv.Itoa(u.Status)
		}
	}
	return s.statements.bulkInsertUses.with(keys, moments, paths, basePaths, segments, queries, headers, payloads,
		responses, skipped, statuses, failures)
}
