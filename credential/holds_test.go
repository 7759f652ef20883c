package credential_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// signerOf returns the address that the issuer's DID names.
func signerOf(tb testing.TB, text []byte) (address [20]byte) {
	tb.Helper()
	signed, err := credential.Parse(text)
	require.NoError(tb, err)
	digits, err := hex.DecodeString(strings.TrimPrefix(signed.Issuer, "did:ethr:0x"))
	require.NoError(tb, err)
	require.Equal(tb, len(address), copy(address[:], digits))
	return address
}

// Each is a credential whose signature holds over what it says, as if a
// trusted issuer had signed it so: only its form speaks against it. Most of the
// refusals are didkit 0.3.3's too; stricter than it are those of members that
// stamps do not have, of names that spell two, and of types without an expiry.
func TestVerify_AmbiguousForms(t *testing.T) {
	text := string(issued(t, today))
	signer := signerOf(t, []byte(text))
	believing := credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) { return signer, nil }}
	const (
		issuer   = `"issuer":"did`
		purpose  = `"proofPurpose":"assert`
		document = `"Document":[`
		proof    = `"Proof":[`
		subject  = `"CredentialSubject":[`
	)
	lists := func(name, kind string) string { return `{"name":"` + name + `","type":"` + kind + `"},` }
	for _, c := range []struct {
		name    string
		want    credential.Reason
		replace []string // old, new, old, new …
	}{
		{"nothing", "", nil},
		{"another provider", "", []string{`"Discord"`, `"Google"`}},
		{"an id", "", []string{issuer, `"id":"urn:x",` + issuer, document, document + lists("id", "string")}},
		{"an id that is null", "", []string{issuer, `"id":null,` + issuer}},
		{"an id that is a number", credential.ReasonMalformed, []string{issuer, `"id":1,` + issuer, document, document + lists("id", "uint8")}},
		{"a status", credential.ReasonMalformed, []string{issuer, `"credentialStatus":"x",` + issuer, document, document + lists("credentialStatus", "string")}},
		{"terms of use", credential.ReasonMalformed, []string{issuer, `"termsOfUse":[],` + issuer, document, document + lists("termsOfUse", "string[]")}},
		{"evidence", credential.ReasonMalformed, []string{issuer, `"evidence":"x",` + issuer, document, document + lists("evidence", "string")}},
		{"a schema", credential.ReasonMalformed, []string{issuer, `"credentialSchema":"x",` + issuer, document, document + lists("credentialSchema", "string")}},
		{"a refresh service", credential.ReasonMalformed, []string{issuer, `"refreshService":"x",` + issuer, document, document + lists("refreshService", "string")}},
		{"evidence that is null", "", []string{issuer, `"evidence":null,` + issuer}},
		{"a context that is no URI", credential.ReasonMalformed, []string{`"https://w3id.org/vc/status-list/2021/v1"`, `"status"`}},
		{"a subject that is no URI", credential.ReasonMalformed, []string{`"did:pkh:eip155:1:0xa1a1`, `"0xa1a1`}},
		{"a nonce", "", []string{purpose, `"nonce":"1",` + purpose, proof, proof + lists("nonce", "string")}},
		{"a nonce that is a number", credential.ReasonMalformed, []string{purpose, `"nonce":1,` + purpose, proof, proof + lists("nonce", "uint8")}},
		{"a nonce that is null", "", []string{purpose, `"nonce":null,` + purpose}},
		{"a challenge that is a list", credential.ReasonMalformed, []string{purpose, `"challenge":[],` + purpose, proof, proof + lists("challenge", "string[]")}},
		{"a creator that is a boolean", credential.ReasonMalformed, []string{purpose, `"creator":true,` + purpose, proof, proof + lists("creator", "bool")}},
		{"a domain that is an object", credential.ReasonMalformed, []string{purpose, `"domain":{},` + purpose, proof, `"Empty":[],` + proof + lists("domain", "Empty")}},
		{"a jws that is a number", credential.ReasonMalformed, []string{purpose, `"jws":1,` + purpose, proof, proof + lists("jws", "uint8")}},
		{"the layout's older name", "", []string{`"eip712Domain":{`, `"eip712":{`}},
		{"both names of the layout", credential.ReasonUnsupportedProof, []string{`"eip712Domain":{`, `"eip712Domain":{},"eip712":{`}},
		{"both names, one null", credential.ReasonUnsupportedProof, []string{`"eip712Domain":{`, `"eip712":null,"eip712Domain":{`}},
		{"the types' older name", "", []string{`"types":{`, `"messageSchema":{`}},
		{"both names of the types", credential.ReasonUnsupportedProof, []string{`"types":{`, `"messageSchema":{},"types":{`}},
		{"a fourth member of the layout", credential.ReasonUnsupportedProof, []string{`"types":{`, `"version":1,"types":{`}},
		{"no primary type", credential.ReasonUnsupportedProof, []string{`"primaryType":"Document"`, `"primaryType":"Other"`}},
		{"types that are a list", credential.ReasonUnsupportedProof, []string{`"types":{`, `"types":[],"more":{`}},
		{"types without the issuer", credential.ReasonUnsupportedProof, []string{lists("issuer", "string"), ``}},
		{"types without the subject", credential.ReasonUnsupportedProof, []string{lists("credentialSubject", "CredentialSubject"), ``}},
		{"types without the expiry, and none", credential.ReasonUnsupportedProof, []string{lists("expirationDate", "string"), ``, `,"expirationDate":"2035-01-01T00:00:00Z"`, ``}},
		{"no expiry", "", []string{`,"expirationDate":"2035-01-01T00:00:00Z"`, ``}},
		{"a type that does not exist, of an absent member", credential.ReasonUnsupportedProof, []string{subject, subject + lists("more", "Missing")}},
		{"a malformed type, unused", credential.ReasonUnsupportedProof, []string{subject, `"Unused":[{"name":"x","type":"uint7"}],` + subject}},
		{"a name that spells two members", credential.ReasonUnsupportedProof, []string{subject, `"Unused":[{"name":"x,string y","type":"string"}],` + subject}},
		{"a date with a comma", credential.ReasonMalformed, []string{`2026-01-01T00:00:00Z`, `2026-01-01T00:00:00,5678Z`}},
		{"a date a day from UTC", credential.ReasonMalformed, []string{`2035-01-01T00:00:00Z`, `2035-01-01T00:00:00+24:00`}},
		{"a creation with a comma", credential.ReasonMalformed, []string{`T00:09:42.119Z`, `T00:09:42,1190Z`}},
		{"a proof in a list", "", []string{`"proof":{`, `"proof":[{`, `}}},"expirationDate"`, `}}}],"expirationDate"`}},
		{"a chain that the DID's library cannot hold", credential.ReasonWrongVerificationMethod, []string{`did:ethr:0x75711`, `did:ethr:0x8000000000000000:0x75711`, `"did:ethr:0x75711`, `"did:ethr:0x8000000000000000:0x75711`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := text
			for i := 0; i < len(c.replace); i += 2 {
				before := changed
				changed = strings.Replace(changed, c.replace[i], c.replace[i+1], 1)
				require.NotEqual(t, before, changed, "nothing was changed")
			}
			err := verify(t, &believing, []byte(changed))
			assert.Equal(t, c.want, reasonOf(t, err), "%v", err)
		})
	}
}

