//go:build didkit

package didkit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// damage changes a credential in one to three random ways, and says how.
func damage(t *testing.T, r *rand.Rand, text, another string) (damaged string, how []string) {
	t.Helper()
	for range 1 + r.IntN(3)*r.IntN(2) {
		if r.IntN(5) == 0 {
			var did string
			text, did = damageText(r, text)
			how = append(how, did)
			continue
		}
		root, whole := parse(text)
		other, _ := parse(another)
		if !whole {
			break // a change of the text has left no JSON
		}
		did := damageTree(t, r, &root, other)
		text, how = write(t, root), append(how, did)
	}
	return text, how
}

func parse(text string) (root any, whole bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&root)
	return root, err == nil && !decoder.More()
}

func write(t *testing.T, root any) string {
	t.Helper()
	text, err := json.Marshal(root)
	require.NoError(t, err)
	return string(text)
}

func copied(t *testing.T, value any) any {
	t.Helper()
	other, _ := parse(write(t, value))
	return other
}

// place is a value in a tree, and how to replace it.
type place struct {
	path  string
	value any
	set   func(any)
	// remove takes it out of what it is in.
	remove func()
	// in is the object that it is in, if any.
	in   map[string]any
	name string
}

// places returns all values of the tree, in an order that does not depend on
// chance.
func places(path string, value any, set func(any)) []place {
	all := []place{{path: path, value: value, set: set}}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inside := places(path+"."+name, v[name], func(other any) { v[name] = other })
			inside[0].remove, inside[0].in, inside[0].name = func() { delete(v, name) }, v, name
			all = append(all, inside...)
		}
	case []any:
		for i := range v {
			inside := places(fmt.Sprintf("%s[%d]", path, i), v[i], func(other any) { v[i] = other })
			inside[0].remove = func() { set(slices.Delete(slices.Clone(v), i, i+1)) }
			all = append(all, inside...)
		}
	}
	return all
}

// damageTree changes the tree in one way.
func damageTree(t *testing.T, r *rand.Rand, root *any, another any) string {
	t.Helper()
	all := places("", *root, func(other any) { *root = other })
	at := one(r, all)
	if r.IntN(2) == 0 { // half of the damage is where there is most to go wrong
		known := slices.DeleteFunc(slices.Clone(all), func(p place) bool { return strings.Contains(p.path, ".types.") })
		at = one(r, known)
	}
	if change, did := damageKnown(r, at); did != "" {
		at.set(change)
		return at.path + " " + did
	}
	switch r.IntN(9) {
	case 0:
		if at.remove != nil {
			at.remove()
			return at.path + " removed"
		}
	case 1:
		other := one(r, []any{nil, true, false, 0, 1, -1, 1.5, json.Number("1e400"), "", "x", []any{}, map[string]any{}, []any{nil}, "2020-01-01T00:00:00Z", "0x00"})
		at.set(other)
		return fmt.Sprintf("%s set to %v", at.path, other)
	case 2:
		at.set([]any{at.value})
		return at.path + " put in a list"
	case 3:
		if list, is := at.value.([]any); is && len(list) > 0 {
			at.set(one(r, []any{list[0], append(slices.Clone(list), list[0]), reversed(list)}))
			return at.path + " rearranged"
		}
	case 4:
		if at.in != nil {
			name := one(r, []string{strings.ToUpper(at.name), at.name + " ", "x", "@" + at.name, strings.ToUpper(at.name[:min(1, len(at.name))]) + at.name[min(1, len(at.name)):], at.name + "\u0301"})
			at.in[name] = at.value
			if r.IntN(2) == 0 {
				at.remove()
				return at.path + " renamed to " + name
			}
			return at.path + " also as " + name
		}
	case 5:
		if object, is := at.value.(map[string]any); is {
			name := one(r, []string{"extra", "id", "name", "nonce", "challenge", "domain", "creator", "jws", "evidence", "termsOfUse", "credentialStatus", "holder", "@id", "eip712", "proofValue"})
			object[name] = one(r, []any{"urn:x", 1, nil, []any{}, map[string]any{}, "text"})
			return fmt.Sprintf("%s with a member %s: %v", at.path, name, object[name])
		}
	case 6:
		for _, theirs := range places("", another, func(any) {}) {
			if theirs.path == at.path {
				at.set(theirs.value)
				return at.path + " taken from another"
			}
		}
	case 7:
		other := one(r, all)
		at.set(copied(t, other.value)) // or the tree could hold itself
		return at.path + " set to what is at " + other.path
	}
	if text, is := at.value.(string); is {
		changed := damageString(r, text)
		at.set(changed)
		return fmt.Sprintf("%s spelt %.40q", at.path, changed)
	}
	at.set("changed")
	return at.path + " changed"
}

func reversed(list []any) []any {
	other := slices.Clone(list)
	slices.Reverse(other)
	return other
}

func damageString(r *rand.Rand, text string) string {
	letters := []rune(text)
	if len(letters) == 0 {
		return one(r, []string{" ", "x"})
	}
	i := r.IntN(len(letters))
	switch r.IntN(7) {
	case 0:
		letters[i] = one(r, []rune("aZ09 .:#-_~é東\u0000\u200b"))
	case 1:
		letters[i] = []rune(strings.ToUpper(string(letters[i])))[0]
	case 2:
		letters[i] = []rune(strings.ToLower(string(letters[i])))[0]
	case 3:
		letters = slices.Delete(letters, i, i+1)
	case 4:
		letters = slices.Insert(letters, i, one(r, []rune("aZ0 .:\u0301\u200b")))
	case 5:
		return text + one(r, []string{" ", "\n", "0", "x", "\u0000", "#", "="})
	default:
		return one(r, []string{" ", "\t", "0", "x"}) + text
	}
	return string(letters)
}

