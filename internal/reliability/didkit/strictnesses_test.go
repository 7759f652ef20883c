//go:build didkit

package didkit

import (
	"regexp"
	"strings"

	"github.com/passport-sdk/passport-go/credential"
)

// strictness is a way in which ours is stricter than didkit on purpose: it
// refuses what lets one signature be spelt twice, or text be forged.
type strictness struct {
	why string
	// linked strictnesses are of Ed25519Signature2018 only. It signs linked data,
	// in which the names of properties are not protected, so only the one shape
	// that issuers used is taken; some of what differs is found when it is read.
	linked bool
	reason credential.Reason
	detail string // a regular expression
}

// strictnesses are all that there are: didkit must refuse all else that ours
// does.
func strictnesses() []strictness {
	const malformed, unsupported, signature = credential.ReasonMalformed, credential.ReasonUnsupportedProof, credential.ReasonBadSignature
	return []strictness{
		{"a signature has one spelling, by which it is revoked", false, signature, `^its proofValue is not 0x and 65 bytes`},
		{"a signature has one spelling, by which it is revoked", true, signature, `^its jws is not a detached EdDSA signature$`},
		{"a date has one spelling", false, malformed, ` is not a date of RFC 3339$`},
		{"types are well-formed, unused ones too", false, unsupported, `^its types cannot be read: `},
		{"text is signed as text", false, unsupported, `^its types sign \S+ as .*, not as a string$`},
		{"types are given, not derived", false, unsupported, `^its proof has no eip712Domain$`},
		{"a text can be stored: no Postgres text holds U+0000", false, malformed, `: the character U\+0000$`},
		{"no key is there twice, or in another case", false, malformed, `, which could pass for | is there twice`},
		{"it is of at most 64 KiB, 32 levels and 1024 values", false, credential.ReasonTooLarge, ``},
		{"linked data has the one shape", true, unsupported, `^its members are not those of an Ed25519Signature2018 credential$`},
		{"linked data has the one shape", true, unsupported, `^it has more than one @context or type$`},
		{"linked data has the one shape", true, unsupported, `^its subject is not exactly id, @context, hash and provider$`},
		{"linked data has the one shape", true, unsupported, `^its subject's @context does not map exactly hash and provider to text$`},
		{"linked data has the one shape", true, unsupported, `^its proof is not exactly type, proofPurpose, verificationMethod, created and jws$`},
		{"linked data has the one shape", true, unsupported, `^its hash does not begin with v0\.0\.0:, or its provider does$`},
		{"linked data has the one shape", true, unsupported, `^its subject is not an Ethereum account$`},
		{"linked data has the one shape", true, malformed, `^credentialSubject\.(hash|provider|nullifiers) is .*, not a (string|list)$`},
		{"linked data has the one shape", true, malformed, `^nullifier \d+ is .*, not a string$`},
		{"linked data has the one shape", true, malformed, `^its credentialSubject is not an object$`},
		{"linked data has the one shape", true, malformed, `^its issuer is not a DID$`},
		{"linked data has the one shape", true, malformed, `^it has a member .*, which stamps do not have$`},
	}
}

// strictnessOf returns the strictness by which the text is refused, "" if it is
// by none.
func strictnessOf(refused *credential.Error, text string) string {
	for _, s := range strictnesses() {
		if s.reason == refused.Reason && regexp.MustCompile(s.detail).MatchString(refused.Detail) &&
			(!s.linked || strings.Contains(text, "Ed25519Signature2018")) {
			return s.why
		}
	}
	return ""
}
