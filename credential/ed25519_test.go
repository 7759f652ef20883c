package credential

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var legacyKey = ed25519.NewKeyFromSeed([]byte("a seed of our own for these test"))

// base58 spells bytes that do not begin with 0.
func base58(data []byte) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	number, digit := new(big.Int).SetBytes(data), new(big.Int)
	var spelt []byte
	for number.Sign() > 0 {
		number.DivMod(number, big.NewInt(58), digit)
		spelt = append([]byte{alphabet[digit.Int64()]}, spelt...)
	}
	return string(spelt)
}

// keyID is the id of a did:key.
func keyID(prefix, key []byte) string { return "z" + base58(append(bytes.Clone(prefix), key...)) }

// legacyText is a credential of the older kind, issued by legacyKey but for its
// signature.
func legacyText(t *testing.T) string {
	t.Helper()
	public, ok := legacyKey.Public().(ed25519.PublicKey)
	require.True(t, ok)
	id := keyID([]byte{0xed, 0x01}, public)
	return `{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],` +
		`"credentialSubject":{"id":"did:pkh:eip155:1:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","hash":"v0.0.0:x",` +
		`"@context":[{"hash":"https://schema.org/Text","provider":"https://schema.org/Text"}],"provider":"Facebook"},` +
		`"issuer":"did:key:` + id + `","issuanceDate":"2026-01-01T00:00:00Z","expirationDate":"2035-01-01T00:00:00.5+01:00",` +
		`"proof":{"type":"Ed25519Signature2018","proofPurpose":"assertionMethod","verificationMethod":"did:key:` + id + `#` + id + `",` +
		`"created":"2026-01-01T01:00:00+01:00","jws":"none"}}`
}

// signLegacy parses the text and signs what the older proof covers of it,
// whatever else the text says.
func signLegacy(t *testing.T, text string) *Signed {
	t.Helper()
	unsigned, err := Parse([]byte(text))
	require.NoError(t, err)
	if len(unsigned.said.Nullifiers) == 0 {
		unsigned.said.Nullifiers = []string{""}
	}
	proof := sha256.Sum256([]byte(unsigned.legacyProof(unsigned.Issuer + "#" + strings.TrimPrefix(unsigned.Issuer, "did:key:"))))
	document := sha256.Sum256([]byte(unsigned.legacyDocument()))
	message := append([]byte(legacyHeader+"."), append(proof[:], document[:]...)...)
	jws := legacyHeader + ".." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(legacyKey, message))
	signed, err := Parse([]byte(strings.Replace(text, `"jws":"none"`, `"jws":"`+jws+`"`, 1)))
	require.NoError(t, err)
	return signed
}