// damageKnown changes what has a meaning of its own in ways that come close to
// it, if it is such.
func damageKnown(r *rand.Rand, at place) (change any, did string) {
	text, is := at.value.(string)
	if !is {
		return nil, ""
	}
	switch {
	case strings.HasSuffix(at.path, ".proofValue"):
		return damageSignature(r, text)
	case strings.HasSuffix(at.path, "Date"), strings.HasSuffix(at.path, ".created"):
		return damageDate(r, text), "another date"
	case strings.HasSuffix(at.path, ".verificationMethod") && r.IntN(2) == 0:
		did, _, _ := strings.Cut(text, "#")
		return did + one(r, []string{"", "#", "#controller", "#controllerKey", "#blockchainAccountId", "#Recovery2020", "#Eip712Method2021", "#key-1"}), "another fragment"
	case at.path == ".issuer" && r.IntN(2) == 0:
		return one(r, []any{
			strings.ToUpper(text), strings.Replace(text, "did:ethr:", "did:pkh:eip155:1:", 1), strings.Replace(text, "did:ethr:", "did:pkh:eth:", 1),
			strings.Replace(text, "did:ethr:", "did:ethr:mainnet:", 1),
			map[string]any{"id": text},
			"did:ethr:" + strings.ToUpper(strings.TrimPrefix(text, "did:ethr:")),
		}), "another issuer"
	case strings.Contains(at.path, ".types.") && strings.HasSuffix(at.path, ".type") && r.IntN(2) == 0:
		return one(r, []string{"string", "bytes", "uint256", "uint", "int7", "string[]", "string[1]", "bool", "address", "bytes33", "Missing", "uintX", "string[", "[]", "Document"}), "another type"
	}
	return nil, ""
}

func damageDate(r *rand.Rand, text string) string {
	return one(r, []string{
		strings.ToLower(text), strings.Replace(text, "T", " ", 1), strings.Replace(text, "Z", "+00:00", 1), strings.Replace(text, "Z", "-00:00", 1),
		strings.Replace(text, "Z", ".0Z", 1), strings.Replace(text, "Z", ".1234567891Z", 1), strings.Replace(text, "Z", ",5Z", 1),
		strings.Replace(text, "Z", "+24:00", 1), strings.Replace(text, "Z", "+23:60", 1), strings.Replace(text, "Z", "+0000", 1),
		strings.Replace(text, "Z", "", 1), "2020-02-30T00:00:00Z", "2020-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
		"10000-01-01T00:00:00Z", "+2020-01-01T00:00:00Z", "2020-01-01", "2020-1-1T00:00:00Z", "2020-01-01T24:00:00Z", "2100-01-01T00:00:00Z",
		"2019-06-01T00:00:00.120Z", "2020-01-01T00:00Z", text + " ", " " + text,
	})
}

// order is that of the curve's group.
var order, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

// damageSignature spells the signature in another way, or makes it another one.
func damageSignature(r *rand.Rand, text string) (string, string) {
	signature, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(signature) != 65 {
		return text + "00", "longer by a byte"
	}
	switch r.IntN(9) {
	case 0:
		return "0x" + strings.ToUpper(text[2:]), "in upper case"
	case 1:
		return text + one(r, []string{"0", "00", "1b", "zz"}), "with more behind it"
	case 2:
		return text[2:], "without 0x"
	case 3:
		return "0X" + text[2:], "with 0X"
	case 4:
		signature[64] = one(r, []byte{0, 1, 2, 3, 26, 27, 28, 29, 30, 54, 55, 255})
		return "0x" + hex.EncodeToString(signature), "with another v"
	case 5: // the other s verifies as well, with the other v
		high := new(big.Int).Sub(order, new(big.Int).SetBytes(signature[32:64]))
		high.FillBytes(signature[32:64])
		signature[64] = 27 + 28 - signature[64]
		return "0x" + hex.EncodeToString(signature), "with a high s"
	case 6:
		copy(signature[32*r.IntN(2):], one(r, [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), order.Bytes()}))
		return "0x" + hex.EncodeToString(signature), "out of range"
	case 7:
		return text[:2*r.IntN(66)], "cut off"
	}
	signature[r.IntN(65)] ^= 1 << r.IntN(8)
	return "0x" + hex.EncodeToString(signature), "with a bit turned"
}

// damageText changes the text, which JSON does not always see.
func damageText(r *rand.Rand, text string) (damaged, how string) {
	switch r.IntN(8) {
	case 0:
		return strings.ReplaceAll(text, `":`, `" : `), "with white space"
	case 1:
		return text + one(r, []string{" ", "\n", "x", "{}", ",", "\x00"}), "with something behind it"
	case 2:
		return strings.Replace(text, "e", "\\u0065", 1+r.IntN(20)), "with escapes"
	case 3:
		return text[:r.IntN(len(text))], "cut off"
	case 4: // a key twice
		name, value := one(r, []string{`"issuer"`, `"type"`, `"proof"`, `"issuanceDate"`, `"@context"`, `"x"`}), one(r, []string{`"x"`, `null`, `[]`, `{}`})
		return text[:1] + name + ":" + value + "," + text[1:], "with " + name + " once more before"
	case 5:
		i := r.IntN(len(text))
		return text[:i] + one(r, []string{" ", "\t", "\v", "\ufeff", "0", ","}) + text[i:], "with something in it"
	case 6:
		return "\ufeff" + text, "with a mark before it"
	}
	return "[" + text + "]", "in a list"
}
