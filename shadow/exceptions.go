package shadow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Excuse is an [Exception] as a file has it. It excuses the differences that
// have all its parts; those that are empty match anything.
type Excuse struct {
	Name string `json:"name"`
	// Until is a time of RFC 3339.
	Until    time.Time `json:"until"`
	Field    Field     `json:"field,omitempty"`
	Provider string    `json:"provider,omitempty"`
	// Primary and Ours are values as a [Difference] has them.
	Primary string `json:"primary,omitempty"`
	Ours    string `json:"ours,omitempty"`
}

// ReadExceptions reads a JSON list of at most 1,000 of [Excuse], in 1 MiB. Each
// must have a name, a date, and at least one part to match. The errors wrap
// store.ErrInvalid, but for those of the reader.
func ReadExceptions(r io.Reader) ([]Exception, error) {
	const mostBytes, most = 1 << 20, 1000
	text, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading exceptions: %w", err)
	}
	var excuses []Excuse
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(&excuses); {
	case len(text) > mostBytes || len(excuses) > most:
		return nil, fmt.Errorf("%w: more than %d exceptions, or %d bytes", store.ErrInvalid, most, mostBytes)
	case err != nil:
		return nil, fmt.Errorf("%w: exceptions: %w", store.ErrInvalid, err)
	case decoder.More():
		return nil, fmt.Errorf("%w: exceptions: something follows the list", store.ErrInvalid)
	}
	exceptions := make([]Exception, len(excuses))
	for i, e := range excuses {
		if e.Name == "" || e.Until.IsZero() || e.Field == "" && e.Provider == "" && e.Primary == "" && e.Ours == "" {
			return nil, fmt.Errorf("%w: exception %d lacks a name, a date or a part to match", store.ErrInvalid, i+1)
		}
		exceptions[i] = Exception{Name: e.Name, Until: e.Until, Match: excuses[i].excuses}
	}
	return exceptions, nil
}

// excuses reports whether the difference has all parts.
func (e *Excuse) excuses(d Difference, _, _ *Decision) bool {
	return (e.Field == "" || e.Field == d.Field) && (e.Provider == "" || e.Provider == d.Provider) &&
		(e.Primary == "" || e.Primary == d.Primary) && (e.Ours == "" || e.Ours == d.Ours)
}
