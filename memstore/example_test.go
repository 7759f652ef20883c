package memstore_test

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func Example() {
	ctx := context.Background()
	mem := memstore.New()
	err := mem.PutCommunity(ctx, store.Community{
		ID: 1, Name: "Tea", Weights: []byte(`{"Google": "1.5"}`), Threshold: "2.5",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	snapshot, err := mem.Load(ctx, store.Query{Community: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(snapshot.Community.Name, snapshot.Community.Threshold)
	// Output: Tea 2.50000
}

// A test reads what was stored, and keeps it for another one.
func ExampleStore_State() {
	ctx := context.Background()
	newYear := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	mem := memstore.New(memstore.WithClock(newYear))
	err := mem.AddCredentials(ctx, "0x4902F60229F5138A92DAEC0BF6AFA7B0424C451D", store.CredentialInput{
		Provider: "Google", Document: []byte(`{"credentialSubject": {}}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var saved bytes.Buffer
	if err := mem.Save(&saved); err != nil {
		fmt.Println(err)
		return
	}
	again := memstore.New()
	if err := again.Restore(&saved); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range again.State().Credentials {
		fmt.Println(c.Address, c.Provider, c.UpdatedAt.Format(time.DateOnly))
	}
	// Output: 0x4902f60229f5138a92daec0bf6afa7b0424c451d Google 2026-01-01
}
