package memstore

import (
	"encoding/json"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// derive reads from the credential what a scoring asks of it.
func (r *credentialRow) derive() {
	r.tooLarge = store.TooLarge(r.Stamp)
	r.nullifiers = nil
	if address, has := optional(r.Address); has && !r.tooLarge {
		r.nullifiers = nullifiersOf(r.Stamp, address, r.Provider)
	}
}

// nullifiersOf returns the strings that the credential lists as its nullifiers,
// and its older single hash, if it is about the address and the provider. It
// passes over what is malformed: the engine says what is wrong with a credential.
func nullifiersOf(credential document, address, provider string) []string {
	// Maps, because structs would take CREDENTIALSUBJECT for credentialSubject.
	var signed, subject map[string]json.RawMessage
	if json.Unmarshal(credential, &signed) != nil || json.Unmarshal(signed["credentialSubject"], &subject) != nil {
		return nil
	}
	text := func(raw json.RawMessage) (text string, is bool) {
		is = len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil
		return text, is
	}
	about, _ := text(subject["id"])
	vouched, _ := text(subject["provider"])
	did := "did:pkh:eip155:1:" + address
	// Of equal length: no letter outside ASCII folds to one of ours.
	if len(about) != len(did) || !strings.EqualFold(about, did) || vouched != provider {
		return nil
	}
	var nullifiers []string
	collect := func(raw json.RawMessage) {
		if nullifier, is := text(raw); is {
			nullifiers = append(nullifiers, nullifier)
		}
	}
	var listed []json.RawMessage
	if raw := subject["nullifiers"]; raw != nil && json.Unmarshal(raw, &listed) == nil && len(listed) <= store.MaxNullifiers {
		for _, raw := range listed {
			collect(raw)
		}
	}
	collect(subject["hash"])
	return nullifiers
}

// read returns the rows of the address that Load reads, newest first: neither
// deleted nor revoked, and among the store.MaxCredentials newest. The next one,
// excess, is one of them, too; it is nil when there is none.
func (d *data) read(address string) (rows []*credentialRow, excess *credentialRow) {
	rows = newestFirst(d.undeleted(address), credentialID)
	if len(rows) > store.MaxCredentials {
		rows = rows[:store.MaxCredentials+1]
		excess = rows[store.MaxCredentials]
	}
	return d.unrevoked(rows), excess
}

// bounded returns the credentials of the rows, newest first, those beyond the
// bounds omitted.
func bounded(rows []*credentialRow, excess *credentialRow) []store.Credential {
	credentials := make([]store.Credential, len(rows))
	total := 0
	for i, row := range rows {
		c := store.Credential{ID: row.ID, Provider: row.Provider, UpdatedAt: row.UpdatedAt}
		switch {
		case row.tooLarge:
			c.Omitted = store.OmittedTooLarge
		case row == excess, total+len(row.Stamp) > store.MaxWalletBytes:
			c.Omitted = store.OmittedTooMany
			total = store.MaxWalletBytes
		default:
			c.Stamp = row.Stamp
			total += len(row.Stamp)
		}
		credentials[i] = c
	}
	return credentials
}