// Under any type but string one signature holds over several texts: a nullifier
// that was signed as bytes could count once as 0xAB and once as 0xab.
func TestVerify_TextSignedAsAnotherType(t *testing.T) {
	text := string(issued(t, today))
	signer := signerOf(t, []byte(text))
	believing := credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) { return signer, nil }}
	const (
		provider   = `"id","type":"string"},{"name":"provider","type":"string"}`
		nullifiers = `{"name":"nullifiers","type":"string[]"}`
		subject    = `"CredentialSubject":[`
	)
	from := strings.Index(text, `["v0:`)
	list := text[from : from+strings.IndexByte(text[from:], ']')+1]
	for _, c := range []struct {
		name, member, kind string
		value              string // that has another spelling under that type
		replace            []string
	}{
		{"provider as bytes", "provider", "bytes", `"0xAB"`, nil},
		{"provider as bytes2", "provider", "bytes2", `"0xABCD"`, nil},
		{"provider as an address", "provider", "address", `"0x` + strings.Repeat("AB", 20) + `"`, nil},
		{"provider as uint256", "provider", "uint256", `"0x00"`, nil},
		{"provider as int8", "provider", "int8", `"0x01"`, nil},
		{"provider as bool", "provider", "bool", `"true"`, nil},
		{"nullifiers as bytes", "nullifiers", "bytes[]", `["0xAB"]`, nil},
		{"nullifiers as addresses", "nullifiers", "address[]", `["0x` + strings.Repeat("AB", 20) + `"]`, nil},
		{"nullifiers as numbers", "nullifiers", "uint256[]", `["0x01"]`, nil},
		{"nullifiers as a list of two", "nullifiers", "bytes1[2]", `["0xAB","0xCD"]`, nil},
		{"hash as uint256", "hash", "uint256", "", []string{`"provider":"D`, `"hash":"0x01","provider":"D`, subject, subject + `{"name":"hash","type":"uint256"},`}},
		{"id of the credential as bytes", "id", "bytes", "", []string{`"issuer":"did`, `"id":"0xAB","issuer":"did`, `"Document":[`, `"Document":[{"name":"id","type":"bytes"},`}},
		{"a challenge as bytes", "challenge", "bytes", "", []string{`"proofPurpose":"a`, `"challenge":"0xAB","proofPurpose":"a`, `"Proof":[`, `"Proof":[{"name":"challenge","type":"bytes"},`}},
		{"provider as bytes, in a struct of another name", "provider", "bytes", `"0xAB"`, []string{
			`"type":"CredentialSubject"`, `"type":"Subject"`, subject, `"CredentialSubject":[{"name":"provider","type":"string"}],"Subject":[`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			replace := c.replace
			switch {
			case c.value == "":
			case c.member == "provider":
				replace = append(replace, provider, strings.Replace(provider, `"provider","type":"string"`, `"provider","type":"`+c.kind+`"`, 1), `"Discord"`, c.value)
			default:
				replace = append(replace, nullifiers, strings.Replace(nullifiers, "string[]", c.kind, 1), list, c.value)
			}
			changed := text
			for i := 0; i < len(replace); i += 2 {
				require.Contains(t, changed, replace[i])
				changed = strings.Replace(changed, replace[i], replace[i+1], 1)
			}
			err := verify(t, &believing, []byte(changed))
			require.Equal(t, credential.ReasonUnsupportedProof, reasonOf(t, err))
			assert.EqualError(t, err, "its types sign "+c.member+" as "+c.kind+", not as a string")
		})
	}
}

