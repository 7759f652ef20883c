// Package credential reads verifiable credentials as Human Passport's issuers
// sign them, and checks their proofs. It never uses the network: the key is in
// the issuer's DID.
//
// Two types of proof are in use: EthereumEip712Signature2021 by did:ethr (and
// did:pkh) issuers, and the older Ed25519Signature2018 by did:key issuers. The
// rules are those of the issuers' own library, didkit, made stricter wherever
// one signature could cover two spellings or text be forged:
//
//	signed, err := credential.Parse(text)   // nothing in it is proven yet
//	err = verifier.Verify(ctx, signed, now) // its proof holds
//
// The caller must check the subject, the expiry, and that the issuer is one
// that it trusts.
package credential

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// Bounds on a credential. Real ones have 2 to 4 KiB, 6 levels and 120 values.
const (
	// MaxSize is the largest size in bytes. White space between tokens, of which
	// there may be as much again, does not count, so that the size does not depend
	// on where a credential was kept.
	MaxSize = 64 << 10
	// MaxDepth bounds the nesting of objects and lists.
	MaxDepth = 32
	// MaxValues bounds the number of JSON values, objects and lists included.
	MaxValues = 1024
	// MaxNullifiers bounds the list of nullifiers. Real ones have one or two.
	MaxNullifiers = 100
)

// Credential is the content of a credential, to be trusted only once its proof
// is verified. It does not keep the text that it was parsed from alive.
type Credential struct {
	// Issuer is the DID that signed it, Subject the one that it is about.
	Issuer, Subject string
	// Provider is credentialSubject.provider; empty when absent.
	Provider string
	// Nullifiers are credentialSubject.nullifiers, or the older single
	// credentialSubject.hash in their place: each once, in the order given.
	Nullifiers []string
	// Legacy reports that Nullifiers is such a hash.
	Legacy bool
	// IssuedAt and ExpiresAt are in UTC; ExpiresAt is zero when absent.
	IssuedAt, ExpiresAt time.Time
	// ProofType is the type of its proof.
	ProofType string
	// ProofValue is the text by which it is revoked: the proof's proofValue, or
	// else its jws.
	ProofValue string
}

// Signed is a parsed credential with its signed document. It is safe for
// concurrent use. [Verifier.Verify] ignores changes of its exported fields.
type Signed struct {
	Credential

	said              Credential // as it was parsed
	root, proof       *strictjson.Value
	issued, createdAt date
	expires           date // the zero date when absent
}

// The members that have a meaning. One that differs from them in case only is
// refused, because some reader would take it for the real one.
var (
	rootMembers = append([]string{
		"@context", "id", "type", "credentialSubject", "issuer", "issuanceDate", "expirationDate", "proof",
	}, unusedMembers...)
	// unusedMembers are the standard's, and no issuer of stamps writes them. They
	// are refused, because the issuers' library prints each by rules of its own.
	unusedMembers  = []string{"credentialStatus", "termsOfUse", "evidence", "credentialSchema", "refreshService"}
	subjectMembers = []string{"id", "@context", "provider", "nullifiers", "hash"}
	proofMembers   = append([]string{
		"@context", "type", "proofPurpose", "proofValue", "verificationMethod", "created", "eip712", "eip712Domain",
	}, proofTexts...)
	// proofTexts are optional strings.
	proofTexts = []string{"challenge", "creator", "domain", "nonce", "jws"}
)

const (
	contextV1      = "https://www.w3.org/2018/credentials/v1"
	maxTextOfError = 60
)

