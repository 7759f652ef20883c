// Package strictjson reads JSON into one exact tree, for documents whose text
// is signed: what a parser guesses, overlooks or repairs, a forger can use.
//
// It refuses what RFC 8259 leaves open or encoding/json forgives: a name that
// is there twice, invalid UTF-8, half of a surrogate pair, the character
// U+0000 (no Postgres text can hold it), and anything after the value. Numbers
// keep their text.
package strictjson

import (
	"errors"
	"fmt"
)

// ErrTooLarge is wrapped by the errors about a document beyond the limits.
var ErrTooLarge = errors.New("document beyond limits")

// Kind is the kind of a value.
type Kind uint8

// The kinds of JSON values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name, with its article.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case String:
		return "a string"
	case Array:
		return "a list"
	case Object:
		return "an object"
	}
	return "nothing"
}

// Value is a JSON value. It is not to be changed once it is parsed.
type Value struct {
	Kind Kind
	// Bool is the value of a Bool.
	Bool bool
	// Text is the value of a String, or the text of a Number.
	Text string
	// Items are the elements of an Array.
	Items []Value
	// Members are those of an Object, in the order of the text.
	Members []Member
	// Raw is the text of an Array or Object.
	Raw string
}

// Member is a name and its value.
type Member struct {
	Name  string
	Value Value
}

// Get returns the member of an object, nil if there is none of that name or
// the value is no object.
func (v *Value) Get(name string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i].Value
		}
	}
	return nil
}

// Limits bound what Parse takes on.
type Limits struct {
	// Size is that of the document in bytes. White space between its tokens, of
	// which there may be as much again, does not count: Postgres puts a space
	// behind each comma and colon.
	Size  int
	Depth int // arrays and objects inside one another
	// Values is the number of values, arrays and objects included. In memory a
	// value takes up to 50 times the bytes of its text.
	Values int
}

// Parse reads the document, which must be one JSON value and white space. Its
// errors name the place by byte; those about the limits wrap [ErrTooLarge].
func Parse(document []byte, limits Limits) (*Value, error) {
	if len(document) > 2*limits.Size {
		return nil, fmt.Errorf("%w: %d bytes with its white space, at most %d", ErrTooLarge, len(document), 2*limits.Size)
	}
	p := parser{text: string(document), depth: limits.Depth, values: limits.Values}
	var value Value
	if err := p.document(&value); err != nil {
		return nil, fmt.Errorf("at byte %d: %w", p.at, err)
	}
	if size := len(document) - p.blanks; size > limits.Size {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, limits.Size)
	}
	return &value, nil
}
