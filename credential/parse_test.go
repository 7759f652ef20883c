package credential_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// smallest is a text that parses, with nothing in it that could be missing.
const smallest = `{"@context":"https://www.w3.org/2018/credentials/v1","type":"VerifiableCredential","issuer":"did:x",` +
	`"issuanceDate":"2026-01-01T00:00:00Z","credentialSubject":{"x":1},"proof":{"type":"T","created":"2026-01-01T00:00:00Z"}}`

func TestParse_Accepts(t *testing.T) {
	issued := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		old, new string
		want     credential.Credential
	}{
		"as little as there can be": {},
		"lists of one":              {`"VerifiableCredential"`, `["VerifiableCredential"]`, credential.Credential{}},
		"more types":                {`"VerifiableCredential"`, `["Stamp","VerifiableCredential"]`, credential.Credential{}},
		"more contexts, by name and in place": {
			`"https://www.w3.org/2018/credentials/v1"`, `["https://www.w3.org/2018/credentials/v1","urn:x",{"a":"b"}]`, credential.Credential{},
		},
		"a subject without an id": {`{"x":1}`, `{"provider":"Google"}`, credential.Credential{Provider: "Google"}},
		"a subject":               {`{"x":1}`, `{"id":"did:y"}`, credential.Credential{Subject: "did:y"}},
		"nulls for what is absent": {
			`{"x":1}`, `{"id":null,"provider":null,"hash":null,"nullifiers":null}`, credential.Credential{},
		},
		"nullifiers, each once": {
			`{"x":1}`, `{"nullifiers":["b","a","b","a","c"]}`, credential.Credential{Nullifiers: []string{"b", "a", "c"}},
		},
		"the older hash":        {`{"x":1}`, `{"hash":"h"}`, credential.Credential{Nullifiers: []string{"h"}, Legacy: true}},
		"an empty hash as none": {`{"x":1}`, `{"hash":""}`, credential.Credential{}},
		"nullifiers rather than the older hash": {
			`{"x":1}`, `{"hash":"h","nullifiers":["n"]}`, credential.Credential{Nullifiers: []string{"n"}},
		},
		"an expiry, in UTC": {
			`"issuer"`, `"expirationDate":"2027-01-01T00:30:00+01:00","issuer"`,
			credential.Credential{ExpiresAt: time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)},
		},
		"no expiry for null":     {`"issuer"`, `"expirationDate":null,"issuer"`, credential.Credential{}},
		"a proof's value":        {`"created"`, `"proofValue":"v","created"`, credential.Credential{ProofValue: "v"}},
		"else its jws":           {`"created"`, `"proofValue":null,"jws":"j","created"`, credential.Credential{ProofValue: "j"}},
		"its value, not the jws": {`"created"`, `"jws":"j","proofValue":"v","created"`, credential.Credential{ProofValue: "v"}},
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := credential.Parse([]byte(strings.Replace(smallest, c.old, c.new, 1)))
			require.NoError(t, err)
			c.want.Issuer, c.want.IssuedAt, c.want.ProofType = "did:x", issued, "T"
			assert.Equal(t, c.want, signed.Credential)
		})
	}
}

func TestParse_Malformed(t *testing.T) {
	const context = `"https://www.w3.org/2018/credentials/v1"`
	for _, c := range []struct{ old, new, want string }{
		{smallest, ``, "at byte 0: a value is missing"},
		{smallest, `[]`, "it is a list, not an object"},
		{smallest, `"x"`, "it is a string, not an object"},
		{context, `null`, "its first @context is not https://www.w3.org/2018/credentials/v1"},
		{context, `7`, "its first @context is not https://www.w3.org/2018/credentials/v1"},
		{context, `[]`, "its first @context is not https://www.w3.org/2018/credentials/v1"},
		{context, `[{},` + context + `]`, "its first @context is not https://www.w3.org/2018/credentials/v1"},
		{context, `[` + context + `,7]`, "@context 1 is a number, not a URI or an object"},
		{context, `[` + context + `,{},"word"]`, "@context 2 is a string, not a URI or an object"},
		{`"issuer"`, `"id":7,"issuer"`, "its id is a number, not a string"},
		{`"VerifiableCredential"`, `"Credential"`, "its type does not name VerifiableCredential"},
		{`"VerifiableCredential"`, `[]`, "its type does not name VerifiableCredential"},
		{`"VerifiableCredential"`, `["VerifiableCredential",7]`, "its type does not name VerifiableCredential"},
		{`"did:x"`, `null`, "its issuer is not a DID"},
		{`"did:x"`, `"x"`, "its issuer is not a DID"},
		{`"did:x"`, `{"id":"did:x"}`, "its issuer is not a DID"},
		{`"issuanceDate":"2026`, `"issuanceDate":null,"x":"`, "issuanceDate is not a date"},
		{`"issuanceDate":"2026`, `"issuanceDate":"26`, `issuanceDate "26-01-01T00:00:00Z" is not a date of RFC 3339`},
		{`"issuer"`, `"expirationDate":7,"issuer"`, "expirationDate is not a date"},
		{`"issuer"`, `"expirationDate":"` + strings.Repeat("2", 100) + `","issuer"`, `expirationDate "` + strings.Repeat("2", 60) + `" is not a date of RFC 3339`},
		{`{"x":1}`, `null`, "its credentialSubject is not an object"},
		{`{"x":1}`, `[{"x":1}]`, "its credentialSubject is not an object"},
		{`{"x":1}`, `{}`, "its credentialSubject is empty"},
		{`{"x":1}`, `{"id":"y"}`, "credentialSubject.id is not a DID"},
		{`{"x":1}`, `{"id":7}`, "credentialSubject.id is not a DID"},
		{`{"x":1}`, `{"provider":7}`, "credentialSubject.provider is a number, not a string"},
		{`{"x":1}`, `{"hash":[]}`, "credentialSubject.hash is a list, not a string"},
		{`{"x":1}`, `{"nullifiers":"n"}`, "credentialSubject.nullifiers is a string, not a list"},
		{`{"x":1}`, `{"nullifiers":["n",true]}`, "nullifier 1 is a boolean, not a string"},
		{`"proof":{`, `"proof":null,"x":{`, "it does not have exactly one proof"},
		{`"proof":{`, `"proof":[],"x":{`, "it does not have exactly one proof"},
		{`"proof":{`, `"proof":[{},{}],"x":{`, "it does not have exactly one proof"},
		{`"proof":{`, `"proof":["x"],"x":{`, "it does not have exactly one proof"},
		{`"type":"T"`, `"x":"T"`, "proof.type is not a string"},
		{`"type":"T"`, `"type":7`, "proof.type is not a string"},
		{`"created":"`, `"x":"`, "proof.created is not a date"},
		{`"created":"`, `"created":"x`, `proof.created "x2026-01-01T00:00:00Z" is not a date of RFC 3339`},
		{`"created"`, `"nonce":{},"created"`, "proof.nonce is an object, not a string"},
		{`"created"`, `"proofValue":7,"created"`, "proof.proofValue is not a string"},
		{smallest, strings.Repeat(" ", 128<<10+1), "document beyond limits: 131073 bytes with its white space, at most 131072"},
		{smallest, strings.Repeat("[", 33), "at byte 32: document beyond limits: too deep"},
	} {
		changed := strings.Replace(smallest, c.old, c.new, 1)
		require.NotEqual(t, smallest, changed, c.new)
		_, err := credential.Parse([]byte(changed))
		assert.EqualError(t, err, c.want, "%.100q", c.new)
	}
}

