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
	"golang.org/x/crypto/sha3"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

// Issuer signs real credentials, in today's form, with a key of its own. It is
// immutable and safe for concurrent use.
type Issuer struct {
	key *secp256k1.PrivateKey
	did string
}

// NewIssuer returns an issuer with a fresh key of its own.
func NewIssuer() *Issuer {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the program first
	return newIssuer(secret)
}

// NewIssuerFromSeed returns an issuer whose key is derived from the seed: the
// same seed is the same issuer, and its credentials are the same to the byte.
// Everyone can derive that key, so no program but a test may trust its DID.
func NewIssuerFromSeed(seed string) *Issuer {
	return newIssuer(sha256.Sum256([]byte("passporttest issuer " + seed)))
}

func newIssuer(secret [32]byte) *Issuer {
	key := secp256k1.PrivKeyFromBytes(secret[:])
	hash := sha3.NewLegacyKeccak256()
	hash.Write(key.PubKey().SerializeUncompressed()[1:])
	const addressSize = 20
	address := hash.Sum(nil)[sha256.Size-addressSize:]
	return &Issuer{key: key, did: "did:ethr:0x" + hex.EncodeToString(address)}
}

// DID returns the issuer's name, for passport.WithTrustedIssuers.
func (i *Issuer) DID() string { return i.did }

// CredentialOption changes a credential before it is signed.
type CredentialOption func(*draft)

// IssuedAt sets the date of issue, and with it that of the proof; 2025-01-01
// without it. Fractions of a second are dropped.
func IssuedAt(moment time.Time) CredentialOption {
	return func(d *draft) { d.issuedAt = moment }
}

// ExpiresAt sets the expiry; 2100-01-01 without it. Fractions of a second are
// dropped, and the zero time makes a credential without an expiry.
func ExpiresAt(moment time.Time) CredentialOption {
	return func(d *draft) { d.expiresAt = moment }
}

// Nullifiers sets the nullifiers, instead of the one of the account. Without
// any the credential has an empty list of them.
func Nullifiers(nullifiers ...string) CredentialOption {
	return func(d *draft) { d.nullifiers = append([]string{}, nullifiers...) }
}

// Contexts adds URIs to the credential's list of contexts.
func Contexts(uris ...string) CredentialOption {
	return func(d *draft) { d.contexts = append(d.contexts, uris...) }
}

type draft struct {
	issuedAt, expiresAt  time.Time
	nullifiers, contexts []string
}

// Nullifier returns the nullifier of an account at a provider: the same
// account has the same one in every wallet.
func Nullifier(provider, account string) string {
	digest := sha256.Sum256([]byte(provider + "\n" + account))
	return "v0:" + base64.StdEncoding.EncodeToString(digest[:])
}

// Issue returns a signed credential: the address owns the account at the
// provider. The address is taken as it is, so that a test can have a wrong
// one. A text that no credential can hold (invalid UTF-8, U+0000) is an error.
func (i *Issuer) Issue(address, provider, account string, options ...CredentialOption) ([]byte, error) {
	d := draft{
		issuedAt:   time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		expiresAt:  time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		nullifiers: []string{Nullifier(provider, account)},
	}
	for _, option := range options {
		if option != nil {
			option(&d)
		}
	}
	// encoding/json would replace such bytes, and another text be signed.
	for _, text := range slices.Concat([]string{address, provider}, d.nullifiers, d.contexts) {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("issuing a credential for %q: the text %q is not valid UTF-8", provider, text)
		}
	}
	signed, err := i.sign(newDocument(i.did, address, provider, d))
	if err != nil {
		return nil, fmt.Errorf("issuing a credential for %q: %w", provider, err)
	}
	return signed, nil
}

// document is a credential as the issuers write it.
type document struct {
	Context    []string `json:"@context"`
	Type       []string `json:"type"`
	Subject    subject  `json:"credentialSubject"`
	Issuer     string   `json:"issuer"`
	Issued     string   `json:"issuanceDate"`
	Proof      proof    `json:"proof"`
	Expiration string   `json:"expirationDate,omitempty"`
}