// The signature covers a subject, a hash, a provider, dates and an issuer. All
// else that a credential of the older kind could say is not signed, and in
// these the signature holds: only the shape speaks against them.
func TestVerify_LegacyShape(t *testing.T) {
	const (
		members  = "its members are not those of an Ed25519Signature2018 credential"
		lists    = "it has more than one @context or type"
		subject  = "its subject is not exactly id, @context, hash and provider"
		mapping  = "its subject's @context does not map exactly hash and provider to text"
		proof    = "its proof is not exactly type, proofPurpose, verificationMethod, created and jws"
		hash     = "its hash does not begin with v0.0.0:, or its provider does"
		account  = "its subject is not an Ethereum account"
		text     = `"https://schema.org/Text"`
		mapped   = `{"hash":` + text + `,"provider":` + text + `}`
		contexts = `"@context":["https://www.w3.org/2018/credentials/v1"]`
		address  = `did:pkh:eip155:1:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1`
	)
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{`"provider":"Facebook"`, `"provider":"zk \"Pass\"\\"`, ""},
		{`"@context":[` + mapped + `]`, `"@context":` + mapped, ""},
		{contexts, `"@context":"https://www.w3.org/2018/credentials/v1"`, ""},
		{`"issuer"`, `"id":"urn:x","issuer"`, members},
		{`"issuer"`, `"more":1,"issuer"`, members},
		{`"expirationDate"`, `"expiry"`, members},
		{`"expirationDate":"2035-01-01T00:00:00.5+01:00"`, `"expirationDate":null`, members},
		{contexts, `"@context":["https://www.w3.org/2018/credentials/v1","urn:x"]`, lists},
		{contexts, `"@context":["https://www.w3.org/2018/credentials/v1",{"issuer":"urn:x"}]`, lists},
		{`["VerifiableCredential"]`, `["VerifiableCredential","Other"]`, lists},
		{`"provider":"Facebook"`, `"provider":"Facebook","nullifiers":null`, subject},
		{`"provider":"Facebook"`, `"provider":"Facebook","more":1`, subject},
		{`"provider":"Facebook"`, `"providers":"Facebook"`, subject},
		{`"hash":"v0`, `"hashes":"v0`, subject},
		{`"@context":[` + mapped + `],`, `"contexts":[` + mapped + `],`, subject},
		{mapped, mapped + "," + mapped, mapping},
		{`[` + mapped + `]`, `[]`, mapping},
		{mapped, `"urn:x"`, mapping},
		{mapped, `{"hash":` + text + `}`, mapping},
		{mapped, `{"hash":` + text + `,"providers":` + text + `}`, mapping},
		{mapped, `{"hashes":` + text + `,"provider":` + text + `}`, mapping},
		{mapped, `{"hash":` + text + `,"provider":` + text + `,"id":` + text + `}`, mapping},
		{mapped, `{"hash":"https://schema.org/URL","provider":` + text + `}`, mapping},
		{mapped, `{"hash":` + text + `,"provider":"https://schema.org/URL"}`, mapping},
		{mapped, `{"hash":` + text + `,"provider":{"@id":` + text + `}}`, mapping},
		{`"created"`, `"nonce":"1","created"`, proof},
		{`"created"`, `"more":1,"created"`, proof},
		{`"hash":"v0.0.0:x"`, `"hash":"v1:x"`, hash},
		{`"hash":"v0.0.0:x"`, `"hash":""`, hash},
		{`"hash":"v0.0.0:x"`, `"hash":null`, hash},
		{`"provider":"Facebook"`, `"provider":"v0.0.0:y"`, hash},
		{`"provider":"Facebook"`, `"provider":""`, hash},
		{`"provider":"Facebook"`, `"provider":null`, hash},
		{`"hash":"v0.0.0:x",`, `"hash":"v1:x",`, hash},
		{address, `did:pkh:eip155:10:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1`, account},
		{address, address + ">", account},
		{address, `did:pkh:eip155:1:0xa1a1`, account},
		{address, `did:x:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1`, account},
		{address, `urn:0x`, account},
		{`"id":"` + address + `"`, `"id":null`, account},
	} {
		original := legacyText(t)
		changed := strings.Replace(original, c.old, c.new, 1)
		if c.old != "" {
			require.NotEqual(t, original, changed, c.old)
		}
		var verifier Verifier
		err := verifier.Verify(t.Context(), signLegacy(t, changed), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		if c.want == "" {
			require.NoError(t, err, c.new)
			continue
		}
		assert.Equal(t, &Error{ReasonUnsupportedProof, c.want}, err, c.new)
	}
}

// The lines, typed by hand after the RDF canonicalization of the older kind.
func TestVerify_LegacyDocument(t *testing.T) {
	const about = "<did:pkh:eip155:1:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1>"
	for provider, texts := range map[string][2]string{
		"Facebook":           {`"Facebook"`, `"v0.0.0:x"`},
		"zkPass":             {`"v0.0.0:x"`, `"zkPass"`},
		`a\"b\\c\nd\re\tf\/`: {`"a\"b\\c\nd\re` + "\t" + `f/"`, `"v0.0.0:x"`},
	} {
		signed, err := Parse([]byte(strings.Replace(legacyText(t), `"provider":"Facebook"`, `"provider":"`+provider+`"`, 1)))
		require.NoError(t, err)
		assert.Equal(t, about+` <https://schema.org/Text> `+texts[0]+` .
`+about+` <https://schema.org/Text> `+texts[1]+` .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
_:c14n0 <https://www.w3.org/2018/credentials#credentialSubject> `+about+` .
_:c14n0 <https://www.w3.org/2018/credentials#expirationDate> "2035-01-01T00:00:00.500+01:00"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
_:c14n0 <https://www.w3.org/2018/credentials#issuanceDate> "2026-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
_:c14n0 <https://www.w3.org/2018/credentials#issuer> <`+signed.Issuer+`> .
`, signed.legacyDocument())
		assert.Equal(t, `_:c14n0 <http://purl.org/dc/terms/created> "2026-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#Ed25519Signature2018> .
_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod> .
_:c14n0 <https://w3id.org/security#verificationMethod> <the method> .
`, signed.legacyProof("the method"))
	}
}

