// Package typeddata hashes typed data as EIP-712 says, in the way that the
// issuers' library (didkit) does where the standard leaves room: a member that
// is absent hashes to zeros, and one that no type lists is an error.
//
// Names go into the hashed type text as they are, so those that could spell
// another type's members are refused.
package typeddata

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// Bounds on a set of types, far beyond any that is used.
const (
	maxTypes     = 64
	maxMembers   = 128
	maxName      = 256
	maxArrayText = 4096
	// maxText is how long the texts of all structs are together, each with what
	// it refers to: 2 KiB in use, but up to 64 times the document.
	maxText = 32 << 10
)

// domainType is the type of every domain. A set that lacks it gets the one
// with a name only.
const domainType = "EIP712Domain"

// Types is a set of struct types. It is immutable and safe for concurrent use.
type Types struct {
	structs map[string]*structType
}

type structType struct {
	name    string
	members []member
	hash    [32]byte
	missing string // a type that it refers to, directly or not, and that there is none of
}

type member struct {
	name string
	text string // of the type, as it is hashed
	kind *typ
}

// typ is a parsed type.
type typ struct {
	form   form
	size   int  // bytes of bytesN; elements of a fixed list
	fixed  bool // a list of size elements
	item   *typ // of a list
	target *structType
	name   string // of the struct, until it is linked
}

type form uint8

const (
	formStruct form = iota
	formString
	formBytes
	formFixedBytes
	formUint
	formInt
	formBool
	formAddress
	formList
)

// Parse reads the JSON object that maps a struct's name to its list of
// members, each an object of exactly a name and a type.
func Parse(types *strictjson.Value) (*Types, error) {
	if types == nil || types.Kind != strictjson.Object {
		return nil, errors.New("the types are not an object")
	}
	if n := len(types.Members); n > maxTypes {
		return nil, fmt.Errorf("%d types, at most %d", n, maxTypes)
	}
	set := &Types{structs: make(map[string]*structType, len(types.Members)+1)}
	for i := range types.Members {
		s, err := parseStruct(types.Members[i].Name, &types.Members[i].Value)
		if err != nil {
			return nil, fmt.Errorf("type %.60q: %w", types.Members[i].Name, err)
		}
		set.structs[s.name] = s
	}
	if set.structs[domainType] == nil {
		set.structs[domainType] = &structType{
			name:    domainType,
			members: []member{{name: "name", text: "string", kind: &typ{form: formString}}},
		}
	}
	for _, s := range set.structs {
		set.link(s)
	}
	length := 0
	for _, s := range set.structs {
		text := set.encodeType(s)
		if length += len(text); length > maxText {
			return nil, fmt.Errorf("the texts of the types have more than %d bytes", maxText)
		}
		s.hash = keccak([]byte(text))
	}
	return set, nil
}

// TypeOf returns the type of a struct's member, as it is written; empty if the
// struct or member does not exist.
func (t *Types) TypeOf(structName, memberName string) string {
	if s := t.structs[structName]; s != nil {
		for i := range s.members {
			if s.members[i].name == memberName {
				return s.members[i].text
			}
		}
	}
	return ""
}

func parseStruct(name string, members *strictjson.Value) (*structType, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	for _, prefix := range []string{"uint", "int", "bytes"} {
		if strings.HasPrefix(name, prefix) {
			return nil, fmt.Errorf("its name begins like the type %s", prefix)
		}
	}
	if members.Kind != strictjson.Array {
		return nil, errors.New("its members are not a list")
	}
	if n := len(members.Items); n > maxMembers {
		return nil, fmt.Errorf("%d members, at most %d", n, maxMembers)
	}
	s := &structType{name: name, members: make([]member, 0, len(members.Items))}
	for i := range members.Items {
		m, err := parseMember(&members.Items[i])
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(s.members, func(other member) bool { return other.name == m.name }) {
			return nil, fmt.Errorf("member %.60q is there twice", m.name)
		}
		s.members = append(s.members, m)
	}
	return s, nil
}

func parseMember(v *strictjson.Value) (member, error) {
	name, text := v.Get("name"), v.Get("type")
	if name == nil || text == nil || len(v.Members) != 2 || name.Kind != strictjson.String || text.Kind != strictjson.String {
		return member{}, errors.New("a member is not an object of a name and a type")
	}
	if err := checkName(name.Text); err != nil {
		return member{}, err
	}
	kind, err := parseType(text.Text)
	if err != nil {
		return member{}, fmt.Errorf("member %.60q: %w", name.Text, err)
	}
	return member{name: name.Text, text: text.Text, kind: kind}, nil
}

