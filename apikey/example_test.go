package apikey_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// keys is a store of one key.
type keys struct{ key store.Key }

func (k *keys) FindKey(_ context.Context, prefix string) (*store.Key, error) {
	if prefix != k.key.Prefix {
		return nil, store.ErrNotFound
	}
	found := k.key
	return &found, nil
}

func (k *keys) AddKey(_ context.Context, key store.Key) error {
	k.key = key
	return key.Validate()
}

func (k *keys) MigrateKey(_ context.Context, _, sha256 string) error {
	k.key.SHA256 = sha256
	return nil
}

func (k *keys) RevokeKey(context.Context, string) error {
	k.key.Revoked = true
	return nil
}

func Example() {
	ctx := context.Background()
	registry, err := apikey.New(&keys{})
	if err != nil {
		fmt.Println(err)
		return
	}

	secret, stored, err := registry.Create(ctx, apikey.KeyParams{Name: "shop", Account: 1, ReadScores: true})
	fmt.Println(len(secret), stored.RateLimit, err)

	key, err := registry.Check(ctx, secret)
	fmt.Println(key.Name, key.ReadScores, err)

	_, err = registry.Check(ctx, secret+"x")
	fmt.Println(errors.Is(err, apikey.ErrRefused), err)
	// Output:
	// 41 125/15m <nil>
	// shop true <nil>
	// true invalid API key
}
