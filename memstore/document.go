package memstore

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/apd/v3"

	"github.com/passport-sdk/passport-go/store"
)

// document is the text of a jsonb value; nil stands for NULL.
type document []byte

// canonical returns the one text that stands for the JSON value here: keys
// sorted, of equal keys the last, no white space, numbers as jsonb writes them.
// It refuses what jsonb refuses, and numbers beyond store.MaxNumber.
func canonical(text []byte) (document, error) {
	if err := store.CheckJSON(text); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("the document is not JSON: %w", err)
	}
	var canonical bytes.Buffer
	encoder := json.NewEncoder(&canonical)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(withPlainNumbers(value)); err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return bytes.TrimSuffix(canonical.Bytes(), []byte("\n")), nil
}

// withPlainNumbers returns the decoded value with its numbers as jsonb writes
// them. It changes the value.
func withPlainNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return plainNumber(v)
	case []any:
		for i := range v {
			v[i] = withPlainNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withPlainNumbers(v[key])
		}
	}
	return value
}

// plainNumber returns the number without an exponent, with as many decimals as
// it was given, and a zero without a sign.
func plainNumber(number json.Number) json.Number {
	d, _, err := apd.NewFromString(string(number))
	if err != nil {
		return number // cannot be: JSON's numbers are decimals, and these are bounded
	}
	if d.IsZero() {
		d.Negative, d.Exponent = false, min(d.Exponent, 0)
	}
	return json.Number(d.Text('f'))
}
