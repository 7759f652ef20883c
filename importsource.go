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

// importItem is one element of what is imported.
type importItem struct {
	number, line int // both from 1
	text         []byte
}

// importSource splits a stream into the items that it holds, however long they
// are. It looks at brackets and strings only: whether an item is JSON is for the
// parser of credentials to say.
type importSource struct {
	in     *bufio.Reader
	number int // of the items so far
	line   int
	// open are the lists (']') and the answers around the next item. An answer
	// is '{' as long as it had no list, and then '}'.
	open []byte
}

// batch returns the next items, and with the last of them the error that ends
// the stream: io.EOF at its end.
func (s *importSource) batch() (items []importItem, err error) {
	const mostItems, mostBytes = 1000, 8 << 20
	for size := 0; len(items) < mostItems && size < mostBytes; {
		item, err := s.next()
		switch {
		case errors.Is(err, io.EOF) && (len(s.open) > 0 || item.number > 0):
			return items, io.ErrUnexpectedEOF
		case err != nil:
			return items, err
		}
		items = append(items, item)
		size += len(item.text)
	}
	return items, nil
}

// next returns the next item. Its error is io.EOF where none begins.
func (s *importSource) next() (item importItem, err error) {
	for {
		c, err := s.peek()
		if err != nil {
			return importItem{}, err
		}
		top := len(s.open) - 1
		switch {
		case top >= 0 && s.open[top] != ']': // on to the list of the answer, or to its end
			_, end, err := s.value(nil, 1, true)
			if err != nil {
				return item, err
			}
			if end == '[' {
				s.open[top] = '}'
				s.open = append(s.open, ']')
				continue
			}
			hadList := s.open[top] == '}'
			s.open = s.open[:top]
			if !hadList { // then it is an item, and no credential
				s.number++
				return importItem{number: s.number, line: s.line, text: []byte("{}")}, nil
			}
		case c == ',':
			s.skip()
		case c == ']' && top >= 0:
			s.skip()
			s.open = s.open[:top]
		case c == '[' && top < 0:
			s.skip()
			s.open = append(s.open, ']')
		default:
			item = importItem{number: s.number + 1, line: s.line}
			item.text, err = s.item()
			if err != nil {
				return item, err
			}
			if item.text != nil {
				s.number++
				return item, nil
			}
		}
	}
}

// item returns the text of the item that begins here, or nil for an answer,
// whose items come next.
func (s *importSource) item() (text []byte, err error) {
	depth := 0
	if c, _ := s.peek(); c == '{' {
		s.skip()
		depth = 1
		if text, err = s.firstName([]byte{c}); err != nil {
			return nil, err
		}
		answer := slices.Contains([]string{`{"next"`, `{"prev"`, `{"items"`, `{"credentials"`}, string(text))
		if answer && !slices.Contains(s.open, '}') {
			s.open = append(s.open, '{')
			return nil, nil
		}
	}
	if text, _, err = s.value(text, depth, false); err == nil && len(text) == 0 {
		err = fmt.Errorf("%w: neither an item nor the end of a list", store.ErrInvalid)
	}
	return text, err
}

// firstName appends the first name of an object to the text, if it has one.
func (s *importSource) firstName(text []byte) ([]byte, error) {
	c, err := s.peek()
	if err != nil || c != '"' {
		return text, err
	}
	text, _, err = s.value(text, 0, false)
	return text, err
}

// value appends what comes to the text, as far as there is room, up to the end
// of the value. The depth counts the brackets of the text that are open. With
// toList it ends behind a bracket that opens a list at depth 1, too. It returns
// the last byte.
func (s *importSource) value(text []byte, depth int, toList bool) (_ []byte, end byte, err error) {
	inString, escaped := false, false
	for {
		c, err := s.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(text) > 0 && depth == 0 && !inString:
			return text, 0, nil // a number or a word
		case err != nil:
			return nil, 0, err
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '[' && toList && depth == 1:
			return text, c, nil
		case c == '{' || c == '[':
			depth++
		case depth == 0 && strings.IndexByte(" \t\r\n,:]}", c) >= 0:
			return text, 0, s.in.UnreadByte()
		case c == '}' || c == ']':
			depth--
		}
		if c == '\n' {
			s.line++
		}
		if len(text) <= maxImportItem {
			text = append(text, c)
		}
		if depth == 0 && !inString && (c == '"' || c == '}' || c == ']') {
			return text, c, nil
		}
	}
}

// peek skips white space and returns the byte that comes next.
func (s *importSource) peek() (byte, error) {
	for {
		next, err := s.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if strings.IndexByte(" \t\r\n", next[0]) < 0 {
			return next[0], nil
		}
		s.skip()
	}
}

// skip skips the byte that peek has seen.
func (s *importSource) skip() {
	if c, _ := s.in.ReadByte(); c == '\n' {
		s.line++
	}
}

// credential returns the text of the credential, which an item of the listing's
// answer has beside its version.
func (i *importItem) credential() []byte {
	var listed struct {
		Credential json.RawMessage `json:"credential"`
	}
	if json.Unmarshal(i.text, &listed) == nil && len(listed.Credential) > 0 {
		return listed.Credential
	}
	return i.text
}
