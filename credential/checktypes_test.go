package credential

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

// Every member that is read must be signed as text, if it is signed at all.
func TestCheckTypes(t *testing.T) {
	const text, texts = "string", "string[]"
	for _, c := range []struct {
		of, name string
		kinds    []string // those allowed
		required bool
	}{
		{"Document", "id", []string{text}, false},
		{"Document", "issuer", []string{text}, true},
		{"Document", "issuanceDate", []string{text}, false},
		{"Document", "expirationDate", []string{text}, true},
		{"Document", "@context", []string{text, texts}, false},
		{"Document", "type", []string{text, texts}, false},
		{"CredentialSubject", "id", []string{text}, false},
		{"CredentialSubject", "provider", []string{text}, false},
		{"CredentialSubject", "hash", []string{text}, false},
		{"CredentialSubject", "nullifiers", []string{texts}, false},
		{"Proof", "type", []string{text}, false},
		{"Proof", "proofPurpose", []string{text}, false},
		{"Proof", "verificationMethod", []string{text}, false},
		{"Proof", "created", []string{text}, false},
		{"Proof", "challenge", []string{text}, false},
		{"Proof", "creator", []string{text}, false},
		{"Proof", "domain", []string{text}, false},
		{"Proof", "nonce", []string{text}, false},
		{"Proof", "jws", []string{text}, false},
	} {
		for _, kind := range []string{"", text, texts, "bytes", "uint256"} {
			t.Run(fmt.Sprintf("%s of %s as %q", c.name, c.of, kind), func(t *testing.T) {
				err := checkTypes(typesWith(t, c.of, c.name, kind), "Document")
				switch {
				case kind == "" && c.required:
					assert.EqualError(t, err, "its primary type does not list "+c.name)
				case kind == "" || kind == c.kinds[0] || kind == c.kinds[len(c.kinds)-1]:
					assert.NoError(t, err)
				default:
					assert.EqualError(t, err, fmt.Sprintf("its types sign %s as %s, not as a string", c.name, kind))
				}
			})
		}
	}
	assert.EqualError(t, checkTypes(typesWith(t, "Document", "credentialSubject", ""), "Document"),
		"its primary type does not list credentialSubject")
}

// typesWith returns the least types that are allowed, save for one member of
// one struct, which has another kind or, with the kind "", is not listed.
func typesWith(t *testing.T, of, name, kind string) *typeddata.Types {
	t.Helper()
	var document strings.Builder
	document.WriteString(`{"EIP712Domain":[]`)
	for _, s := range []struct {
		name    string
		members [][2]string
	}{
		{"Document", [][2]string{
			{"credentialSubject", "CredentialSubject"}, {"issuer", "string"}, {"expirationDate", "string"}, {"proof", "Proof"},
		}},
		{"CredentialSubject", [][2]string{{"x", "string"}}},
		{"Proof", [][2]string{{"x", "string"}}},
	} {
		list, separator := "", ""
		add := func(name, kind string) {
			list += fmt.Sprintf(`%s{"name":%q,"type":%q}`, separator, name, kind)
			separator = ","
		}
		for _, m := range s.members {
			if s.name != of || m[0] != name {
				add(m[0], m[1])
			}
		}
		if s.name == of && kind != "" {
			add(name, kind)
		}
		fmt.Fprintf(&document, `,%q:[%s]`, s.name, list)
	}
	document.WriteString("}")
	value, err := strictjson.Parse([]byte(document.String()), strictjson.Limits{Size: 10_000, Depth: 10, Values: 1000})
	require.NoError(t, err)
	types, err := typeddata.Parse(value)
	require.NoError(t, err)
	return types
}
