// Package servicerows converts between [store.State] and the rows of the
// service's tables, for tests that have recorded rows or a database of the
// service at hand.
//
// A state has no place for some columns, such as the path of a customization.
// FromRows ignores them. Rows leaves them out, or makes something up where
// rows refer to each other.
package servicerows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

type row = map[string]any

// FromRows returns the state that the rows hold, by the names of their tables
// and columns. The values are any that encoding/json writes as the columns are
// written in JSON. A column that is left out has the zero of its type. Ignored
// are tables and columns that a state has no place for, and scores and events
// of no community.
func FromRows(rows map[string][]map[string]any) (store.State, error) {
	document, err := json.Marshal(rows)
	if err != nil {
		return store.State{}, fmt.Errorf("servicerows: writing the rows: %w", err)
	}
	return FromJSON(document)
}

// FromJSON returns the state that the JSON document holds: an object with lists
// of rows by table, each an object with values by column. See [FromRows].
func FromJSON(document []byte) (store.State, error) {
	var t tables
	if err := json.Unmarshal(document, &t); err != nil {
		return store.State{}, fmt.Errorf("servicerows: reading the rows: %w", err)
	}
	return t.state(), nil
}

// decimal is a column of type numeric, which JSON has as a number or a string;
// empty stands for NULL.
type decimal string

// UnmarshalJSON implements [json.Unmarshaler].
func (d *decimal) UnmarshalJSON(text []byte) error {
	if string(text) != "null" {
		*d = decimal(bytes.Trim(text, `"`))
	}
	return nil
}

// document is a column of type jsonb; nil stands for NULL.
type document json.RawMessage

// UnmarshalJSON implements [json.Unmarshaler].
func (d *document) UnmarshalJSON(text []byte) error {
	if string(text) != "null" {
		*d = bytes.Clone(text)
	}
	return nil
}

// timestamp is a column of type timestamptz; zero stands for NULL.
type timestamp struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *timestamp) UnmarshalJSON(text []byte) error {
	err := t.Time.UnmarshalJSON(text)
	t.Time = t.UTC()
	return err
}
