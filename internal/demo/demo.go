// Package demo is the small world of the quickstart and of a server in memory:
// a community, and two wallets that share a Google account. Their credentials
// are real ones, which didkit signed (testdata/issue.py).
package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// The two wallets.
const (
	Alice = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	Bob   = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
)

// Community returns the community, which belongs to the account.
func Community(account int64) store.Community {
	return store.Community{
		ID: 1, Account: account, Name: "Quickstart", Threshold: "3",
		Weights: []byte(`{"Google": "1.5", "Github": "2", "Ens": "0.5", "Twitter": "1", "Biometrics": "10"}`),
	}
}

//go:embed testdata/credentials.json
var credentials []byte

// Wallets returns the issuer that the community trusts, and the signed
// credentials of each wallet.
func Wallets() (issuer string, wallets map[store.Address][]json.RawMessage, err error) {
	var content struct {
		Issuer  string                              `json:"issuer"`
		Wallets map[store.Address][]json.RawMessage `json:"wallets"`
	}
	if err := json.Unmarshal(credentials, &content); err != nil {
		return "", nil, fmt.Errorf("reading the credentials: %w", err)
	}
	return content.Issuer, content.Wallets, nil
}

// Fill puts the credentials into the wallets, and returns their issuer.
func Fill(ctx context.Context, mem *memstore.Store) (issuer string, err error) {
	issuer, wallets, err := Wallets()
	if err != nil {
		return "", err
	}
	for address, wallet := range wallets {
		for _, signed := range wallet {
			credential, err := passport.ReadCredential(signed)
			if err != nil {
				return "", err
			}
			if err := mem.AddCredentials(ctx, address, credential); err != nil {
				return "", err
			}
		}
	}
	return issuer, nil
}
