package credential

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

const proofEd25519 = "Ed25519Signature2018"

// verifyEd25519 checks the older proof. It signs the canonical form of linked
// data, in which the names of properties are not protected: the subject's own
// @context maps them, and is not signed. So only the one shape that issuers
// used is accepted, whose canonical form is a fixed template.
func verifyEd25519(s *Signed, method string) error {
	id, isKey := strings.CutPrefix(s.said.Issuer, "did:key:")
	key, wellFormed := ed25519Key(id)
	if !isKey || !wellFormed || method != s.said.Issuer+"#"+id {
		return &Error{ReasonWrongVerificationMethod, wrongMethod}
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
	message := slices.Concat([]byte(legacyHeader+"."), proof[:], document[:])
	if !ed25519.Verify(key, message, signature) {
		return &Error{ReasonBadSignature, badSignature}
	}
	return nil
}

// legacyHeader is {"alg":"EdDSA","crit":["b64"],"b64":false} in base64url.
const legacyHeader = "eyJhbGciOiJFZERTQSIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9"

// parseJWS accepts one spelling of a detached signature. The decoder alone
// would skip line ends.
func parseJWS(jws string) ([]byte, error) {
	encoded, found := strings.CutPrefix(jws, legacyHeader+"..")
	signature, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, &Error{ReasonBadSignature, "its jws is not a detached EdDSA signature"}
	}
	return signature, nil
}

// checkLegacyShape accepts only the shape that issuers used.
func (s *Signed) checkLegacyShape() error {
	const hashPrefix = "v0.0.0:"
	subject := s.root.Get("credentialSubject")
	contexts, types, mapping := oneOrMany(s.root.Get("@context")), oneOrMany(s.root.Get("type")), oneOrMany(subject.Get("@context"))
	isText := func(name string) bool { return mapping[0].Get(name).Text == "https://schema.org/Text" }
	account, isAccount := strings.CutPrefix(s.said.Subject, "did:pkh:eip155:1:")
	switch {
	case !hasExactly(s.root, "@context", "type", "credentialSubject", "issuer", "issuanceDate", "expirationDate", "proof") || s.said.ExpiresAt.IsZero():
		return unsupported("its members are not those of an %s credential", proofEd25519)
	case len(contexts) != 1 || len(types) != 1:
		return unsupported("it has more than one @context or type")
	case !hasExactly(subject, "id", "@context", "hash", "provider"):
		return unsupported("its subject is not exactly id, @context, hash and provider")
	case len(mapping) != 1 || !hasExactly(&mapping[0], "hash", "provider") || !isText("hash") || !isText("provider"):
		return unsupported("its subject's @context does not map exactly hash and provider to text")
	case !hasExactly(s.proof, "type", "proofPurpose", "verificationMethod", "created", "jws"):
		return unsupported("its proof is not exactly type, proofPurpose, verificationMethod, created and jws")
	case !s.said.Legacy || !strings.HasPrefix(s.said.Nullifiers[0], hashPrefix) || strings.HasPrefix(s.said.Provider, hashPrefix) || s.said.Provider == "":
		return unsupported("its hash does not begin with %s, or its provider does", hashPrefix)
	case !isAccount || !isHex(account, 20):
		return unsupported("its subject is not an Ethereum account")
	}
	return nil
}

func hasExactly(object *strictjson.Value, names ...string) bool {
	isAbsent := func(name string) bool { return object.Get(name) == nil }
	return object.Kind == strictjson.Object && len(object.Members) == len(names) && !slices.ContainsFunc(names, isAbsent)
}

// legacyDocument returns the canonical N-Quads of the credential.
func (s *Signed) legacyDocument() string {
	// Both texts are values of one property, in the order of their own text.
	texts := []string{literal(s.said.Nullifiers[0]), literal(s.said.Provider)}
	slices.Sort(texts)
	return fmt.Sprintf(`<%[1]s> <https://schema.org/Text> %[2]s .
<%[1]s> <https://schema.org/Text> %[3]s .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
_:c14n0 <https://www.w3.org/2018/credentials#credentialSubject> <%[1]s> .
_:c14n0 <https://www.w3.org/2018/credentials#expirationDate> %[4]s .
_:c14n0 <https://www.w3.org/2018/credentials#issuanceDate> %[5]s .
_:c14n0 <https://www.w3.org/2018/credentials#issuer> <%[6]s> .
`, s.said.Subject, texts[0], texts[1], dateTime(s.expires.print()), dateTime(s.issued.print()), s.said.Issuer)
}

// legacyProof returns the canonical N-Quads of the proof.
func (s *Signed) legacyProof(method string) string {
	return fmt.Sprintf(`_:c14n0 <http://purl.org/dc/terms/created> %s .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#Ed25519Signature2018> .
_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod> .
_:c14n0 <https://w3id.org/security#verificationMethod> <%s> .
`, dateTime(s.createdAt.printUTC()), method)
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
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	if len(id) != 48 || id[0] != 'z' { // every Ed25519 key takes 47 digits
		return nil, false
	}
	base, number := big.NewInt(int64(len(alphabet))), new(big.Int)
	for _, digit := range []byte(id[1:]) {
		value := strings.IndexByte(alphabet, digit)
		if value < 0 {
			return nil, false
		}
		number.Mul(number, base).Add(number, big.NewInt(int64(value)))
	}
	decoded := number.Bytes()
	if len(decoded) != 2+ed25519.PublicKeySize || decoded[0] != 0xed || decoded[1] != 0x01 {
		return nil, false
	}
	return decoded[2:], true
}
