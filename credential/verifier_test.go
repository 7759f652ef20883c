package credential_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// Each changes one place of a credential whose signature holds whatever it
// says.
func TestVerify_Details(t *testing.T) {
	text := string(issued(t, today))
	signer := signerOf(t, []byte(text))
	believing := credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) { return signer, nil }}
	const (
		layout  = "its eip712Domain is not exactly types, primaryType and domain"
		method  = "its proof's verification method is not a key of its issuer"
		domain  = `"domain":{"name":"VerifiableCredential"}`
		primary = `"primaryType":"Document"`
		types   = `"types":{`
	)
	lists := func(name, kind string) string { return `{"name":"` + name + `","type":"` + kind + `"},` }
	for _, c := range []struct {
		reason   credential.Reason
		old, new string
		want     string
	}{
		{credential.ReasonMalformed, `"proofPurpose":"`, `"purpose":"`, "proof.proofPurpose is not a string"},
		{credential.ReasonMalformed, `"proofPurpose":"assertionMethod"`, `"proofPurpose":7`, "proof.proofPurpose is not a string"},
		{credential.ReasonWrongPurpose, `"assertionMethod"`, `"assertionmethod"`, "its proof was not made to assert something"},
		{credential.ReasonFromTheFuture, `"created":"2026-11-24`, `"created":"2026-11-25`, "its proof was made after now"},
		{credential.ReasonUnsupportedProof, `"EthereumEip712Signature2021"`, `"` + strings.Repeat("t", 61) + `"`, `proofs of type "` + strings.Repeat("t", 60) + `" are not known`},
		{credential.ReasonMalformed, `"verificationMethod":"`, `"method":"`, "proof.verificationMethod is not a string"},
		{credential.ReasonWrongVerificationMethod, `#controller"`, `#controllerKey"`, method},
		{credential.ReasonMalformed, `"proofValue":"`, `"jws":"`, "proof.proofValue is not a string"},
		{credential.ReasonBadSignature, `"proofValue":"0x60`, `"proofValue":"0x`, "its proofValue is not 0x and 65 bytes in lower-case hex, with v 27 or 28 and a low s"},
		{credential.ReasonUnsupportedProof, `"eip712Domain":{`, `"eip712":{},"eip712Domain":{`, "its proof has both eip712 and eip712Domain"},
		{credential.ReasonUnsupportedProof, `"eip712Domain":{`, `"other":{`, "its proof has no eip712Domain"},
		{credential.ReasonUnsupportedProof, `"eip712Domain":{`, `"eip712Domain":"x","other":{`, "its proof has no eip712Domain"},
		{credential.ReasonUnsupportedProof, types, `"messageSchema":{},` + types, "its eip712Domain has both types and messageSchema"},
		{credential.ReasonUnsupportedProof, types, `"more":{},` + types, layout},
		{credential.ReasonUnsupportedProof, types, `"more":{`, layout},
		{credential.ReasonUnsupportedProof, primary, `"more":"Document"`, layout},
		{credential.ReasonUnsupportedProof, primary, `"primaryType":["Document"]`, layout},
		{credential.ReasonUnsupportedProof, domain, `"more":{}`, layout},
		{credential.ReasonUnsupportedProof, domain + `,`, ``, layout},
		{credential.ReasonUnsupportedProof, `]}}},"expirationDate"`, `]},"more":1}},"expirationDate"`, layout},
		{credential.ReasonUnsupportedProof, types + `"@context":[`, `"types":[],"more":{"@context":[`, layout},
		{credential.ReasonUnsupportedProof, lists("created", "string"), lists("created", "uint7"), `its types cannot be read: type "Proof": member "created": "uint7" is not a type`},
		{credential.ReasonUnsupportedProof, lists("credentialSubject", "CredentialSubject"), ``, "its primary type does not list credentialSubject"},
		{credential.ReasonUnsupportedProof, lists("issuer", "string"), ``, "its primary type does not list issuer"},
		{credential.ReasonUnsupportedProof, lists("expirationDate", "string"), ``, "its primary type does not list expirationDate"},
		{credential.ReasonUnsupportedProof, `"issuer":"did`, `"more":1,"issuer":"did`, "its typed data does not hash: message: Document has a member that its type does not list"},
	} {
		changed := strings.Replace(text, c.old, c.new, 1)
		require.NotEqual(t, text, changed, c.new)
		err := verify(t, &believing, []byte(changed))
		assert.Equal(t, &credential.Error{Reason: c.reason, Detail: c.want}, err, c.new)
	}

	from, to := strings.Index(text, `"types":{`), strings.Index(text, `}},"expirationDate"`)
	listed := text[:from] + `"types":[]` + text[to:]
	assert.Equal(t, &credential.Error{Reason: credential.ReasonUnsupportedProof, Detail: "its types are a list, not an object"},
		verify(t, &believing, []byte(listed)))
}

func TestVerify_BadSignature(t *testing.T) {
	text := issued(t, today)
	signer := signerOf(t, text)
	for name, recovers := range map[string]func(*[32]byte, *[65]byte) ([20]byte, error){
		"another key": func(*[32]byte, *[65]byte) ([20]byte, error) { return [20]byte{}, nil },
		"no key":      func(*[32]byte, *[65]byte) ([20]byte, error) { return signer, errors.New("no such point") },
	} {
		verifier := credential.Verifier{Recover: recovers}
		err := verify(t, &verifier, text)
		assert.Equal(t, &credential.Error{Reason: credential.ReasonBadSignature, Detail: "its signature is not the issuer's over this text"}, err, name)
	}
}

// Types that an issuer has signed return; invented ones must not displace them.
func TestVerifier_TypesCached(t *testing.T) {
	text := string(issued(t, today))
	signer := signerOf(t, []byte(text))
	believed := true
	verifier := credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) {
		if !believed {
			return [20]byte{}, nil
		}
		return signer, nil
	}}
	with := func(unused string) []byte {
		return []byte(strings.Replace(text, `"types":{`, `"types":{"`+unused+`":[],`, 1))
	}

	believed = false
	require.Error(t, verify(t, &verifier, with("Forged")))
	assert.Equal(t, 0, credential.RememberedTypes(&verifier))

	believed = true
	for range 3 {
		require.NoError(t, verify(t, &verifier, with("Unused0")))
		assert.Equal(t, 1, credential.RememberedTypes(&verifier))
	}
	for i := range 70 {
		require.NoError(t, verify(t, &verifier, with(fmt.Sprint("Unused", i))))
	}
	assert.Equal(t, 64, credential.RememberedTypes(&verifier))
}

func TestVerify_MadeNow(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	var verifier credential.Verifier
	created := recorded.AddDate(0, 0, -1).Add(9*60e9 + 42*1e9 + 119*1e6)
	require.NoError(t, verifier.Verify(t.Context(), signed, created))
	assert.Equal(t, credential.ReasonFromTheFuture, reasonOf(t, verifier.Verify(t.Context(), signed, created.Add(-1))))
}
