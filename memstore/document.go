package memstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/passport-sdk/passport-go/store"
)

// document is the text of a jsonb value; nil stands for NULL.
type document []byte

// canonical returns the one text that stands for the JSON value here: keys
// sorted, of equal keys the last, no white space, numbers as jsonb writes them.
// It refuses what jsonb refuses, and numbers beyond store.MaxNumber.
func canonical(text []byte) (document, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the document is not valid UTF-8")
	}
	if err := checkEscapes(text); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("the document is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the document is followed by something else")
	}
	value, err := withPlainNumbers(value)
	if err != nil {
		return nil, err
	}
	var canonical bytes.Buffer
	encoder := json.NewEncoder(&canonical)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return bytes.TrimSuffix(canonical.Bytes(), []byte("\n")), nil
}

// withPlainNumbers returns the decoded value with its numbers as jsonb writes
// them. It changes the value.
func withPlainNumbers(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case json.Number:
		return plainNumber(v)
	case []any:
		for i := range v {
			if v[i], err = withPlainNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = withPlainNumbers(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// plainNumber returns the number without an exponent, with as many decimals as
// it was given, and a zero without a sign.
func plainNumber(number json.Number) (json.Number, error) {
	d, _, err := apd.NewFromString(string(number))
	if err != nil || d.Exponent > store.MaxNumber || d.Exponent < -store.MaxNumber {
		return "", fmt.Errorf("%.*s has more than %d digits", shown, number, store.MaxNumber)
	}
	if d.IsZero() {
		d.Negative, d.Exponent = false, min(d.Exponent, 0)
	}
	return json.Number(d.Text('f')), nil
}

// checkEscapes refuses the characters that JSON can spell and Postgres cannot
// hold: NUL, and halves of a surrogate pair, which encoding/json would replace
// silently.
func checkEscapes(text []byte) error {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i+1 < len(text); {
		next := 2
		if text[i+1] == 'u' {
			first := escaped(text[i:])
			switch {
			case first == 0:
				return errors.New("it holds a NUL character")
			case utf16.IsSurrogate(first):
				if utf16.DecodeRune(first, escaped(text[min(i+6, len(text)):])) == utf8.RuneError {
					return errors.New("it holds half of a surrogate pair")
				}
				next = 12
			}
		}
		text = text[min(i+next, len(text)):]
		i = bytes.IndexByte(text, '\\')
	}
	return nil
}

// escaped returns the code that an escape at the beginning of the text spells,
// -1 if there is none.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}

// nullifiersOf returns the strings that the credential lists as its
// nullifiers, and its older single hash. What is malformed is passed over: the
// engine tells what is wrong with a credential.
func nullifiersOf(credential document) []string {
	// Maps, because structs would take CREDENTIALSUBJECT for credentialSubject.
	var signed, subject map[string]json.RawMessage
	if json.Unmarshal(credential, &signed) != nil || json.Unmarshal(signed["credentialSubject"], &subject) != nil {
		return nil
	}
	var nullifiers []string
	collect := func(raw json.RawMessage) {
		var text string
		if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
			nullifiers = append(nullifiers, text)
		}
	}
	var listed []json.RawMessage
	if raw := subject["nullifiers"]; raw != nil && json.Unmarshal(raw, &listed) == nil {
		for _, raw := range listed {
			collect(raw)
		}
	}
	collect(subject["hash"])
	return nullifiers
}