// checkName refuses names that could be read as something else within the
// text of a type.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name of %d bytes, want 1 to %d", len(name), maxName)
	}
	separates := func(r rune) bool {
		return strings.ContainsRune(",()[]{}", r) || unicode.IsSpace(r) || unicode.IsControl(r)
	}
	if strings.ContainsFunc(name, separates) {
		return fmt.Errorf("the name %.60q holds a separator", name)
	}
	return nil
}

func parseType(text string) (*typ, error) {
	if len(text) > maxName {
		return nil, fmt.Errorf("the text of a type has %d bytes, at most %d", len(text), maxName)
	}
	if strings.HasSuffix(text, "]") {
		return parseList(text)
	}
	switch text {
	case "string":
		return &typ{form: formString}, nil
	case "bytes":
		return &typ{form: formBytes}, nil
	case "bool":
		return &typ{form: formBool}, nil
	case "address":
		return &typ{form: formAddress}, nil
	}
	for _, sized := range []struct {
		prefix string
		form   form
		unit   int
	}{{"bytes", formFixedBytes, 1}, {"uint", formUint, 8}, {"int", formInt, 8}} {
		if digits, found := strings.CutPrefix(text, sized.prefix); found {
			n, _ := strconv.Atoi(digits) // what is no number is not spelt like one
			if strconv.Itoa(n) != digits || n <= 0 || n > 32*sized.unit || n%sized.unit != 0 {
				return nil, fmt.Errorf("%.60q is not a type", text)
			}
			return &typ{form: sized.form, size: n}, nil
		}
	}
	if err := checkName(text); err != nil {
		return nil, err
	}
	return &typ{form: formStruct, name: text}, nil
}

func parseList(text string) (*typ, error) {
	open := strings.LastIndexByte(text, '[')
	if open < 0 {
		return nil, fmt.Errorf("%.60q is not a type", text)
	}
	item, err := parseType(text[:open])
	if err != nil {
		return nil, err
	}
	list := &typ{form: formList, item: item}
	if size := text[open+1 : len(text)-1]; size != "" {
		list.fixed = true
		list.size, _ = strconv.Atoi(size)
		if strconv.Itoa(list.size) != size || list.size < 0 || list.size > maxArrayText {
			return nil, fmt.Errorf("%.60q is not a type", text)
		}
	}
	return list, nil
}

// link points the members at the structs that they name. One that is missing
// is an error only once the struct that refers to it is hashed.
func (t *Types) link(s *structType) {
	for i := range s.members {
		kind := s.members[i].kind
		for kind.form == formList {
			kind = kind.item
		}
		kind.target = t.structs[kind.name] // other forms have no name, and no struct has none
	}
}

// encodeType is the text that identifies a struct: itself, then every struct
// that it refers to, directly or not, by name. One that refers to itself is
// among those.
func (t *Types) encodeType(s *structType) string {
	referenced := map[string]*structType{}
	s.missing = collect(s, referenced)
	names := make([]string, 0, len(referenced))
	for name := range referenced {
		names = append(names, name)
	}
	slices.Sort(names)

	var text strings.Builder
	s.write(&text)
	for _, name := range names {
		referenced[name].write(&text)
	}
	return text.String()
}

// collect adds the structs that s refers to, and returns the name of one that
// is missing.
func collect(s *structType, into map[string]*structType) (missing string) {
	for i := range s.members {
		kind := s.members[i].kind
		for kind.form == formList {
			kind = kind.item
		}
		if kind.form != formStruct || into[kind.name] != nil {
			continue
		}
		if kind.target == nil {
			missing = kind.name
			continue
		}
		into[kind.name] = kind.target
		if further := collect(kind.target, into); further != "" {
			missing = further
		}
	}
	return missing
}

func (s *structType) write(text *strings.Builder) {
	text.WriteString(s.name)
	text.WriteByte('(')
	for i := range s.members {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(s.members[i].text)
		text.WriteByte(' ')
		text.WriteString(s.members[i].name)
	}
	text.WriteByte(')')
}
