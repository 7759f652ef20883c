package strictjson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type parser struct {
	text string
	at   int
	// depth and values are how many levels and values are still allowed.
	depth, values int
	// blanks are the bytes of white space so far.
	blanks int
}

func (p *parser) document(value *Value) error {
	if !utf8.ValidString(p.text) {
		return errors.New("invalid UTF-8")
	}
	p.space()
	if err := p.value(value); err != nil {
		return err
	}
	p.space()
	if p.at < len(p.text) {
		return errors.New("something follows the value")
	}
	return nil
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
			p.blanks++
		default:
			return
		}
	}
}

// take consumes the byte if it is next.
func (p *parser) take(b byte) bool {
	if p.at < len(p.text) && p.text[p.at] == b {
		p.at++
		return true
	}
	return false
}

func (p *parser) value(value *Value) error {
	if p.at == len(p.text) {
		return errors.New("a value is missing")
	}
	if p.values--; p.values < 0 {
		return fmt.Errorf("%w: too many values", ErrTooLarge)
	}
	switch b := p.text[p.at]; b {
	case '{':
		return p.nested(value, p.object)
	case '[':
		return p.nested(value, p.array)
	case '"':
		value.Kind = String
		return p.string(&value.Text)
	case 't', 'f', 'n':
		return p.literal(value)
	default:
		value.Kind = Number
		return p.number(&value.Text)
	}
}

func (p *parser) literal(value *Value) error {
	for _, known := range []struct {
		text  string
		value Value
	}{
		{"true", Value{Kind: Bool, Bool: true}},
		{"false", Value{Kind: Bool}},
		{"null", Value{Kind: Null}},
	} {
		if strings.HasPrefix(p.text[p.at:], known.text) {
			p.at += len(known.text)
			*value = known.value
			return nil
		}
	}
	return errors.New("unknown word")
}

// nested reads an array or object, one level down.
func (p *parser) nested(value *Value, read func(*Value) error) error {
	if p.depth == 0 {
		return fmt.Errorf("%w: too deep", ErrTooLarge)
	}
	p.depth--
	from := p.at
	p.at++
	err := read(value)
	p.depth++
	value.Raw = p.text[from:p.at]
	return err
}

func (p *parser) array(value *Value) error {
	value.Kind = Array
	p.space()
	if p.take(']') {
		return nil
	}
	for {
		p.space()
		value.Items = append(value.Items, Value{})
		if err := p.value(&value.Items[len(value.Items)-1]); err != nil {
			return err
		}
		p.space()
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return errors.New("a list goes on without a comma")
		}
	}
}

func (p *parser) object(value *Value) error {
	value.Kind = Object
	p.space()
	if p.take('}') {
		return nil
	}
	var names nameSet
	value.Members = make([]Member, 0, 2) // most objects of a credential have a name and a type
	for {
		p.space()
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return errors.New("a name is missing")
		}
		value.Members = append(value.Members, Member{})
		member := &value.Members[len(value.Members)-1]
		if err := p.string(&member.Name); err != nil {
			return err
		}
		if names.has(value.Members) {
			return fmt.Errorf("the name %.60q is there twice", member.Name)
		}
		p.space()
		if !p.take(':') {
			return errors.New("a name without a colon")
		}
		p.space()
		if err := p.value(&member.Value); err != nil {
			return err
		}
		p.space()
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return errors.New("an object goes on without a comma")
		}
	}
}

// nameSet finds repeated names: by comparison while there are few, with a map
// once there are many, so that a hostile object costs no quadratic time.
type nameSet struct{ many map[string]struct{} }

// has reports whether the last member's name is one of an earlier member.
func (s *nameSet) has(members []Member) bool {
	const few = 16
	last := members[len(members)-1].Name
	if len(members) <= few {
		for i := range members[:len(members)-1] {
			if members[i].Name == last {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[string]struct{}, 4*few)
		for i := range members[:len(members)-1] {
			s.many[members[i].Name] = struct{}{}
		}
	}
	_, found := s.many[last]
	s.many[last] = struct{}{}
	return found
}

// string reads a quoted text. One without escapes shares the document's
// memory.
func (p *parser) string(text *string) error {
	p.at++
	from := p.at
	for p.at < len(p.text) {
		switch b := p.text[p.at]; {
		case b == '"':
			*text = p.text[from:p.at]
			p.at++
			return nil
		case b == '\\':
			return p.escaped(text, from)
		case b < ' ':
			return errors.New("a control character in a string")
		}
		p.at++
	}
	return errors.New("a string without an end")
}

// escaped reads the rest of a string that has an escape at p.at.
func (p *parser) escaped(text *string, from int) error {
	var out strings.Builder
	out.WriteString(p.text[from:p.at])
	for p.at < len(p.text) {
		b := p.text[p.at]
		p.at++
		switch {
		case b == '"':
			*text = out.String()
			return nil
		case b == '\\':
			r, err := p.escape()
			if err != nil {
				return err
			}
			out.WriteRune(r)
		case b < ' ':
			return errors.New("a control character in a string")
		default:
			out.WriteByte(b)
		}
	}
	return errors.New("a string without an end")
}

// escape reads what follows a backslash.
func (p *parser) escape() (rune, error) {
	if p.at == len(p.text) {
		return 0, errors.New("a string without an end")
	}
	b := p.text[p.at]
	p.at++
	switch b {
	case '"', '\\', '/':
		return rune(b), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return p.unicode()
	}
	return 0, errors.New("unknown escape")
}

func (p *parser) unicode() (rune, error) {
	r, err := p.hex4()
	if err != nil {
		return 0, err
	}
	if r == 0 {
		return 0, errors.New("the character U+0000")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if !strings.HasPrefix(p.text[p.at:], `\u`) {
		return 0, errors.New("half of a surrogate pair")
	}
	p.at += len(`\u`)
	low, err := p.hex4()
	if err != nil {
		return 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, errors.New("half of a surrogate pair")
	}
	return r, nil
}

func (p *parser) hex4() (rune, error) {
	const digits = 4
	if len(p.text)-p.at < digits {
		return 0, errors.New("a string without an end")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 16)
	if err != nil {
		return 0, errors.New(`\u without four hex digits`)
	}
	p.at += digits
	return rune(n), nil
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *parser) number(text *string) error {
	from := p.at
	p.take('-')
	if !p.take('0') && !p.digits() {
		return errors.New("neither a value nor a number")
	}
	if p.take('.') && !p.digits() {
		return errors.New("a number ends with its point")
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if !p.digits() {
			return errors.New("a number without its exponent")
		}
	}
	*text = p.text[from:p.at]
	return nil
}

func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at > from
}
