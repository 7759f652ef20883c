package store

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Nullifiers returns the nullifiers of a credential that is stored for the
// address under the provider: every string in the list
// credentialSubject.nullifiers, and the string credentialSubject.hash of older
// credentials. It returns none if the credential cannot count because its
// document is absent, is about another address (credentialSubject.id) or
// provider (credentialSubject.provider), or lists more than [MaxNullifiers]. It
// passes over anything else that is malformed: the engine decides whether a
// credential is valid. It is for stores, whose Load returns the claims on them.
func Nullifiers(address Address, provider string, document []byte) []string {
	// Maps, because structs would take CREDENTIALSUBJECT for credentialSubject.
	var signed, subject map[string]json.RawMessage
	if json.Unmarshal(document, &signed) != nil || json.Unmarshal(signed["credentialSubject"], &subject) != nil {
		return nil
	}
	text := func(raw json.RawMessage) (text string, is bool) {
		is = bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &text) == nil
		return text, is
	}
	about, _ := text(subject["id"])
	of, _ := text(subject["provider"])
	// The lengths are equal, so no letter outside ASCII folds to one of ours.
	if did := address.DID(); len(about) != len(did) || !strings.EqualFold(about, did) || of != provider {
		return nil
	}
	var listed []json.RawMessage
	if json.Unmarshal(subject["nullifiers"], &listed) != nil || len(listed) > MaxNullifiers {
		listed = nil
	}
	var nullifiers []string
	for _, raw := range append(listed, subject["hash"]) {
		if nullifier, is := text(raw); is {
			nullifiers = append(nullifiers, nullifier)
		}
	}
	return nullifiers
}
