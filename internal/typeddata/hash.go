package typeddata

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"strconv"
	"strings"

	"golang.org/x/crypto/sha3"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// word is what EIP-712 encodes every member to.
type word = [32]byte

// Digest is what is signed: the hash of the domain and of the message, a
// struct of the primary type.
func (t *Types) Digest(domain *strictjson.Value, primaryType string, message *strictjson.Value) ([32]byte, error) {
	return t.digest(&hasher{keccak: sha3.NewLegacyKeccak256()}, domain, primaryType, message)
}

func (t *Types) digest(h *hasher, domain *strictjson.Value, primaryType string, message *strictjson.Value) ([32]byte, error) {
	primary := t.structs[primaryType]
	if primary == nil {
		return word{}, fmt.Errorf("there is no type %.60q", primaryType)
	}
	domainHash, err := h.structHash(t.structs[domainType], domain)
	if err != nil {
		return word{}, fmt.Errorf("domain: %w", err)
	}
	messageHash, err := h.structHash(primary, message)
	if err != nil {
		return word{}, fmt.Errorf("message: %w", err)
	}
	return h.sum([]byte{0x19, 0x01}, domainHash[:], messageHash[:]), nil
}

func keccak(data []byte) word {
	h := hasher{keccak: sha3.NewLegacyKeccak256()}
	return h.sum(data)
}

// hasher hashes one piece of typed data. Its buffer is a stack: each struct and
// list appends its words, hashes them, and takes them off again.
type hasher struct {
	keccak hash.Hash
	buffer []byte
	words  int // of structs and lists, so far
}

// maxWords bounds the work on one document; real ones encode to 40 words. An
// absent member is a word too, so a list of empty objects would encode to a
// thousand times its text, and an item of two bytes is hashed as if it had 136.
const maxWords = 1 << 10

// spend counts words, and fails when there are too many.
func (h *hasher) spend(words int) error {
	if h.words += words; h.words > maxWords {
		return fmt.Errorf("it encodes to more than %d words", maxWords)
	}
	return nil
}

func (h *hasher) sum(parts ...[]byte) (digest word) {
	h.keccak.Reset()
	for _, part := range parts {
		h.keccak.Write(part)
	}
	h.keccak.Sum(digest[:0])
	return digest
}

// structHash is keccak(type hash, words of the members).
func (h *hasher) structHash(s *structType, v *strictjson.Value) (word, error) {
	if v == nil || v.Kind != strictjson.Object {
		return word{}, fmt.Errorf("a %.60s is an object, not %s", s.name, kindOf(v))
	}
	if s.missing != "" {
		return word{}, fmt.Errorf("%.60s refers to a type %.60q, and there is none", s.name, s.missing)
	}
	if err := h.spend(1 + len(s.members)); err != nil {
		return word{}, err
	}
	// Looking for its members costs as many comparisons as it has some.
	if len(v.Members) > len(s.members) {
		return word{}, unlisted(s)
	}
	from := len(h.buffer)
	h.buffer = append(h.buffer, s.hash[:]...)
	listed := 0
	for i := range s.members {
		m := &s.members[i]
		value := v.Get(m.name)
		if value != nil {
			listed++
		}
		encoded, err := h.encode(m.kind, value)
		if err != nil {
			return word{}, fmt.Errorf("%.60s: %w", m.name, err)
		}
		h.buffer = append(h.buffer, encoded[:]...)
	}
	if listed != len(v.Members) {
		return word{}, unlisted(s)
	}
	digest := h.sum(h.buffer[from:])
	h.buffer = h.buffer[:from]
	return digest, nil
}

func unlisted(s *structType) error {
	return fmt.Errorf("%.60s has a member that its type does not list", s.name)
}

// encode returns the word of a value; of an absent one, zeros.
func (h *hasher) encode(kind *typ, v *strictjson.Value) (word, error) {
	if v == nil {
		return word{}, nil
	}
	switch kind.form {
	case formString:
		if v.Kind != strictjson.String {
			return word{}, fmt.Errorf("want a string, not %s", kindOf(v))
		}
		return h.text(v.Text), nil
	case formBytes:
		data, err := hexBytes(v)
		return h.sum(data), err
	case formFixedBytes:
		return rightPadded(v, kind.size)
	case formAddress:
		return address(v)
	case formBool:
		return boolean(v)
	case formUint:
		return integer(v, false)
	case formInt:
		return integer(v, true)
	case formList:
		return h.list(kind, v)
	case formStruct:
	}
	return h.structHash(kind.target, v)
}

