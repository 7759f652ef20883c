package memstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/passport-sdk/passport-go/store"
)

// rowReader walks through a JSON document, one value at a time, and finds the
// duplicate keys that encoding/json passes over.
type rowReader struct {
	source  *source
	decoder *json.Decoder
}

func newRowReader(r io.Reader) *rowReader {
	from := &source{reader: r}
	decoder := json.NewDecoder(from)
	// A number in the wrong place may be more than a double holds.
	decoder.UseNumber()
	return &rowReader{from, decoder}
}

// source remembers the error with which its reader failed. The decoder does not
// tell it from the end of the text when it is one of an end itself, as that of
// a compressed file which was cut is.
type source struct {
	reader io.Reader
	failed error
}

// Read implements io.Reader. It does not go on after an error, which the
// decoder passes over where it only looks ahead.
func (s *source) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	n, err := s.reader.Read(p)
	if err != nil && err != io.EOF { // the end is that one alone, not what wraps it
		s.failed = err
	}
	return n, err
}

// object calls member for each key of the object that follows; it must read
// the key's value.
func (r *rowReader) object(where string, member func(key string) error) error {
	if err := r.open(where, '{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.decoder.More() {
		token, err := r.token(where)
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder lets nothing else through
		if seen[key] {
			return fmt.Errorf("%w: %s%.*q is there twice", store.ErrInvalid, prefix(where), shown, key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	_, err := r.token(where)
	return err
}

// list calls element for each element of the list that follows; it must read
// the element.
func (r *rowReader) list(table string, element func(i int) error) error {
	where := "table " + table
	if err := r.open(where, '[', "a list of rows"); err != nil {
		return err
	}
	for i := 0; r.decoder.More(); i++ {
		if err := element(i); err != nil {
			return err
		}
	}
	_, err := r.token(where)
	return err
}

// value returns the text of the value that follows.
func (r *rowReader) value(where string) ([]byte, error) {
	var raw json.RawMessage
	if err := r.decoder.Decode(&raw); err != nil {
		return nil, r.malformed(where, err)
	}
	return raw, nil
}

// end makes sure that nothing follows.
func (r *rowReader) end() error {
	switch _, err := r.decoder.Token(); {
	case errors.Is(err, io.EOF) && r.source.failed == nil:
		return nil
	case err != nil:
		return r.malformed("", err)
	}
	return fmt.Errorf("%w: something follows the object of tables", store.ErrInvalid)
}

func (r *rowReader) open(where string, delimiter json.Delim, what string) error {
	token, err := r.token(where)
	if err != nil {
		return err
	}
	if token != delimiter {
		return fmt.Errorf("%w: %s%s was expected, not %.*v", store.ErrInvalid, prefix(where), what, shown, token)
	}
	return nil
}

func (r *rowReader) token(where string) (json.Token, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, r.malformed(where, err)
	}
	return token, nil
}

// malformed tells bad JSON from a reader that failed.
func (r *rowReader) malformed(where string, err error) error {
	if r.source.failed != nil {
		return fmt.Errorf("%s%w", prefix(where), r.source.failed)
	}
	return fmt.Errorf("%w: %sit is not JSON: %w", store.ErrInvalid, prefix(where), err)
}

func prefix(where string) string {
	if where == "" {
		return ""
	}
	return where + ": "
}
