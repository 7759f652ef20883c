//go:build didkit

package didkit

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/sha3"

	"github.com/passport-sdk/passport-go/passporttest"
)

// maker makes fresh credentials: what they say, their keys and their forms are
// drawn from the die.
type maker struct {
	*rand.Rand

	judge *judge
}

// fresh is a whole credential, and where it comes from.
type fresh struct {
	from string
	text string
	// usual ones have the form in which the issuers write them, and so must be
	// accepted.
	usual bool
}

// whole returns a credential with a proof that holds.
func (m *maker) whole(t *testing.T) fresh {
	t.Helper()
	for {
		switch m.IntN(6) {
		case 0, 1:
			return m.byTestIssuer(t)
		case 2, 3:
			return m.legacy(t)
		case 4:
			if made, ok := m.typed(t, false); ok {
				return made
			}
		default:
			if made, ok := m.typed(t, true); ok {
				return made
			}
		}
	}
}

func one[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// text is text of any script, sometimes with what JSON and N-Quads escape.
func (m *maker) text() string {
	words := []string{
		"Google", "Github", "é", "e\u0301", "東京", "\U0001F600", "\"", "\\", "\n", "\r", "\t", "\b", "\x7f", "\u2028", "<&>", "v0.0.0:", "'", " ", "\u200d", "ﬁ", "A", "0x",
	}
	var text strings.Builder
	for range 1 + m.IntN(4) {
		text.WriteString(one(m.Rand, words))
	}
	return text.String()
}

func (m *maker) address() string { return passporttest.Address(strconv.Itoa(m.IntN(1000))) }

// date is RFC 3339 with any fraction and offset.
func (m *maker) date(years int) string {
	moment := time.Date(2020+m.IntN(max(1, years)), time.Month(1+m.IntN(12)), 1+m.IntN(28), m.IntN(24), m.IntN(60), m.IntN(60), m.IntN(1e9), time.UTC)
	layout := "2006-01-02T15:04:05" + one(m.Rand, []string{"", "", ".0", ".000", ".000000", ".000000000"})
	switch m.IntN(3) {
	case 0:
		return moment.In(time.FixedZone("", (m.IntN(48)-24)*1800)).Format(layout + "-07:00")
	case 1:
		return moment.Truncate(time.Millisecond).Format(layout + "Z")
	}
	return moment.Format(layout + "Z")
}

func (m *maker) byTestIssuer(t *testing.T) fresh {
	t.Helper()
	nullifiers := []string{}
	for range m.IntN(4) {
		nullifiers = append(nullifiers, "v0:"+m.text())
	}
	text, err := passporttest.NewIssuerFromSeed(strconv.Itoa(m.IntN(50))).Issue(m.address(), m.text(), "", passporttest.Nullifiers(nullifiers...),
		passporttest.IssuedAt(time.Date(2020+m.IntN(5), 1, 1+m.IntN(400), m.IntN(24), 0, m.IntN(60), 0, time.UTC)),
		passporttest.ExpiresAt(time.Date(2020+m.IntN(20), 1, 1+m.IntN(400), m.IntN(24), 0, m.IntN(60), 0, time.UTC)))
	require.NoError(t, err)
	return fresh{"the test issuer", string(text), true}
}

// issue has didkit sign.
func (m *maker) issue(t *testing.T, credential, options, key any) (string, bool) {
	t.Helper()
	theirs := m.judge.ask(t, map[string]any{"issue": credential, "options": options, "key": key})
	return theirs.Credential, theirs.Credential != ""
}

func unpadded(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

// legacy is an older credential, with an Ed25519 signature over linked data.
func (m *maker) legacy(t *testing.T) fresh {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(m.IntN(256))
	}
	private := ed25519.NewKeyFromSeed(seed)
	public, _ := private.Public().(ed25519.PublicKey)
	key := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": unpadded(public), "d": unpadded(seed)}
	id := "z" + base58(append([]byte{0xed, 0x01}, public...))
	mapping := any(map[string]any{"hash": "https://schema.org/Text", "provider": "https://schema.org/Text"})
	contexts := any("https://www.w3.org/2018/credentials/v1")
	if m.IntN(2) == 0 {
		mapping, contexts = []any{mapping}, []any{contexts}
	}
	provider := m.text()
	usual := !strings.HasPrefix(provider, "v0.0.0:")
	subject := map[string]any{"id": "did:pkh:eip155:1:" + m.address(), "@context": mapping, "hash": "v0.0.0:" + m.text(), "provider": provider}
	if m.IntN(10) == 0 { // didkit signs this as well, and no issuer ever did
		usual = false
		delete(subject, "hash")
		subject["nullifiers"] = []string{"v0:" + m.text()}
		subject["@context"] = map[string]any{
			"nullifiers": map[string]any{"@container": "@list", "@id": "https://schema.org/Text"}, "provider": "https://schema.org/Text",
		}
	}
	credential := map[string]any{
		"@context": contexts, "type": []string{"VerifiableCredential"}, "issuer": "did:key:" + id,
		"issuanceDate": m.date(6), "expirationDate": m.date(20),
		"credentialSubject": subject,
	}
	text, ok := m.issue(t, credential, map[string]any{"verificationMethod": "did:key:" + id + "#" + id, "proofPurpose": "assertionMethod", "created": m.date(6)}, key)
	require.True(t, ok, "didkit does not sign %v", credential)
	return fresh{"didkit, Ed25519", text, usual}
}

func base58(bytes []byte) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	digits := []byte{}
	for _, b := range bytes {
		carry := int(b)
		for i := range digits {
			carry += int(digits[i]) << 8
			digits[i], carry = byte(carry%58), carry/58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	var text strings.Builder
	for _, digit := range slices.Backward(digits) {
		text.WriteByte(alphabet[digit])
	}
	return text.String()
}

// typed is a credential with an EIP-712 signature by didkit: in the issuers'
// form, or with members of any type beside it.
func (m *maker) typed(t *testing.T, more bool) (fresh, bool) {
	t.Helper()
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(1 + m.IntN(250))
	}
	private := secp256k1.PrivKeyFromBytes(secret)
	point := private.PubKey().SerializeUncompressed()
	key := map[string]any{
		"kty": "EC", "crv": "secp256k1", "alg": "ES256K-R",
		"x": unpadded(point[1:33]), "y": unpadded(point[33:]), "d": unpadded(secret),
	}
	did, method := m.did(private.PubKey())
	subject := map[string]any{
		"id": "did:pkh:eip155:1:" + m.address(), "provider": m.text(), "nullifiers": []string{"v0:" + m.text()},
		"@context": map[string]any{
			"nullifiers": map[string]any{"@container": "@list", "@type": "https://schema.org/Text"}, "provider": "https://schema.org/Text",
		},
	}
	credential := map[string]any{
		"@context": []string{"https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"},
		"type":     []string{"VerifiableCredential"}, "issuer": did, "issuanceDate": m.date(6), "expirationDate": m.date(20),
		"credentialSubject": subject,
	}
	types := issuersTypes()
	if more {
		m.addMembers(types, "CredentialSubject", subject)
		m.addMembers(types, "Document", credential)
	}
	layout := map[string]any{"domain": map[string]any{"name": "VerifiableCredential"}, "primaryType": "Document", "types": types}
	options := map[string]any{
		"type": "EthereumEip712Signature2021", "verificationMethod": method, "proofPurpose": "assertionMethod", "created": m.date(6),
	}
	from := "didkit, EIP-712"
	switch {
	case !more:
		options[one(m.Rand, []string{"eip712Domain", "eip712Domain", "eip712"})] = layout
	case m.IntN(5) == 0:
		from += " with derived types"
	default:
		options["eip712Domain"] = layout
		from += " with more members"
	}
	text, ok := m.issue(t, credential, options, key)
	return fresh{from, text, !more}, ok
}

// did returns one of the issuer's names, and the method by which it verifies.
func (m *maker) did(key *secp256k1.PublicKey) (did, method string) {
	hash := sha3.NewLegacyKeccak256()
	hash.Write(key.SerializeUncompressed()[1:])
	address := "0x" + hex.EncodeToString(hash.Sum(nil)[12:])
	network := one(m.Rand, []string{"", "", "", "mainnet:", "goerli:", "0x1:", "0x89:"})
	switch m.IntN(5) {
	case 0:
		did = "did:pkh:eip155:" + one(m.Rand, []string{"1", "137"}) + ":" + address
		return did, did + "#blockchainAccountId"
	case 1:
		did = "did:ethr:" + network + "0x" + hex.EncodeToString(key.SerializeCompressed())
		return did, did + one(m.Rand, []string{"#controller", "#controllerKey"})
	}
	did = "did:ethr:" + network + address
	return did, did + "#controller"
}

type member struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// issuersTypes are those by which the issuers have a credential hashed.
func issuersTypes() map[string][]member {
	return map[string][]member{
		"@context":          {{"nullifiers", "NullifiersContext"}, {"provider", "string"}},
		"CredentialSubject": {{"@context", "@context"}, {"nullifiers", "string[]"}, {"id", "string"}, {"provider", "string"}},
		"Document": {
			{"@context", "string[]"},
			{"credentialSubject", "CredentialSubject"},
			{"expirationDate", "string"},
			{"issuanceDate", "string"},
			{"issuer", "string"},
			{"proof", "Proof"},
			{"type", "string[]"},
		},
		"EIP712Domain":      {{"name", "string"}},
		"NullifiersContext": {{"@container", "string"}, {"@type", "string"}},
		"Proof": {
			{"@context", "string"}, {"created", "string"}, {"proofPurpose", "string"}, {"type", "string"}, {"verificationMethod", "string"},
		},
	}
}

// addMembers adds members to the object, of all kinds of types, and mostly with
// values that they can have.
func (m *maker) addMembers(types map[string][]member, of string, object map[string]any) {
	types["Pair"] = []member{{"left", "uint8"}, {"right", "Pair[]"}}
	types["Odd"] = []member{{"a", "bytes4"}, {"b", "int256[2]"}}
	for i := range m.IntN(3) {
		name := fmt.Sprintf("extra%d", i)
		kind, value := m.typedValue(2)
		types[of] = append(types[of], member{name, kind})
		if m.IntN(12) > 0 { // members may be listed and absent
			object[name] = value
		}
	}
}

func (m *maker) typedValue(depth int) (kind string, value any) {
	bits := 8 * (1 + m.IntN(32))
	switch m.IntN(12) {
	case 0:
		return "bool", one(m.Rand, []any{true, false, 0, 1, "true", "1", "", "false", 2})
	case 1:
		return fmt.Sprintf("uint%d", bits), one(m.Rand, []any{0, 1, 255, 256, int64(1) << 62, "0x01", "0xff00", "0x1", -1, "1", "0x" + strings.Repeat("ff", 32), json.Number("18446744073709551615"), 1.5})
	case 2:
		return fmt.Sprintf("int%d", bits), one(m.Rand, []any{0, -1, 1, -128, "0xff", "0x80", "0x0080", "0x", int64(-1) << 62, "-1", json.Number("1e2")})
	case 3:
		size := 1 + m.IntN(32)
		return fmt.Sprintf("bytes%d", size), "0x" + strings.Repeat("aB", size+one(m.Rand, []int{0, 0, 0, 0, -1, 1}))
	case 4:
		return "bytes", one(m.Rand, []any{"0x", "0xABcd", "abcd", "0xabc", "", 1})
	case 5:
		return "address", one(m.Rand, []any{m.address(), strings.ToUpper(m.address()), "0x" + strings.ToUpper(m.address()[2:]), m.address()[:40], ""})
	case 6:
		return "Pair", map[string]any{"left": m.IntN(300), "right": []any{map[string]any{"left": 1, "right": []any{}}}}
	case 7:
		return "Odd", map[string]any{"a": "0x01020304", "b": one(m.Rand, []any{[]any{1, 2}, []any{1}, []any{"0x05", -6}})}
	case 8, 9:
		if depth == 0 {
			return "string", m.text()
		}
		kind, value := m.typedValue(depth - 1)
		return kind + one(m.Rand, []string{"[]", "[2]", "[]"}), one(m.Rand, []any{[]any{value, value}, []any{value}, []any{}, value})
	}
	return "string", one(m.Rand, []any{m.text(), "", 1, true, nil, []any{}})
}