// A reader that takes no notice of case would take one for the other.
func TestParse_CaseOfNames(t *testing.T) {
	for _, c := range []struct {
		what, inside string
		names        []string
	}{
		{"the credential", `"issuer":"did:x"`, []string{
			"@context", "id", "type", "credentialSubject", "issuer", "issuanceDate", "expirationDate", "proof",
			"credentialStatus", "termsOfUse", "evidence", "credentialSchema", "refreshService",
		}},
		{"the subject", `"x":1`, []string{"id", "@context", "provider", "nullifiers", "hash"}},
		{"the proof", `"type":"T"`, []string{
			"@context", "type", "proofPurpose", "proofValue", "verificationMethod", "created", "eip712", "eip712Domain",
			"challenge", "creator", "domain", "nonce", "jws",
		}},
	} {
		for _, name := range c.names {
			shouted := strings.ToUpper(name)
			_, err := credential.Parse([]byte(strings.Replace(smallest, c.inside, c.inside+`,"`+shouted+`":null`, 1)))
			assert.EqualError(t, err, fmt.Sprintf("%s has a member %q, which could pass for %s", c.what, shouted, name))
		}
	}
}

func TestParse_UnusedMembers(t *testing.T) {
	for _, name := range []string{"credentialStatus", "termsOfUse", "evidence", "credentialSchema", "refreshService"} {
		_, err := credential.Parse([]byte(strings.Replace(smallest, `"issuer"`, `"`+name+`":[],"issuer"`, 1)))
		require.EqualError(t, err, "it has a member "+name+", which stamps do not have")
		_, err = credential.Parse([]byte(strings.Replace(smallest, `"issuer"`, `"`+name+`":null,"issuer"`, 1)))
		require.NoError(t, err)
	}
	for _, name := range []string{"challenge", "creator", "domain", "nonce", "jws"} {
		_, err := credential.Parse([]byte(strings.Replace(smallest, `"created"`, `"`+name+`":7,"created"`, 1)))
		require.EqualError(t, err, "proof."+name+" is a number, not a string")
	}
}

func TestParse_AtTheBounds(t *testing.T) {
	padded := func(size int) []byte {
		return []byte(strings.Replace(smallest, `"x":1`, `"x":1`+strings.Repeat("0", size-len(smallest)), 1))
	}
	_, err := credential.Parse(padded(64 << 10))
	require.NoError(t, err)
	_, err = credential.Parse(padded(64<<10 + 1))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))

	nested := func(levels int) []byte { // the credential and its subject are two
		lists := strings.Repeat("[", levels-2) + strings.Repeat("]", levels-2)
		return []byte(strings.Replace(smallest, `"x":1`, `"x":`+lists, 1))
	}
	_, err = credential.Parse(nested(32))
	require.NoError(t, err)
	_, err = credential.Parse(nested(33))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))
}

func TestParse_TooManyNullifiers(t *testing.T) {
	parse := func(items int) error {
		list := strings.Repeat(`"n",`, items-1) + `"n"`
		_, err := credential.Parse([]byte(strings.Replace(smallest, `{"x":1}`, `{"nullifiers":[`+list+`]}`, 1)))
		return err
	}
	require.NoError(t, parse(credential.MaxNullifiers))
	var refused *credential.Error
	require.ErrorAs(t, parse(credential.MaxNullifiers+1), &refused)
	assert.EqualValues(t, "too_many_nullifiers", refused.Reason, "hosts compare with the text")
	assert.EqualError(t, refused, "it lists more than 100 nullifiers")
}
