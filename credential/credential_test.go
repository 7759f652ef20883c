package credential_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// The names of two recorded credentials.
const (
	today  = "eip712, three nullifiers"
	legacy = "ed25519, hash"
)

func reasonOf(t testing.TB, err error) credential.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *credential.Error
	require.ErrorAs(t, err, &refused)
	return refused.Reason
}

func TestParse(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	assert.Equal(t, "did:ethr:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7", signed.Issuer)
	assert.Equal(t, "did:pkh:eip155:1:0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", signed.Subject)
	assert.NotEmpty(t, signed.Provider)
	assert.Len(t, signed.Nullifiers, 3)
	assert.False(t, signed.Legacy)
	assert.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), signed.IssuedAt.UTC())
	assert.Equal(t, time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC), signed.ExpiresAt.UTC())
	assert.Equal(t, "EthereumEip712Signature2021", signed.ProofType)
	assert.True(t, strings.HasPrefix(signed.ProofValue, "0x"))

	older, err := credential.Parse(issued(t, legacy))
	require.NoError(t, err)
	assert.True(t, older.Legacy)
	require.Len(t, older.Nullifiers, 1)
	assert.True(t, strings.HasPrefix(older.Nullifiers[0], "v0.0.0:"))
	assert.Equal(t, "Ed25519Signature2018", older.ProofType)
	assert.Contains(t, older.ProofValue, "..")
}

// Every line changes one place of a credential that verifies.
func TestVerify_Reasons(t *testing.T) {
	for _, c := range []struct {
		name, credential, old, new string
		want                       credential.Reason
	}{
		{"nothing", today, "", "", ""},
		{"nothing, older", legacy, "", "", ""},
		{"cut off", today, `}}`, ``, credential.ReasonMalformed},
		{"something behind it", today, "", "x", credential.ReasonMalformed},
		{"a name twice", today, `"issuer":`, `"issuer":"did:ethr:0x0","issuer":`, credential.ReasonMalformed},
		{"a name in capitals", today, `"issuer":`, `"ISSUER":"did:ethr:0x0","issuer":`, credential.ReasonMalformed},
		{"a name that folds to one", today, `"issuer":`, `"iſſuer":"did:ethr:0x0","issuer":`, credential.ReasonMalformed},
		{"a subject's name in capitals", today, `"provider":"`, `"Provider":"x","provider":"`, credential.ReasonMalformed},
		{"a proof's name in capitals", today, `"proofPurpose":`, `"ProofPurpose":"x","proofPurpose":`, credential.ReasonMalformed},
		{"half of a surrogate pair", today, `"provider":"`, `"provider":"\ud800`, credential.ReasonMalformed},
		{"a NUL", today, `"provider":"`, `"provider":"\u0000`, credential.ReasonMalformed},
		{"another first context", today, `2018/credentials/v1"`, `2018/credentials/v2"`, credential.ReasonMalformed},
		{"another type", today, `["VerifiableCredential"]`, `["Verifiable"]`, credential.ReasonMalformed},
		{"an issuer that is no DID", today, `"issuer":"did:ethr:`, `"issuer":"`, credential.ReasonMalformed},
		{"a subject in a list", today, `"credentialSubject":{`, `"credentialSubject":[],"credentialSubjects":{`, credential.ReasonMalformed},
		{"a nullifier that is a number", today, `"nullifiers":["`, `"nullifiers":[7,"`, credential.ReasonMalformed},
		{"nullifiers that are no list", today, `"nullifiers":["`, `"nullifiers":"x","more":["`, credential.ReasonMalformed},
		{"a provider that is a number", today, `"provider":"`, `"provider":7,"was":"`, credential.ReasonMalformed},
		{"no date of issue", today, `"issuanceDate":"2026-01-01T00:00:00Z",`, ``, credential.ReasonMalformed},
		{"two proofs", today, `"proof":{`, `"proof":[{},{}],"proofs":{`, credential.ReasonMalformed},
		{"a date with a space", today, `2035-01-01T`, `2035-01-01 `, credential.ReasonMalformed},
		{"a date in lower case", today, `2035-01-01T00:00:00Z`, `2035-01-01t00:00:00z`, credential.ReasonMalformed},
		{"a date with a comma", today, `2035-01-01T00:00:00Z`, `2035-01-01T00:00:00,5Z`, credential.ReasonMalformed},
		{"a date that is none", today, `2035-01-01T`, `2035-02-30T`, credential.ReasonMalformed},
		{"a date without a zone", today, `2035-01-01T00:00:00Z`, `2035-01-01T00:00:00`, credential.ReasonMalformed},
		{"a date with an unknown zone", today, `2035-01-01T00:00:00Z`, `2035-01-01T00:00:00-00:00`, credential.ReasonMalformed},
		{"a date too fine", today, `2035-01-01T00:00:00Z`, `2035-01-01T00:00:00.0000000001Z`, credential.ReasonMalformed},
		{"another expiry", today, `2035-01-01T00:00:00Z`, `2036-01-01T00:00:00Z`, credential.ReasonBadSignature},
		{"another spelling of the expiry", today, `2035-01-01T00:00:00Z`, `2035-01-01T00:00:00+00:00`, credential.ReasonBadSignature},
		{"another provider", today, `"provider":"`, `"provider":"x`, credential.ReasonBadSignature},
		{"another purpose", today, `"assertionMethod"`, `"authentication"`, credential.ReasonWrongPurpose},
		{"another proof", today, `"EthereumEip712Signature2021"`, `"DataIntegrityProof"`, credential.ReasonUnsupportedProof},
		{"another method", today, `#controller"`, `#Eip712Method2021"`, credential.ReasonWrongVerificationMethod},
		{"a member that is not signed", today, `"issuer":`, `"extra":1,"issuer":`, credential.ReasonUnsupportedProof},
		{"a member of the subject that is not signed", today, `"provider":"`, `"extra":1,"provider":"`, credential.ReasonUnsupportedProof},
		{"no layout", today, `"eip712Domain":`, `"layout":`, credential.ReasonUnsupportedProof},
		{"types by address", today, `"types":{`, `"types":"https://example.com","more":{`, credential.ReasonUnsupportedProof},
		{"types that do not list the expiry", today, `{"name":"expirationDate","type":"string"},`, ``, credential.ReasonUnsupportedProof},
		{"a signature in capitals", today, `"proofValue":"0x`, `"proofValue":"0X`, credential.ReasonBadSignature},
		{"a longer signature", today, `"proofValue":"0x`, `"proofValue":"0x00`, credential.ReasonBadSignature},
		{"no signature", today, `"proofValue":"0x`, `"challenge":"0x`, credential.ReasonMalformed},
		{"older: another provider", legacy, `"provider":"Facebook"`, `"provider":"Facebooks"`, credential.ReasonBadSignature},
		{"older: one member more", legacy, `"issuer":`, `"id":"urn:x","issuer":`, credential.ReasonUnsupportedProof},
		{"older: one more in the subject", legacy, `"hash":"v0`, `"nullifiers":[],"hash":"v0`, credential.ReasonUnsupportedProof},
		{"older: another term mapped", legacy, `"@context":[{"hash"`, `"@context":[{"x":"https://schema.org/Text","hash"`, credential.ReasonUnsupportedProof},
		{"older: a padded signature", legacy, `"},"expirationDate"`, `=="},"expirationDate"`, credential.ReasonBadSignature},
		{"older: a line end in the signature", legacy, `..`, `..\n`, credential.ReasonBadSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := string(issued(t, c.credential))
			changed := strings.Replace(text, c.old, c.new, 1)
			if c.old != c.new && c.old != "" {
				require.NotEqual(t, text, changed, "nothing was changed")
			} else if c.old == "" {
				changed = text + c.new
			}
			var verifier credential.Verifier
			err := verify(t, &verifier, []byte(changed))
			assert.Equal(t, c.want, reasonOf(t, err), "%v", err)
		})
	}
}

