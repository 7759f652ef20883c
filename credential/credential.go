// Package credential reads verifiable credentials as Human Passport's issuers
// sign them, and checks their proofs. It never touches the network: the key is
// in the issuer's DID.
//
// Two types of proof are in use: EthereumEip712Signature2021 by did:ethr (and
// did:pkh) issuers, and the older Ed25519Signature2018 by did:key issuers. The
// rule for both is that of the issuers' own library, didkit, made stricter
// wherever one signature could be spelt twice or text be forged:
//
//	signed, err := credential.Parse(text)        // what it says: believe nothing yet
//	err = verifier.Verify(ctx, signed, now)      // its proof holds
//
// Whether it is the right subject's, has expired, or comes from an issuer that
// is trusted is for the caller to say.
package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// Bounds on a credential. Real ones have 2 to 4 KiB, 6 levels and 120 values.
const (
	// MaxSize is the size of a credential in bytes, at most. White space between
	// its tokens does not count, so that it does not depend on where a credential
	// was kept; but with it a credential has no more than twice as many.
	MaxSize = 64 << 10
	// MaxDepth is how deep its objects and lists lie in one another, at most.
	MaxDepth = 32
	// MaxValues is the number of its JSON values, at most: its texts, and the
	// objects and lists that they are in.
	MaxValues = 1024
	// MaxNullifiers is how many items its list of nullifiers has, at most. Real
	// ones have one or two.
	MaxNullifiers = 100
)

// Credential is what a credential says. None of it is to be believed before
// its proof is verified. It does not keep the text that it was parsed from
// alive.
type Credential struct {
	// Issuer is the DID that signed it.
	Issuer string
	// Subject is the DID that it is about, credentialSubject.id.
	Subject string
	// Provider is what it vouches for, credentialSubject.provider; empty when
	// absent.
	Provider string
	// Nullifiers are credentialSubject.nullifiers, or the older single
	// credentialSubject.hash in their place: each once, in the order given.
	Nullifiers []string
	// Legacy tells that Nullifiers is such a hash.
	Legacy bool
	// IssuedAt and ExpiresAt are its dates, in UTC; ExpiresAt is zero when it
	// has none.
	IssuedAt, ExpiresAt time.Time
	// ProofType names its type of proof.
	ProofType string
	// ProofValue is the text by which it is revoked: the proof's proofValue, or
	// else its jws.
	ProofValue string
}

// Signed is a parsed credential together with what its proof is checked
// against. It is safe for concurrent use. What the caller does to its exported
// fields changes nothing for [Verifier.Verify].
type Signed struct {
	Credential

	said      Credential // as it was parsed
	root      *strictjson.Value
	proof     *strictjson.Value
	issued    date
	expires   date // the zero date when it has none
	createdAt date
}

// The members that have a meaning. One that is spelt like them but for its
// case is refused: some reader would take it for the real one.
var (
	rootMembers = append([]string{
		"@context", "id", "type", "credentialSubject", "issuer", "issuanceDate", "expirationDate", "proof",
	}, unusedMembers...)
	// unusedMembers are the standard's, and no issuer of stamps writes them. The
	// issuers' library reads and prints each by rules of its own, so they are
	// refused rather than imitated.
	unusedMembers  = []string{"credentialStatus", "termsOfUse", "evidence", "credentialSchema", "refreshService"}
	subjectMembers = []string{"id", "@context", "provider", "nullifiers", "hash"}
	proofMembers   = append([]string{
		"@context", "type", "proofPurpose", "proofValue", "verificationMethod", "created", "eip712", "eip712Domain",
	}, proofTexts...)
	// proofTexts may be absent, but are nothing but strings.
	proofTexts = []string{"challenge", "creator", "domain", "nonce", "jws"}
)

const (
	contextV1      = "https://www.w3.org/2018/credentials/v1"
	credentialType = "VerifiableCredential" //nolint:gosec // a type, not a secret
	maxTextOfError = 60
)

// Parse reads a credential strictly. A text that is not one is an *[Error]
// with [ReasonTooLarge], [ReasonMalformed] or [ReasonTooManyNullifiers]; one whose proof is of an unknown
// type parses, and does not verify.
//
// The Signed does not share memory with the argument.
func Parse(text []byte) (*Signed, error) {
	root, err := strictjson.Parse(text, strictjson.Limits{Size: MaxSize, Depth: MaxDepth, Values: MaxValues})
	if errors.Is(err, strictjson.ErrTooLarge) {
		return nil, &Error{Reason: ReasonTooLarge, Detail: err.Error()}
	}
	if err != nil {
		return nil, malformed("%v", err)
	}
	s := &Signed{root: root}
	for _, read := range []func() error{s.readRoot, s.readSubject, s.readProof} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	s.said = s.Credential
	s.said.Nullifiers = slices.Clone(s.Nullifiers)
	return s, nil
}

// Text returns the text that was parsed, without white space around it, for a
// verifier that reads it itself. It is empty for what did not come from Parse.
func (s *Signed) Text() string {
	if s == nil || s.root == nil {
		return ""
	}
	return s.root.Raw
}

