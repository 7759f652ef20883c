package passport

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// maxImportItem is how much of one item is kept: more than any credential that
// [credential.Parse] takes, and what the listing puts around it.
const maxImportItem = 2*credential.MaxSize + 4<<10

// importItem is one element of an import.
type importItem struct {
	number, line int // both from 1
	text         []byte
}

// importSource splits a stream into items of any length. It looks at brackets
// and strings only: whether an item is JSON is for [credential.Parse] to
// decide.
type importSource struct {
	in       *bufio.Reader
	yield    func(importItem) bool
	number   int // of the items so far
	line     int
	inAnswer bool
	err      error // what ended the stream early; nothing is read after it
}

var errStopped = errors.New("the loop over the items ended")

// items calls yield for each item, and sets err.
func (s *importSource) items(yield func(importItem) bool) {
	s.yield = yield
	s.elements(false)
	if errors.Is(s.err, io.EOF) {
		s.err = io.ErrUnexpectedEOF
	}
}

// elements reads the rest of a list, or the whole stream, in which lists may
// follow each other.
func (s *importSource) elements(inList bool) {
	for s.err == nil {
		switch c := s.next(); {
		case errors.Is(s.err, io.EOF) && !inList:
			s.err = nil
			return
		case c == ']' && inList:
			return
		case c == '[' && !inList:
			s.elements(true)
		case c != ',':
			s.item(c)
		}
	}
}

// item reads the item that begins with the byte, or the items of an answer.
func (s *importSource) item(first byte) {
	var text []byte
	line, depth := s.line, 0
	if first == '{' {
		text, depth = []byte{first}, 1
		first = s.next()
	}
	_ = s.in.UnreadByte()
	if depth == 1 && first == '"' {
		text, _ = s.value(text, 0, false)
		if !s.inAnswer && slices.Contains([]string{`{"next"`, `{"prev"`, `{"items"`, `{"credentials"`}, string(text)) {
			s.answer()
			return
		}
	}
	text, _ = s.value(text, depth, false)
	if len(text) == 0 && s.err == nil {
		s.err = fmt.Errorf("%w: neither an item nor the end of a list", store.ErrInvalid)
	}
	s.found(line, text)
}

// answer reads the items of an answer's lists. An answer without a list is an
// item, and no credential.
func (s *importSource) answer() {
	s.inAnswer = true
	_, last := s.value(nil, 1, true)
	hasList := last == '['
	for last == '[' {
		s.elements(true)
		_, last = s.value(nil, 1, true)
	}
	s.inAnswer = false
	if !hasList {
		s.found(s.line, []byte("{}"))
	}
}

// found yields the item, unless an error came before its end.
func (s *importSource) found(line int, text []byte) {
	if s.err == nil {
		s.number++
		if !s.yield(importItem{number: s.number, line: line, text: text}) {
			s.err = errStopped
		}
	}
}

// value appends what comes to the text, as far as there is room, up to the end
// of the value. The depth counts the brackets of the text that are open. With
// toList it also ends after a bracket that opens a list at depth 1. It returns
// the last byte of a value that is no number or word.
func (s *importSource) value(text []byte, depth int, toList bool) (_ []byte, last byte) {
	inString, escaped := false, false
	for s.err == nil {
		c := s.read()
		switch {
		case errors.Is(s.err, io.EOF) && len(text) > 0 && depth == 0 && !inString:
			s.err = nil
			return text, 0
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '[' && toList && depth == 1:
			return text, c
		case c == '{' || c == '[':
			depth++
		case depth == 0 && strings.IndexByte(space, c) >= 0:
			return text, 0
		case depth == 0 && strings.IndexByte(",:]}", c) >= 0:
			_ = s.in.UnreadByte()
			return text, 0
		case c == '}' || c == ']':
			depth--
		}
		if len(text) <= maxImportItem {
			text = append(text, c)
		}
		if depth == 0 && !inString && (c == '"' || c == '}' || c == ']') {
			return text, c
		}
	}
	return nil, 0
}

const space = " \t\r\n"

// next returns the next byte that is not white space, 0 on an error.
func (s *importSource) next() (c byte) {
	for s.err == nil {
		if c = s.read(); strings.IndexByte(space, c) < 0 {
			break
		}
	}
	return c
}

func (s *importSource) read() (c byte) {
	c, s.err = s.in.ReadByte()
	if c == '\n' {
		s.line++
	}
	return c
}

// credential returns the text of the credential. In an item of a listing it
// stands beside a version.
func (i *importItem) credential() []byte {
	var listed struct {
		Credential json.RawMessage `json:"credential"`
	}
	if json.Unmarshal(i.text, &listed) == nil && len(listed.Credential) > 0 {
		return listed.Credential
	}
	return i.text
}