func TestParse_EmptySubject(t *testing.T) {
	text := string(issued(t, today))
	from, to := strings.Index(text, `"credentialSubject":{`), strings.Index(text, `,"issuer"`)
	_, err := credential.Parse([]byte(text[:from] + `"credentialSubject":{}` + text[to:]))
	require.Equal(t, credential.ReasonMalformed, reasonOf(t, err))
	assert.ErrorContains(t, err, "empty")
}

func TestVerify_NotParsed(t *testing.T) {
	var verifier credential.Verifier
	for _, signed := range []*credential.Signed{nil, {}} {
		assert.Equal(t, &credential.Error{Reason: credential.ReasonMalformed, Detail: "it did not come from Parse"}, verifier.Verify(t.Context(), signed, recorded))
	}
}

func TestVerify_CallerWrites(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	whole := signed.Credential
	whole.Nullifiers = slices.Clone(whole.Nullifiers)
	signed.Credential = credential.Credential{Nullifiers: signed.Nullifiers}
	signed.Nullifiers[0] = "another"
	var verifier credential.Verifier
	require.NoError(t, verifier.Verify(t.Context(), signed, recorded))

	forged, err := credential.Parse([]byte(strings.Replace(string(issued(t, today)), whole.Issuer, whole.Issuer[:len(whole.Issuer)-1]+"0", 1)))
	require.NoError(t, err)
	forged.Issuer = whole.Issuer
	require.Error(t, verifier.Verify(t.Context(), forged, recorded))
}

func TestText(t *testing.T) {
	text := string(issued(t, today))
	signed, err := credential.Parse([]byte(" \n" + text + "\t"))
	require.NoError(t, err)
	assert.Equal(t, text, signed.Text())
	for _, none := range []*credential.Signed{nil, {}} {
		assert.Empty(t, none.Text())
	}
}