func TestVerify_LegacyKey(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	text := legacyText(t)
	other := keyID([]byte{0xed, 0x01}, bytes.Repeat([]byte{7}, 32))
	_, rest, _ := strings.Cut(text, `"issuer":"did:key:`)
	own, _, _ := strings.Cut(rest, `"`)
	var verifier Verifier
	for name, c := range map[string]struct{ old, new, want string }{
		"another method":        {"#" + own, "#key-1", "its proof's verification method is not a key of its issuer"},
		"another issuer's key":  {`"verificationMethod":"did:key:` + own, `"verificationMethod":"did:key:` + other, "its proof's verification method is not a key of its issuer"},
		"no method":             {`"verificationMethod"`, `"method"`, "proof.verificationMethod is not a string"},
		"no key in the issuer":  {`did:key:` + own, `did:web:` + own, "its proof's verification method is not a key of its issuer"},
		"no key at all":         {own, own[:len(own)-1], "its proof's verification method is not a key of its issuer"},
		"another kind of proof": {`"Ed25519Signature2018"`, `"Ed25519Signature2020"`, `proofs of type "Ed25519Signature2020" are not known`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(text, c.old, c.new)
			require.NotEqual(t, text, changed)
			signed, err := Parse([]byte(changed))
			require.NoError(t, err)
			assert.EqualError(t, verifier.Verify(t.Context(), signed, now), c.want)
		})
	}

	unsigned, err := Parse([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, &Error{ReasonBadSignature, "its jws is not a detached EdDSA signature"}, verifier.Verify(t.Context(), unsigned, now))

	swapped, err := Parse([]byte(strings.ReplaceAll(text, own, other)))
	require.NoError(t, err)
	swapped.proof.Get("jws").Text = signLegacy(t, text).ProofValue
	assert.Equal(t, &Error{ReasonBadSignature, "its signature is not the issuer's over this text"}, verifier.Verify(t.Context(), swapped, now))
}

func TestParseJWS_OneSpelling(t *testing.T) {
	encoded := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 64))
	signature, err := parseJWS(legacyHeader + ".." + encoded)
	require.NoError(t, err)
	assert.Equal(t, bytes.Repeat([]byte{0xfb}, 64), signature)
	for name, jws := range map[string]string{
		"empty":             "",
		"another header":    "eyJhbGciOiJFZERTQSJ9.." + encoded,
		"no header":         encoded,
		"with a payload":    legacyHeader + ".e30." + encoded,
		"padded":            legacyHeader + ".." + encoded + "==",
		"other letters":     legacyHeader + ".." + strings.ReplaceAll(encoded, "-", "+"),
		"a line end inside": legacyHeader + ".." + encoded[:9] + "\n" + encoded[9:],
		"a return at last":  legacyHeader + ".." + encoded + "\r",
		"bits to spare":     legacyHeader + ".." + encoded[:len(encoded)-1] + "x",
	} {
		signature, err := parseJWS(jws)
		assert.Equal(t, &Error{ReasonBadSignature, "its jws is not a detached EdDSA signature"}, err, name)
		assert.Nil(t, signature, name)
	}
}

func TestEd25519Key(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	good := keyID([]byte{0xed, 0x01}, key)
	require.Len(t, good, 48)
	read, found := ed25519Key(good)
	require.True(t, found)
	assert.Equal(t, ed25519.PublicKey(key), read)

	for _, key := range [][]byte{bytes.Repeat([]byte{0}, 32), bytes.Repeat([]byte{0xff}, 32)} {
		read, found := ed25519Key(keyID([]byte{0xed, 0x01}, key))
		require.True(t, found, "every key has so many digits")
		assert.Equal(t, ed25519.PublicKey(key), read)
	}
	for name, id := range map[string]string{
		"nothing":               "",
		"another base":          "Q" + good[1:],
		"a digit more":          good + "1",
		"a digit less":          good[:47],
		"a 1 in front, as zero": "z1" + good[1:],
		"a digit that is none":  good[:47] + "0",
		"another that is none":  good[:20] + "l" + good[21:],
		"all ones":              "z" + strings.Repeat("1", 47),
		"a key of another kind": keyID([]byte{0xe7, 0x01}, key),
		"another version":       keyID([]byte{0xed, 0x02}, key),
		"the largest number":    "z" + strings.Repeat("z", 47),
	} {
		read, found := ed25519Key(id)
		assert.False(t, found, name)
		assert.Nil(t, read, name)
	}
}

func TestVerify_LegacyCallerWrites(t *testing.T) {
	signed := signLegacy(t, legacyText(t))
	signed.Nullifiers[0] = "v0.0.0:another"
	signed.Credential = Credential{}
	var verifier Verifier
	require.NoError(t, verifier.Verify(t.Context(), signed, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)))
}