// Parse reads a credential strictly. It returns an *[Error] with
// [ReasonTooLarge], [ReasonMalformed] or [ReasonTooManyNullifiers] for any
// other text. A credential whose proof is of an unknown type parses, and does
// not verify. The Signed does not share memory with the argument.
func Parse(text []byte) (*Signed, error) {
	root, err := strictjson.Parse(text, strictjson.Limits{Size: MaxSize, Depth: MaxDepth, Values: MaxValues})
	if errors.Is(err, strictjson.ErrTooLarge) {
		return nil, &Error{ReasonTooLarge, err.Error()}
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

// Text returns the parsed text without white space around it, for verifiers of
// the host. It is empty if s did not come from Parse.
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
	for i, context := range contexts {
		if context.Kind != strictjson.Object && !isURI(&context) {
			return malformed("@context %d is %s, not a URI or an object", i, context.Kind)
		}
	}
	if _, err := textOf(s.root, "its ", "id"); err != nil {
		return err
	}
	for _, name := range unusedMembers {
		if s.known(name) != nil {
			return malformed("it has a member %s, which stamps do not have", name)
		}
	}
	types := oneOrMany(s.known("type"))
	isCredential := func(v strictjson.Value) bool { return v.Text == "VerifiableCredential" }
	isNoString := func(v strictjson.Value) bool { return v.Kind != strictjson.String }
	if !slices.ContainsFunc(types, isCredential) || slices.ContainsFunc(types, isNoString) {
		return malformed("its type does not name VerifiableCredential")
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
		s.expires, err = readDate(v, "expirationDate")
		s.ExpiresAt = s.expires.moment.UTC()
	}
	return err
}

func (s *Signed) readSubject() (err error) {
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
	for _, member := range []struct {
		name string
		to   *string
	}{{"id", &s.Subject}, {"provider", &s.Provider}, {"hash", &hash}} {
		if *member.to, err = textOf(subject, "credentialSubject.", member.name); err != nil {
			return err
		}
	}
	return s.readNullifiers(present(subject.Get("nullifiers")), hash)
}

func (s *Signed) readNullifiers(list *strictjson.Value, hash string) error {
	if list == nil {
		if hash != "" {
			s.Nullifiers, s.Legacy = []string{hash}, true
		}
		return nil
	}
	if list.Kind != strictjson.Array {
		return malformed("credentialSubject.nullifiers is %s, not a list", list.Kind)
	}
	if len(list.Items) > MaxNullifiers {
		return &Error{ReasonTooManyNullifiers, fmt.Sprintf("it lists more than %d nullifiers", MaxNullifiers)}
	}
	for i, v := range list.Items {
		if v.Kind != strictjson.String {
			return malformed("nullifier %d is %s, not a string", i, v.Kind)
		}
		if !slices.Contains(s.Nullifiers, v.Text) {
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
	if s.ProofType, err = s.proofText("type"); err != nil {
		return err
	}
	if s.createdAt, err = readDate(present(s.proof.Get("created")), "proof.created"); err != nil {
		return err
	}
	for _, name := range proofTexts {
		if _, err := textOf(s.proof, "proof.", name); err != nil {
			return err
		}
	}
	value := cmp.Or(present(s.proof.Get("proofValue")), present(s.proof.Get("jws")))
	if value == nil {
		return nil
	}
	if value.Kind != strictjson.String {
		return malformed("proof.proofValue is not a string")
	}
	s.ProofValue = strings.Clone(value.Text)
	return nil
}

// proofText returns a member of the proof that must be a string.
func (s *Signed) proofText(name string) (string, error) {
	v := s.proof.Get(name)
	if v == nil || v.Kind != strictjson.String {
		return "", malformed("proof.%s is not a string", name)
	}
	return v.Text, nil
}

// textOf returns a member that must be a string, if it is present.
func textOf(object *strictjson.Value, where, name string) (string, error) {
	v := present(object.Get(name))
	if v == nil {
		return "", nil
	}
	if v.Kind != strictjson.String {
		return "", malformed("%s%s is %s, not a string", where, name, v.Kind)
	}
	return strings.Clone(v.Text), nil
}

// known returns a member of the credential; null counts as absent.
func (s *Signed) known(name string) *strictjson.Value { return present(s.root.Get(name)) }

func present(v *strictjson.Value) *strictjson.Value {
	if v == nil || v.Kind == strictjson.Null {
		return nil
	}
	return v
}

// isURI requires no more than the issuers' library does. Only a string has a
// text with a colon.
func isURI(v *strictjson.Value) bool { return v != nil && strings.Contains(v.Text, ":") }

// oneOrMany returns the items of a list, or another value as the only item.
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
