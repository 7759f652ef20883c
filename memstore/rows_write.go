package memstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
)

// WriteRows writes all rows as a JSON object that maps every table of the
// service, also an empty one, to the list of its rows, so that reading it back
// restores the store whatever it holds. Equal stores write equal bytes: tables by
// name, rows by primary key, columns in the schema's order, one row a line,
// documents with sorted keys, moments in UTC with the offset +00:00. All rows are
// as they were at one moment, however long the writer takes, which holds nobody
// up. An error of the writer comes back wrapped; some rows are written then.
func (s *Store) WriteRows(w io.Writer) error {
	const op = "write_rows"
	writers := map[string]func(*bytes.Buffer, io.Writer) error{}
	s.mu.RLock()
	for name, table := range s.data.all() {
		writers[name] = table.freeze()
	}
	s.mu.RUnlock()

	var text bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(writers)) {
		text.WriteString(separator(i, "{\n"))
		fmt.Fprintf(&text, "%q: [", name)
		if err := writers[name](&text, w); err != nil {
			return fmt.Errorf("%s: table %s, %w", op, name, err)
		}
		text.WriteString("]")
	}
	text.WriteString("\n}\n")
	if _, err := text.WriteTo(w); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// piece is how many bytes are written at once, the rest of a row in addition.
const piece = 1 << 15

// freeze returns a function that writes the rows as they are now: rows never
// change, so it needs no lock. It appends them to the text, and writes that
// whenever it is a piece.
func (t *table[K, T]) freeze() func(text *bytes.Buffer, w io.Writer) error {
	rows := t.sorted()
	return func(text *bytes.Buffer, w io.Writer) error {
		for i, row := range rows {
			text.WriteString(separator(i, "\n"))
			err := t.writeRow(text, row)
			if err == nil && text.Len() >= piece {
				_, err = text.WriteTo(w)
			}
			if err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
		}
		return nil
	}
}

func (t *table[K, T]) writeRow(text *bytes.Buffer, row *T) error {
	fields := reflect.ValueOf(row).Elem()
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	for i := range t.columns {
		c := &t.columns[i]
		text.WriteString(separator(i, "{"))
		fmt.Fprintf(text, "%q:", c.name)
		value, err := c.write(fields.Field(c.field))
		if err == nil {
			err = encoder.Encode(value)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
		text.Truncate(text.Len() - 1) // the line end that an encoder adds
	}
	text.WriteString("}")
	return nil
}

// separator returns what stands before the element of that number.
func separator(i int, first string) string {
	if i == 0 {
		return first
	}
	return "," + first[1:]
}
