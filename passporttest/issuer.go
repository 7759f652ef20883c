package passporttest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/ethereum"
	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

// Issuer signs real credentials, in today's form. It is immutable and safe for
// concurrent use.
type Issuer struct {
	key *secp256k1.PrivateKey
	did string
}

// NewIssuer returns an issuer with a fresh key.
func NewIssuer() *Issuer {
	return newIssuer(sha256.Sum256([]byte(rand.Text())))
}

// NewIssuerFromSeed returns an issuer whose key is derived from the seed: the
// same seed is the same issuer, and its credentials are the same to the byte.
// Anyone can derive that key, so only tests may trust its DID.
func NewIssuerFromSeed(seed string) *Issuer {
	return newIssuer(sha256.Sum256([]byte("passporttest issuer " + seed)))
}

func newIssuer(secret [32]byte) *Issuer {
	key := secp256k1.PrivKeyFromBytes(secret[:])
	address := ethereum.Address(key.PubKey())
	return &Issuer{key: key, did: "did:ethr:0x" + hex.EncodeToString(address[:])}
}

// DID returns the issuer's identifier, for passport.WithTrustedIssuers.
func (i *Issuer) DID() string { return i.did }

// CredentialOption changes a credential before it is signed.
type CredentialOption func(*document)

// IssuedAt sets the date of issue and of the proof, 2025-01-01 by default.
// Fractions of a second are dropped.
func IssuedAt(date time.Time) CredentialOption {
	return func(d *document) { d.Issued, d.Proof.Created = dateOf(date), dateOf(date) }
}

// ExpiresAt sets the expiry, 2100-01-01 by default. Fractions of a second are
// dropped. The zero time makes a credential without an expiry.
func ExpiresAt(date time.Time) CredentialOption {
	return func(d *document) { d.Expiration = dateOf(date) }
}

// Nullifiers replaces the nullifier of the account by the given ones. Called
// without any it makes a credential with an empty list.
func Nullifiers(nullifiers ...string) CredentialOption {
	return func(d *document) { d.Subject.Nullifiers = append([]string{}, nullifiers...) }
}

// Contexts adds URIs to the credential's list of contexts.
func Contexts(uris ...string) CredentialOption {
	return func(d *document) { d.Context = append(d.Context, uris...) }
}

// Nullifier returns the nullifier of an account at a provider: the same
// account has the same one in every wallet.
func Nullifier(provider, account string) string {
	digest := sha256.Sum256([]byte(provider + "\n" + account))
	return "v0:" + base64.StdEncoding.EncodeToString(digest[:])
}

// Issue returns a signed credential, which says that the address owns the
// account at the provider. The address is not checked, so that a test can use a
// wrong one. Issue returns an error for a text that no credential can hold, one
// with invalid UTF-8 or U+0000.
func (i *Issuer) Issue(address, provider, account string, options ...CredentialOption) ([]byte, error) {
	var d document
	_ = json.Unmarshal([]byte(blank), &d) // a constant, which is tested
	d.Subject.ID, d.Subject.Provider = "did:pkh:eip155:1:"+address, provider
	d.Issuer, d.Proof.Method = i.did, i.did+"#controller"
	for _, option := range slices.Concat([]CredentialOption{
		IssuedAt(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)),
		ExpiresAt(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)),
		Nullifiers(Nullifier(provider, account)),
	}, options) {
		if option != nil {
			option(&d)
		}
	}
	signed, err := i.sign(&d, address)
	if err != nil {
		return nil, fmt.Errorf("issuing a credential for %q: %w", provider, err)
	}
	return signed, nil
}