// text hashes a string by way of the buffer, which saves a copy.
func (h *hasher) text(text string) word {
	from := len(h.buffer)
	h.buffer = append(h.buffer, text...)
	digest := h.sum(h.buffer[from:])
	h.buffer = h.buffer[:from]
	return digest
}

func (h *hasher) list(kind *typ, v *strictjson.Value) (word, error) {
	if v.Kind != strictjson.Array {
		return word{}, fmt.Errorf("want a list, not %s", kindOf(v))
	}
	if kind.fixed && len(v.Items) != kind.size {
		return word{}, fmt.Errorf("want a list of %d, not of %d", kind.size, len(v.Items))
	}
	if err := h.spend(len(v.Items)); err != nil {
		return word{}, err
	}
	from := len(h.buffer)
	for i := range v.Items {
		encoded, err := h.encode(kind.item, &v.Items[i])
		if err != nil {
			return word{}, fmt.Errorf("item %d: %w", i, err)
		}
		h.buffer = append(h.buffer, encoded[:]...)
	}
	digest := h.sum(h.buffer[from:])
	h.buffer = h.buffer[:from]
	return digest, nil
}

func rightPadded(v *strictjson.Value, size int) (padded word, err error) {
	data, err := hexBytes(v)
	if err != nil {
		return word{}, err
	}
	if len(data) != size {
		return word{}, fmt.Errorf("want %d bytes, not %d", size, len(data))
	}
	copy(padded[:], data)
	return padded, nil
}

func address(v *strictjson.Value) (padded word, err error) {
	const size = 20
	data, err := hexBytes(v)
	if err != nil {
		return word{}, err
	}
	if len(data) != size {
		return word{}, fmt.Errorf("want an address of %d bytes, not %d", size, len(data))
	}
	copy(padded[len(padded)-size:], data)
	return padded, nil
}

func boolean(v *strictjson.Value) (encoded word, err error) {
	var truth bool
	switch v.Kind {
	case strictjson.Bool:
		truth = v.Bool
	case strictjson.Number:
		truth = v.Text == "1"
		if !truth && v.Text != "0" {
			return word{}, errors.New("want a boolean, not that number")
		}
	case strictjson.String:
		truth = v.Text == "1" || v.Text == "true"
		if !truth && v.Text != "" {
			return word{}, errors.New("want a boolean, not that string")
		}
	case strictjson.Null, strictjson.Array, strictjson.Object:
		return word{}, fmt.Errorf("want a boolean, not %s", kindOf(v))
	}
	if truth {
		encoded[len(encoded)-1] = 1
	}
	return encoded, nil
}

// integer encodes a JSON integer of 64 bits, or the big-endian bytes of a hex
// string. Only a signed type extends the sign: a negative number of an
// unsigned one is its 64 bits, as the issuers' library has it.
func integer(v *strictjson.Value, signed bool) (encoded word, err error) {
	var data []byte
	if v.Kind == strictjson.Number {
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil || v.Text == "-0" {
			return word{}, errors.New("want an integer of 64 bits")
		}
		for shift := 56; shift >= 0; shift -= 8 {
			data = append(data, byte(n>>shift&math.MaxUint8))
		}
	} else if data, err = hexBytes(v); err != nil {
		return word{}, err
	}
	if len(data) > len(encoded) {
		return word{}, fmt.Errorf("want at most %d bytes, not %d", len(encoded), len(data))
	}
	if signed && len(data) == 0 {
		return word{}, errors.New("want at least one byte, for its sign")
	}
	if signed && data[0]&0x80 != 0 {
		for i := range encoded {
			encoded[i] = 0xff
		}
	}
	copy(encoded[len(encoded)-len(data):], data)
	return encoded, nil
}

func hexBytes(v *strictjson.Value) ([]byte, error) {
	if v.Kind != strictjson.String {
		return nil, fmt.Errorf("want a hex string, not %s", kindOf(v))
	}
	digits, found := strings.CutPrefix(v.Text, "0x")
	if !found {
		return nil, errors.New("want a hex string that begins with 0x")
	}
	data, err := hex.DecodeString(digits)
	if err != nil {
		return nil, errors.New("want an even number of hex digits")
	}
	return data, nil
}

func kindOf(v *strictjson.Value) string {
	if v == nil {
		return "absent"
	}
	return v.Kind.String()
}