type subject struct {
	ID         string          `json:"id"`
	Nullifiers []string        `json:"nullifiers"`
	Provider   string          `json:"provider"`
	Context    json.RawMessage `json:"@context"`
}

type proof struct {
	Context string          `json:"@context"`
	Type    string          `json:"type"`
	Purpose string          `json:"proofPurpose"`
	Value   string          `json:"proofValue,omitempty"`
	Method  string          `json:"verificationMethod"`
	Created string          `json:"created"`
	EIP712  json.RawMessage `json:"eip712Domain,omitempty"`
}

func newDocument(did, address, provider string, d draft) document {
	date := func(moment time.Time) string {
		if moment.IsZero() {
			return ""
		}
		return moment.UTC().Format("2006-01-02T15:04:05Z")
	}
	return document{
		Context: append([]string{"https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"}, d.contexts...),
		Type:    []string{"VerifiableCredential"},
		Subject: subject{
			ID:         "did:pkh:eip155:1:" + address,
			Nullifiers: d.nullifiers,
			Provider:   provider,
			Context:    json.RawMessage(subjectContext),
		},
		Issuer:     did,
		Issued:     date(d.issuedAt),
		Expiration: date(d.expiresAt),
		Proof: proof{
			Context: "https://w3id.org/security/suites/eip712sig-2021/v1",
			Type:    "EthereumEip712Signature2021",
			Purpose: "assertionMethod",
			Method:  did + "#controller",
			Created: date(d.issuedAt),
		},
	}
}

const subjectContext = `{"nullifiers":{"@container":"@list","@type":"https://schema.org/Text"},"provider":"https://schema.org/Text"}`

// layout is how the issuers have a credential hashed.
const layout = `{"domain":{"name":"VerifiableCredential"},"primaryType":"Document","types":{` +
	`"@context":[{"name":"nullifiers","type":"NullifiersContext"},{"name":"provider","type":"string"}],` +
	`"CredentialSubject":[{"name":"@context","type":"@context"},{"name":"nullifiers","type":"string[]"},` +
	`{"name":"id","type":"string"},{"name":"provider","type":"string"}],` +
	`"Document":[{"name":"@context","type":"string[]"},{"name":"credentialSubject","type":"CredentialSubject"},` +
	`{"name":"expirationDate","type":"string"},{"name":"issuanceDate","type":"string"},{"name":"issuer","type":"string"},` +
	`{"name":"proof","type":"Proof"},{"name":"type","type":"string[]"}],` +
	`"EIP712Domain":[{"name":"name","type":"string"}],` +
	`"NullifiersContext":[{"name":"@container","type":"string"},{"name":"@type","type":"string"}],` +
	`"Proof":[{"name":"@context","type":"string"},{"name":"created","type":"string"},{"name":"proofPurpose","type":"string"},` +
	`{"name":"type","type":"string"},{"name":"verificationMethod","type":"string"}]}}`

// sign hashes the document as it stands, and adds to its proof the signature
// and the way in which it was hashed.
func (i *Issuer) sign(d document) ([]byte, error) {
	message, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	digest, err := digestOf(message)
	if err != nil {
		return nil, err
	}
	// decred puts v in front of r and s; Ethereum puts it behind.
	compact := ecdsa.SignCompact(i.key, digest[:], false)
	d.Proof.Value = "0x" + hex.EncodeToString(compact[1:]) + hex.EncodeToString(compact[:1])
	d.Proof.EIP712 = json.RawMessage(layout)
	signed, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if _, err := credential.Parse(signed); err != nil {
		return nil, err
	}
	return signed, nil
}

func digestOf(message []byte) ([32]byte, error) {
	limits := strictjson.Limits{Size: credential.MaxSize, Depth: credential.MaxDepth, Values: credential.MaxValues}
	how, err := strictjson.Parse([]byte(layout), limits)
	if err != nil {
		return [32]byte{}, err
	}
	types, err := typeddata.Parse(how.Get("types"))
	if err != nil {
		return [32]byte{}, err
	}
	tree, err := strictjson.Parse(message, limits)
	if err != nil {
		return [32]byte{}, err
	}
	return types.Digest(how.Get("domain"), how.Get("primaryType").Text, tree)
}
