package credential

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/internal/ethereum"
	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

const proofEIP712 = "EthereumEip712Signature2021"

// verifyEIP712 recovers the address that signed the credential and compares it
// with the one in the issuer's DID.
func (v *Verifier) verifyEIP712(s *Signed, method string) error {
	key, found := ethereumKey(s.said.Issuer, method)
	if !found {
		return &Error{ReasonWrongVerificationMethod, wrongMethod}
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
	types, cached, err := v.typeSet(layout.types)
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
	if address, err := recoverAddress(&digest, signature); err != nil || !key.is(address) {
		return &Error{ReasonBadSignature, badSignature}
	}
	if !cached {
		v.types.Add(strings.Clone(layout.types.Raw), types)
	}
	return nil
}

// checkTypes refuses types under which a signature covers several texts, or not
// the whole one. A type other than string has several spellings of one value:
// under bytes 0xAB is 0xab, under uint8 it is 171, and 0 is a member that is
// absent. A nullifier with two spellings would count twice.
func checkTypes(types *typeddata.Types, primaryType string) error {
	for _, name := range []string{"credentialSubject", "issuer", "expirationDate"} {
		if types.TypeOf(primaryType, name) == "" {
			return unsupported("its primary type does not list %s", name)
		}
	}
	subject, proof := types.TypeOf(primaryType, "credentialSubject"), types.TypeOf(primaryType, "proof")
	text, texts := []string{"", "string"}, []string{"", "string[]"} // or absent
	for _, read := range []struct {
		of           string
		names, kinds []string
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

// typeSet returns the parsed types. Only those of credentials that verified are
// in the cache, so that others cannot displace them.
func (v *Verifier) typeSet(document *strictjson.Value) (types *typeddata.Types, cached bool, err error) {
	v.once.Do(func() {
		v.types, _ = lru.New[string, *typeddata.Types](maxTypeSets) // fails for a size of 0 only
	})
	if types, cached = v.types.Get(document.Raw); !cached {
		types, err = typeddata.Parse(document)
	}
	return types, cached, err
}

// layout is the proof's member eip712Domain, by which the credential is hashed.
type layout struct {
	types       *strictjson.Value
	primaryType string
	domain      *strictjson.Value
}

func readLayout(proof *strictjson.Value) (layout, error) {
	// Given both names, the issuers' library takes the older one and signs the
	// other as part of the message, or does not read the proof at all.
	object, older := proof.Get("eip712Domain"), proof.Get("eip712")
	if object != nil && older != nil {
		return layout{}, unsupported("its proof has both eip712 and eip712Domain")
	}
	object = cmp.Or(object, older)
	if object == nil || object.Kind != strictjson.Object {
		return layout{}, unsupported("its proof has no eip712Domain")
	}
	types, alias := object.Get("types"), object.Get("messageSchema")
	if types != nil && alias != nil {
		return layout{}, unsupported("its eip712Domain has both types and messageSchema")
	}
	types = cmp.Or(types, alias)
	primaryType, domain := object.Get("primaryType"), object.Get("domain")
	if len(object.Members) != 3 || types == nil || primaryType == nil || primaryType.Kind != strictjson.String || domain == nil {
		return layout{}, unsupported("its eip712Domain is not exactly types, primaryType and domain")
	}
	if types.Kind != strictjson.Object {
		return layout{}, unsupported("its types are %s, not an object", types.Kind)
	}
	return layout{types: types, primaryType: primaryType.Text, domain: domain}, nil
}

// message returns the signed document: the credential without the signature,
// its dates as the issuers' library prints them.
func (s *Signed) message() *strictjson.Value {
	return edited(s.root, rootMembers, map[string]*strictjson.Value{
		"issuanceDate":   text(s.issued.print()),
		"expirationDate": text(s.expires.print()),
		"proof": edited(s.proof, proofMembers, map[string]*strictjson.Value{
			"created": text(s.createdAt.printUTC()), "proofValue": nil, "eip712": nil, "eip712Domain": nil,
		}),
	})
}

func text(t string) *strictjson.Value { return &strictjson.Value{Kind: strictjson.String, Text: t} }

// edited returns a copy of the object with the given values, without the
// members whose value is nil, and without known members that are null.
func edited(object *strictjson.Value, known []string, values map[string]*strictjson.Value) *strictjson.Value {
	members := make([]strictjson.Member, 0, len(object.Members))
	for _, m := range object.Members {
		value, found := values[m.Name]
		if found && value == nil || m.Value.Kind == strictjson.Null && slices.Contains(known, m.Name) {
			continue
		}
		if found {
			m.Value = *value
		}
		members = append(members, m)
	}
	return &strictjson.Value{Kind: strictjson.Object, Members: members}
}

// parseSignature accepts one spelling of a signature. Revocation goes by the
// text, so a revoked credential would live on with bytes after the 65th, other
// hex digits, a high s, which verifies as well, or another numbering of v.
func parseSignature(proofValue string) (*[65]byte, error) {
	bad := &Error{ReasonBadSignature, "its proofValue is not 0x and 65 bytes in lower-case hex, with v 27 or 28 and a low s"}
	var signature [65]byte
	var r, s secp256k1.ModNScalar
	digits, found := strings.CutPrefix(proofValue, "0x")
	if !found || len(digits) != hex.EncodedLen(len(signature)) || strings.ToLower(digits) != digits {
		return nil, bad
	}
	if _, err := hex.Decode(signature[:], []byte(digits)); err != nil {
		return nil, bad
	}
	overflows := r.SetByteSlice(signature[:32]) || s.SetByteSlice(signature[32:64])
	if v := signature[64]; overflows || r.IsZero() || s.IsZero() || s.IsOverHalfOrder() || v != 27 && v != 28 {
		return nil, bad
	}
	return &signature, nil
}

// Preload makes the tables that the first check of an Ethereum signature makes
// otherwise, once in a process: some 8 ms of processor time. A process whose
// first answer must be fast, such as a serverless function, calls it while it
// waits for something else. It is not needed with a Recover of one's own.
func Preload() {
	var one secp256k1.ModNScalar
	var point secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(one.SetInt(1), &point)
}

func recoverDecred(digest *[32]byte, signature *[65]byte) ([20]byte, error) {
	compact := append([]byte{signature[64]}, signature[:64]...) // decred has v in front
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err != nil {
		return [20]byte{}, fmt.Errorf("recovering the key: %w", err)
	}
	return ethereum.Address(key), nil
}
