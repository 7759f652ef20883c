package credential

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

const proofEIP712 = "EthereumEip712Signature2021"

// verifyEIP712 recovers the address that signed the credential and compares it
// with the one that the issuer's DID names.
func (v *Verifier) verifyEIP712(s *Signed) error {
	method, err := s.proofText("verificationMethod")
	if err != nil {
		return err
	}
	key, found := ethereumKey(s.said.Issuer, method)
	if !found {
		return &Error{ReasonWrongVerificationMethod, "its proof's verification method is not a key of its issuer"}
	}
	value, err := s.proofText("proofValue")
	if err != nil {
		return err
	}
	signature, err := parseSignature(value)
	if err != nil {
		return err
	}
	layout, err := readLayout(s.proof)
	if err != nil {
		return err
	}
	types, remembered, err := v.typeSet(layout.types)
	if err != nil {
		return unsupported("its types cannot be read: %.120s", err)
	}
	if err := checkTypes(types, layout.primaryType); err != nil {
		return err
	}
	digest, err := types.Digest(layout.domain, layout.primaryType, s.message())
	if err != nil {
		return unsupported("its typed data does not hash: %.120s", err)
	}
	recoverAddress := v.Recover
	if recoverAddress == nil {
		recoverAddress = recoverDecred
	}
	address, err := recoverAddress(&digest, signature)
	if err != nil || !key.is(address) {
		return &Error{ReasonBadSignature, "its signature is not the issuer's over this text"}
	}
	if !remembered {
		v.types.Add(strings.Clone(layout.types.Raw), types)
	}
	return nil
}

// checkTypes refuses types by which a signature does not stand for one text.
// Types other than string have several spellings of one value: under bytes 0xAB
// is 0xab, under uint8 it is 171, and 0 is a member that is absent. A nullifier
// with two spellings would count twice.
func checkTypes(types *typeddata.Types, primaryType string) error {
	// A signature over less than this says nothing about the rest.
	for _, name := range []string{"credentialSubject", "issuer", "expirationDate"} {
		if types.TypeOf(primaryType, name) == "" {
			return unsupported("its primary type does not list %s", name)
		}
	}
	subject, proof := types.TypeOf(primaryType, "credentialSubject"), types.TypeOf(primaryType, "proof")
	text, texts := []string{"", "string"}, []string{"", "string[]"} // or absent
	for _, read := range []struct {
		of    string
		names []string
		kinds []string
	}{
		{primaryType, []string{"id", "issuer", "issuanceDate", "expirationDate"}, text},
		{primaryType, []string{"@context", "type"}, append(text, texts...)},
		{subject, []string{"id", "provider", "hash"}, text},
		{subject, []string{"nullifiers"}, texts},
		{proof, []string{"type", "proofPurpose", "verificationMethod", "created"}, text},
		{proof, proofTexts, text},
	} {
		for _, name := range read.names {
			if kind := types.TypeOf(read.of, name); !slices.Contains(read.kinds, kind) {
				return unsupported("its types sign %s as %.60s, not as a string", name, kind)
			}
		}
	}
	return nil
}

// typeSet returns the parsed types. Only a credential that verified has its
// set remembered, so that others cannot push the real ones out.
func (v *Verifier) typeSet(document *strictjson.Value) (types *typeddata.Types, remembered bool, err error) {
	v.once.Do(func() {
		v.types, _ = lru.New[string, *typeddata.Types](maxTypeSets) // fails for a size of 0 only
	})
	if types, remembered = v.types.Get(document.Raw); remembered {
		return types, true, nil
	}
	types, err = typeddata.Parse(document)
	return types, false, err
}

// layout is the proof's member that says how the credential was hashed.
type layout struct {
	types       *strictjson.Value
	primaryType string
	domain      *strictjson.Value
}