func TestParse_TooLarge(t *testing.T) {
	_, err := credential.Parse([]byte(`{"x":"` + strings.Repeat("y", credential.MaxSize) + `"}`))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))
	_, err = credential.Parse(make([]byte, 2*credential.MaxSize+1))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))
	_, err = credential.Parse([]byte(strings.Repeat(`{"a":`, credential.MaxDepth+1)))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))
	_, err = credential.Parse(nil)
	assert.Equal(t, credential.ReasonMalformed, reasonOf(t, err))
	assert.Equal(t, "too_large", string(credential.ReasonTooLarge), "hosts keep the codes")
}

func TestVerify_FromTheFuture(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	var verifier credential.Verifier
	before := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, credential.ReasonFromTheFuture, reasonOf(t, verifier.Verify(t.Context(), signed, before)))
	assert.NoError(t, verifier.Verify(t.Context(), signed, recorded))
}

func TestVerify_ContextEnded(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var verifier credential.Verifier
	err = verifier.Verify(ctx, signed, recorded)
	require.ErrorIs(t, err, context.Canceled)
	var refused *credential.Error
	assert.NotErrorAs(t, err, &refused)
}

func TestVerify_HostRecover(t *testing.T) {
	signed, err := credential.Parse(issued(t, today))
	require.NoError(t, err)
	calls := 0
	plugged := credential.Verifier{Recover: func(_ *[32]byte, signature *[65]byte) ([20]byte, error) {
		calls++
		assert.Contains(t, []byte{27, 28}, signature[64])
		return [20]byte{}, nil
	}}
	assert.Equal(t, credential.ReasonBadSignature, reasonOf(t, plugged.Verify(t.Context(), signed, recorded)))
	assert.Equal(t, 1, calls)
}

func TestVerify_Concurrent(t *testing.T) {
	var verifier credential.Verifier
	text := issued(t, today)
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() { errs <- verify(t, &verifier, text) }()
	}
	for range cap(errs) {
		assert.NoError(t, <-errs)
	}
}

func TestError_Kind(t *testing.T) {
	_, err := credential.Parse(nil)
	assert.Equal(t, store.KindInvalid, store.KindOf(err))
}
