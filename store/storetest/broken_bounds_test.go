package storetest_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// brokenBounds are stores that do not keep the bounds on what they read.
var brokenBounds = map[string]fault{
	"reads what it should omit": {"bounds", broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := h.Load(ctx, q)
		if err == nil {
			h.readOmitted(snapshot.Wallets[0].Credentials)
		}
		return snapshot, err
	}}},
	"does not list what it omits": {"bounds", loads(func(_ store.Query, s *store.Snapshot) {
		s.Wallets[0].Credentials = slices.DeleteFunc(s.Wallets[0].Credentials, func(c store.Credential) bool { return c.Omitted != "" })
	})},
	"omits all": {"bounds/a credential within the bounds must be read", loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets[0].Credentials {
			c := &s.Wallets[0].Credentials[i]
			c.Stamp, c.Omitted = nil, store.OmittedTooLarge
		}
	})},
	"overlooks what is too large": {"bounds", overlooks(credentialTable, func(r row) bool {
		stamp, err := json.Marshal(r["stamp"])
		return err != nil || store.TooLarge(stamp)
	})},
	"loads claims on every nullifier": {"bounds", broken{load: loadsAllClaims}},
	"compares subjects by letter": {
		"bounds/there must be no claim for a credential about another subject or provider",
		claimsAsIf(func(subject row) {
			if id, _ := subject["id"].(string); id != strings.ToLower(id) {
				subject["id"] = ""
			}
		}),
	},
	"lists what it should omit": {"bounds", brokenCredentials{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
		listed, err := h.ListCredentials(ctx, address, page)
		if err == nil {
			h.readOmitted(listed.Credentials)
		}
		return listed, err
	}}},
	"lists pages of any size": {"bounds", brokenCredentials{listed: listsAll}},
	"takes in what is too large": {"bounds", brokenCredentials{add: func(_ context.Context, h harness, address string, credentials []store.NewCredential) error {
		h.edit(func(t tables) {
			for _, c := range credentials {
				r := row{"address": address, "provider": c.Provider, "stamp": json.RawMessage(c.Stamp), "type": len(t[credentialTable])}
				t[credentialTable] = append(t[credentialTable], r)
			}
		})
		return nil
	}}},
}

// readOmitted reads the credentials that were omitted.
func (h harness) readOmitted(credentials []store.Credential) {
	stamps := map[int64]any{}
	for _, r := range h.tables()[credentialTable] {
		stamps[int64(r["id"].(float64))] = r["stamp"]
	}
	for i := range credentials {
		if c := &credentials[i]; c.Omitted != "" {
			stamp, err := json.Marshal(stamps[c.ID])
			if err != nil {
				panic(err) // what was JSON is JSON
			}
			c.Omitted, c.Stamp = "", stamp
		}
	}
}

func loadsAllClaims(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := h.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	snapshot.Claims = nil
	for _, r := range h.tables()["registry_hashscorerlink"] {
		snapshot.Claims = append(snapshot.Claims, store.Claim{Nullifier: r["hash"].(string), Address: r["address"].(string)})
	}
	return snapshot, nil
}

// listsAll goes on until the page is full.
func listsAll(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
	whole := &store.CredentialPage{}
	for {
		part, err := h.ListCredentials(ctx, address, page)
		if err != nil {
			return nil, err
		}
		more := part.Older
		if page.After > 0 {
			more = part.Newer
			whole.Credentials = append(part.Credentials, whole.Credentials...)
		} else {
			whole.Credentials = append(whole.Credentials, part.Credentials...)
		}
		if !more || len(part.Credentials) == 0 {
			return whole, nil
		}
		if page.After > 0 {
			page.After = part.Credentials[0].ID
		} else {
			page.Before = part.Credentials[len(part.Credentials)-1].ID
		}
	}
}