// document is a credential as the issuers write it.
type document struct {
	Context []string `json:"@context"`
	Type    []string `json:"type"`
	Subject struct {
		ID         string          `json:"id"`
		Nullifiers []string        `json:"nullifiers"`
		Provider   string          `json:"provider"`
		Context    json.RawMessage `json:"@context"`
	} `json:"credentialSubject"`
	Issuer string `json:"issuer"`
	Issued string `json:"issuanceDate"`
	Proof  struct {
		Context string          `json:"@context"`
		Type    string          `json:"type"`
		Purpose string          `json:"proofPurpose"`
		Value   string          `json:"proofValue,omitempty"`
		Method  string          `json:"verificationMethod"`
		Created string          `json:"created"`
		EIP712  json.RawMessage `json:"eip712Domain,omitempty"`
	} `json:"proof"`
	Expiration string `json:"expirationDate,omitempty"`
}

// blank has the members of a document that are always the same.
const blank = `{"@context":["https://www.w3.org/2018/credentials/v1","https://w3id.org/vc/status-list/2021/v1"],` +
	`"type":["VerifiableCredential"],"credentialSubject":{"@context":{"nullifiers":{"@container":"@list",` +
	`"@type":"https://schema.org/Text"},"provider":"https://schema.org/Text"}},"proof":{"@context":` +
	`"https://w3id.org/security/suites/eip712sig-2021/v1","type":"EthereumEip712Signature2021",` +
	`"proofPurpose":"assertionMethod"}}`

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// layout describes, as EIP-712 does, how a credential is hashed.
const layout = `{"domain":{"name":"VerifiableCredential"},"primaryType":"Document","types":{` +
	`"@context":[{"name":"nullifiers","type":"NullifiersContext"},{"name":"provider","type":"string"}],` +
	`"CredentialSubject":[{"name":"@context","type":"@context"},{"name":"nullifiers","type":"string[]"},` +
	`{"name":"id","type":"string"},{"name":"provider","type":"string"}],` +
	`"Document":[{"name":"@context","type":"string[]"},{"name":"credentialSubject","type":"CredentialSubject"},` +
	`{"name":"expirationDate","type":"string"},{"name":"issuanceDate","type":"string"},` +
	`{"name":"issuer","type":"string"},{"name":"proof","type":"Proof"},{"name":"type","type":"string[]"}],` +
	`"EIP712Domain":[{"name":"name","type":"string"}],` +
	`"NullifiersContext":[{"name":"@container","type":"string"},{"name":"@type","type":"string"}],` +
	`"Proof":[{"name":"@context","type":"string"},{"name":"created","type":"string"},` +
	`{"name":"proofPurpose","type":"string"},{"name":"type","type":"string"},` +
	`{"name":"verificationMethod","type":"string"}]}}`

// The layout is a constant, which is tested: reading it does not fail.
var (
	limits         = strictjson.Limits{Size: credential.MaxSize, Depth: credential.MaxDepth, Values: credential.MaxValues}
	layoutTree, _  = strictjson.Parse([]byte(layout), limits)
	layoutTypes, _ = typeddata.Parse(layoutTree.Get("types"))
)

// sign hashes the document, and adds the signature and the layout to its proof.
func (i *Issuer) sign(d *document, address string) ([]byte, error) {
	// encoding/json would replace invalid bytes, and sign another text.
	for _, text := range slices.Concat([]string{address, d.Subject.Provider}, d.Subject.Nullifiers, d.Context) {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("the text %q is not valid UTF-8", text)
		}
	}
	message, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	tree, err := strictjson.Parse(message, limits)
	if err != nil {
		return nil, err
	}
	digest, err := layoutTypes.Digest(layoutTree.Get("domain"), layoutTree.Get("primaryType").Text, tree)
	if err != nil {
		return nil, err
	}
	// decred puts v before r and s, Ethereum after them.
	compact := ecdsa.SignCompact(i.key, digest[:], false)
	d.Proof.Value = "0x" + hex.EncodeToString(compact[1:]) + hex.EncodeToString(compact[:1])
	d.Proof.EIP712 = json.RawMessage(layout)
	signed, err := json.Marshal(d)
	if err == nil {
		_, err = credential.Parse(signed)
	}
	return signed, err
}
