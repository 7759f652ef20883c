package credential

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

const proofEd25519 = "Ed25519Signature2018"

// verifyEd25519 checks the older proof. It signs the canonical form of linked
// data, in which the names of properties are not protected: the subject's own
// @context maps them, and is not signed. So only the one shape that issuers
// used is accepted, in which nothing is left to map; and in that shape the
// canonical form is a fixed template, which needs no linked data library.
func verifyEd25519(s *Signed) error {
	method, err := s.proofText("verificationMethod")
	if err != nil {
		return err
	}
	id, isKey := strings.CutPrefix(s.said.Issuer, "did:key:")
	key, wellFormed := ed25519Key(id)
	if !isKey || !wellFormed || method != s.said.Issuer+"#"+id {
		return &Error{ReasonWrongVerificationMethod, "its proof's verification method is not a key of its issuer"}
	}
	if err := s.checkLegacyShape(); err != nil {
		return err
	}
	jws, err := s.proofText("jws")
	if err != nil {
		return err
	}
	signature, err := parseJWS(jws)
	if err != nil {
		return err
	}
	proof, document := sha256.Sum256([]byte(s.legacyProof(method))), sha256.Sum256([]byte(s.legacyDocument()))
	message := append([]byte(legacyHeader+"."), proof[:]...)
	message = append(message, document[:]...)
	if !ed25519.Verify(key, message, signature) {
		return &Error{ReasonBadSignature, "its signature is not the issuer's over this text"}
	}
	return nil
}

// legacyHeader is {"alg":"EdDSA","crit":["b64"],"b64":false} in base64url.
const legacyHeader = "eyJhbGciOiJFZERTQSIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9"

// parseJWS accepts the one spelling of a detached signature.
func parseJWS(jws string) ([]byte, error) {
	encoded, found := strings.CutPrefix(jws, legacyHeader+"..")
	// The decoder skips line ends, which would be another spelling.
	signature, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, &Error{ReasonBadSignature, "its jws is not a detached EdDSA signature"}
	}
	return signature, nil
}

const schemaText = "https://schema.org/Text"

// checkLegacyShape accepts the one shape that issuers used, to the letter.
func (s *Signed) checkLegacyShape() error {
	subject := s.root.Get("credentialSubject")
	contexts, types := oneOrMany(s.root.Get("@context")), oneOrMany(s.root.Get("type"))
	mapping := oneOrMany(subject.Get("@context"))
	isText := func(v *strictjson.Value) bool { return v.Text == schemaText }
	const hashPrefix = "v0.0.0:"
	switch {
	case !hasExactly(s.root, "@context", "type", "credentialSubject", "issuer", "issuanceDate", "expirationDate", "proof") || s.said.ExpiresAt.IsZero():
		return unsupported("its members are not those of an %s credential", proofEd25519)
	case len(contexts) != 1 || len(types) != 1:
		return unsupported("it has more than one @context or type")
	case !hasExactly(subject, "id", "@context", "hash", "provider"):
		return unsupported("its subject is not exactly id, @context, hash and provider")
	case len(mapping) != 1 || !hasExactly(&mapping[0], "hash", "provider") || !isText(mapping[0].Get("hash")) || !isText(mapping[0].Get("provider")):
		return unsupported("its subject's @context does not map exactly hash and provider to text")
	case !hasExactly(s.proof, "type", "proofPurpose", "verificationMethod", "created", "jws"):
		return unsupported("its proof is not exactly type, proofPurpose, verificationMethod, created and jws")
	case !s.said.Legacy || !strings.HasPrefix(s.said.Nullifiers[0], hashPrefix) || strings.HasPrefix(s.said.Provider, hashPrefix) || s.said.Provider == "":
		return unsupported("its hash does not begin with %s, or its provider does", hashPrefix)
	case !strings.HasPrefix(s.said.Subject, "did:pkh:eip155:1:") || !isHex(strings.TrimPrefix(s.said.Subject, "did:pkh:eip155:1:"), 20):
		return unsupported("its subject is not an Ethereum account")
	}
	return nil
}

func hasExactly(object *strictjson.Value, names ...string) bool {
	if object.Kind != strictjson.Object || len(object.Members) != len(names) {
		return false
	}
	for _, name := range names {
		if object.Get(name) == nil {
			return false
		}
	}
	return true
}

// The canonical N-Quads of the shape, lines in order.

func (s *Signed) legacyDocument() string {
	subject := "<" + s.said.Subject + ">"
	// Both texts hang on one property, in the order of their own text.
	first, second := literal(s.said.Nullifiers[0]), literal(s.said.Provider)
	if second < first {
		first, second = second, first
	}
	return subject + " <" + schemaText + "> " + first + " .\n" +
		subject + " <" + schemaText + "> " + second + " .\n" +
		"_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .\n" +
		"_:c14n0 <https://www.w3.org/2018/credentials#credentialSubject> " + subject + " .\n" +
		"_:c14n0 <https://www.w3.org/2018/credentials#expirationDate> " + dateTime(s.expires.print()) + " .\n" +
		"_:c14n0 <https://www.w3.org/2018/credentials#issuanceDate> " + dateTime(s.issued.print()) + " .\n" +
		"_:c14n0 <https://www.w3.org/2018/credentials#issuer> <" + s.said.Issuer + "> .\n"
}

func (s *Signed) legacyProof(method string) string {
	return "_:c14n0 <http://purl.org/dc/terms/created> " + dateTime(s.createdAt.printUTC()) + " .\n" +
		"_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#Ed25519Signature2018> .\n" +
		"_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod> .\n" +
		"_:c14n0 <https://w3id.org/security#verificationMethod> <" + method + "> .\n"
}

func dateTime(printed string) string {
	return `"` + printed + `"^^<http://www.w3.org/2001/XMLSchema#dateTime>`
}

func literal(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(text) + `"`
}

// ed25519Key reads the id of a did:key: z, and in base58 the multicodec prefix
// of an Ed25519 key and its 32 bytes.
func ed25519Key(id string) (ed25519.PublicKey, bool) {
	const (
		alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
		length   = 48 // every Ed25519 key takes z and 47 digits
	)
	if len(id) != length || id[0] != 'z' {
		return nil, false
	}
	number := new(big.Int)
	for _, digit := range []byte(id[1:]) {
		value := strings.IndexByte(alphabet, digit)
		if value < 0 {
			return nil, false
		}
		number.Mul(number, big.NewInt(int64(len(alphabet)))).Add(number, big.NewInt(int64(value)))
	}
	decoded := number.Bytes()
	if len(decoded) != 2+ed25519.PublicKeySize || decoded[0] != 0xed || decoded[1] != 0x01 {
		return nil, false
	}
	return decoded[2:], true
}