func (s *Signed) readRoot() (err error) {
	if s.root.Kind != strictjson.Object {
		return malformed("it is %s, not an object", s.root.Kind)
	}
	if err := exactNames(s.root, rootMembers, "the credential"); err != nil {
		return err
	}
	contexts := oneOrMany(s.known("@context"))
	if len(contexts) == 0 || contexts[0].Text != contextV1 {
		return malformed("its first @context is not %s", contextV1)
	}
	for i := range contexts {
		if kind := contexts[i].Kind; kind != strictjson.Object && !isURI(&contexts[i]) {
			return malformed("@context %d is %s, not a URI or an object", i, kind)
		}
	}
	if id := s.known("id"); id != nil && id.Kind != strictjson.String {
		return malformed("its id is %s, not a string", id.Kind)
	}
	for _, name := range unusedMembers {
		if s.known(name) != nil {
			return malformed("it has a member %s, which stamps do not have", name)
		}
	}
	types := oneOrMany(s.known("type"))
	isCredential := func(v strictjson.Value) bool { return v.Text == credentialType }
	isNoString := func(v strictjson.Value) bool { return v.Kind != strictjson.String }
	if !slices.ContainsFunc(types, isCredential) || slices.ContainsFunc(types, isNoString) {
		return malformed("its type does not name %s", credentialType)
	}
	issuer := s.known("issuer")
	if !isURI(issuer) {
		return malformed("its issuer is not a DID")
	}
	s.Issuer = strings.Clone(issuer.Text)
	if s.issued, err = readDate(s.known("issuanceDate"), "issuanceDate"); err != nil {
		return err
	}
	s.IssuedAt = s.issued.moment.UTC()
	if v := s.known("expirationDate"); v != nil {
		if s.expires, err = readDate(v, "expirationDate"); err != nil {
			return err
		}
		s.ExpiresAt = s.expires.moment.UTC()
	}
	return nil
}

func (s *Signed) readSubject() error {
	subject := s.known("credentialSubject")
	if subject == nil || subject.Kind != strictjson.Object {
		return malformed("its credentialSubject is not an object")
	}
	if len(subject.Members) == 0 {
		return malformed("its credentialSubject is empty")
	}
	if err := exactNames(subject, subjectMembers, "the subject"); err != nil {
		return err
	}
	if id := present(subject.Get("id")); id != nil && !isURI(id) {
		return malformed("credentialSubject.id is not a DID")
	}
	var hash string
	for _, field := range []struct {
		name string
		to   *string
	}{{"id", &s.Subject}, {"provider", &s.Provider}, {"hash", &hash}} {
		v := present(subject.Get(field.name))
		if v == nil {
			continue
		}
		if v.Kind != strictjson.String {
			return malformed("credentialSubject.%s is %s, not a string", field.name, v.Kind)
		}
		*field.to = strings.Clone(v.Text)
	}
	nullifiers := present(subject.Get("nullifiers"))
	if nullifiers == nil {
		if hash != "" {
			s.Nullifiers, s.Legacy = []string{hash}, true
		}
		return nil
	}
	if nullifiers.Kind != strictjson.Array {
		return malformed("credentialSubject.nullifiers is %s, not a list", nullifiers.Kind)
	}
	if len(nullifiers.Items) > MaxNullifiers {
		return &Error{Reason: ReasonTooManyNullifiers, Detail: fmt.Sprintf("it lists more than %d nullifiers", MaxNullifiers)}
	}
	listed := make(map[string]bool, len(nullifiers.Items))
	for i := range nullifiers.Items {
		v := &nullifiers.Items[i]
		if v.Kind != strictjson.String {
			return malformed("nullifier %d is %s, not a string", i, v.Kind)
		}
		if !listed[v.Text] {
			listed[v.Text] = true
			s.Nullifiers = append(s.Nullifiers, strings.Clone(v.Text))
		}
	}
	return nil
}

func (s *Signed) readProof() (err error) {
	proofs := oneOrMany(s.known("proof"))
	if len(proofs) != 1 || proofs[0].Kind != strictjson.Object {
		return malformed("it does not have exactly one proof")
	}
	s.proof = &proofs[0]
	if err := exactNames(s.proof, proofMembers, "the proof"); err != nil {
		return err
	}
	proofType, err := s.proofText("type")
	if err != nil {
		return err
	}
	s.ProofType = strings.Clone(proofType)
	if s.createdAt, err = readDate(present(s.proof.Get("created")), "proof.created"); err != nil {
		return err
	}
	for _, name := range proofTexts {
		if v := present(s.proof.Get(name)); v != nil && v.Kind != strictjson.String {
			return malformed("proof.%s is %s, not a string", name, v.Kind)
		}
	}
	for _, name := range []string{"proofValue", "jws"} {
		if present(s.proof.Get(name)) != nil {
			value, err := s.proofText(name)
			s.ProofValue = strings.Clone(value)
			return err
		}
	}
	return nil
}

// proofText returns a member of the proof that must be there and be a string.
func (s *Signed) proofText(name string) (string, error) {
	v := s.proof.Get(name)
	if v == nil || v.Kind != strictjson.String {
		return "", malformed("proof.%s is not a string", name)
	}
	return v.Text, nil
}

// known returns a member of the credential; null counts as absent.
func (s *Signed) known(name string) *strictjson.Value { return present(s.root.Get(name)) }

func present(v *strictjson.Value) *strictjson.Value {
	if v == nil || v.Kind == strictjson.Null {
		return nil
	}
	return v
}

// isURI asks as little as the issuers' library does. Only a string has a text
// with a colon.
func isURI(v *strictjson.Value) bool {
	return v != nil && strings.Contains(v.Text, ":")
}

// oneOrMany reads a value that may stand alone or in a list.
func oneOrMany(v *strictjson.Value) []strictjson.Value {
	switch {
	case v == nil:
		return nil
	case v.Kind == strictjson.Array:
		return v.Items
	}
	return []strictjson.Value{*v}
}

func exactNames(object *strictjson.Value, known []string, what string) error {
	for i := range object.Members {
		name := object.Members[i].Name
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return malformed("%s has a member %q, which could pass for %s", what, name, k)
			}
		}
	}
	return nil
}

func malformed(format string, args ...any) *Error {
	return &Error{Reason: ReasonMalformed, Detail: fmt.Sprintf(format, args...)}
}