func readLayout(proof *strictjson.Value) (layout, error) {
	// The older name wins; the issuers' library then takes the other one for a
	// part of the message, or does not read the proof at all.
	object, older := proof.Get("eip712Domain"), proof.Get("eip712")
	if object != nil && older != nil {
		return layout{}, unsupported("its proof has both eip712 and eip712Domain")
	}
	if object == nil {
		object = older
	}
	if object == nil || object.Kind != strictjson.Object {
		return layout{}, unsupported("its proof has no eip712Domain")
	}
	types := object.Get("types")
	if alias := object.Get("messageSchema"); types == nil {
		types = alias
	} else if alias != nil {
		return layout{}, unsupported("its eip712Domain has both types and messageSchema")
	}
	primaryType, domain := object.Get("primaryType"), object.Get("domain")
	if len(object.Members) != 3 || types == nil || primaryType == nil || primaryType.Kind != strictjson.String || domain == nil {
		return layout{}, unsupported("its eip712Domain is not exactly types, primaryType and domain")
	}
	if types.Kind != strictjson.Object {
		return layout{}, unsupported("its types are %s, not an object", types.Kind)
	}
	return layout{types: types, primaryType: primaryType.Text, domain: domain}, nil
}

// message is what was signed: the credential without what can only be known
// afterwards, its dates printed anew.
func (s *Signed) message() *strictjson.Value {
	message := &strictjson.Value{Kind: strictjson.Object, Members: make([]strictjson.Member, 0, len(s.root.Members))}
	for _, m := range s.root.Members {
		switch {
		case m.Value.Kind == strictjson.Null && slices.Contains(rootMembers, m.Name):
			continue
		case m.Name == "issuanceDate":
			m.Value = text(s.issued.print())
		case m.Name == "expirationDate":
			m.Value = text(s.expires.print())
		case m.Name == "proof":
			m.Value = s.signedProof()
		}
		message.Members = append(message.Members, m)
	}
	return message
}

func (s *Signed) signedProof() strictjson.Value {
	proof := strictjson.Value{Kind: strictjson.Object, Members: make([]strictjson.Member, 0, len(s.proof.Members))}
	for _, m := range s.proof.Members {
		switch {
		case m.Value.Kind == strictjson.Null && slices.Contains(proofMembers, m.Name):
			continue
		case m.Name == "proofValue", m.Name == "eip712", m.Name == "eip712Domain":
			continue
		case m.Name == "created":
			m.Value = text(s.createdAt.printUTC())
		}
		proof.Members = append(proof.Members, m)
	}
	return proof
}

func text(t string) strictjson.Value { return strictjson.Value{Kind: strictjson.String, Text: t} }

// parseSignature accepts the one spelling of a signature. Revocation is keyed
// on the text, so bytes after the 65th, another case of the hex digits, a high
// s (which verifies as well) or v's other numberings would let a revoked
// credential live on.
func parseSignature(proofValue string) (*[65]byte, error) {
	bad := &Error{ReasonBadSignature, "its proofValue is not 0x and 65 bytes in lower-case hex, with v 27 or 28 and a low s"}
	digits, found := strings.CutPrefix(proofValue, "0x")
	var signature [65]byte
	if !found || len(digits) != hex.EncodedLen(len(signature)) || strings.ToLower(digits) != digits {
		return nil, bad
	}
	if _, err := hex.Decode(signature[:], []byte(digits)); err != nil {
		return nil, bad
	}
	var r, low secp256k1.ModNScalar
	rOverflows, sOverflows := r.SetByteSlice(signature[:32]), low.SetByteSlice(signature[32:64])
	if rOverflows || sOverflows || r.IsZero() || low.IsZero() || low.IsOverHalfOrder() {
		return nil, bad
	}
	if recovery := signature[64]; recovery != 27 && recovery != 28 {
		return nil, bad
	}
	return &signature, nil
}

func recoverDecred(digest *[32]byte, signature *[65]byte) ([20]byte, error) {
	// decred's form has v in front.
	var compact [65]byte
	compact[0] = signature[64]
	copy(compact[1:], signature[:64])
	key, _, err := ecdsa.RecoverCompact(compact[:], digest[:])
	if err != nil {
		return [20]byte{}, fmt.Errorf("recovering the key: %w", err)
	}
	return addressOf(key), nil
}

func unsupported(format string, args ...any) *Error {
	return &Error{Reason: ReasonUnsupportedProof, Detail: fmt.Sprintf(format, args...)}
}
