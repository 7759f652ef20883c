package memstore_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
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

// A host's test loads the rows it needs, and asserts on those that it expects.
func ExampleStore_ReadRows() {
	mem := memstore.New()
	err := mem.ReadRows(strings.NewReader(`{"account_addresslist": [{"name": "OGs"}]}`))
	if err != nil {
		fmt.Println(err)
	}
	err = mem.ReadRows(strings.NewReader(`{"account_addresslist": [{"name": "OGs", "id": "one"}]}`))
	fmt.Println(err)
	// Output: read_rows: invalid request: table account_addresslist, row 0, column id: "one" is not an integer
}

func ExampleStore_WriteRows() {
	mem := memstore.New()
	err := mem.PutAddressList(context.Background(), "OGs", "0x4902f60229f5138a92daec0bf6afa7b0424c451d")
	if err != nil {
		fmt.Println(err)
	}
	var rows bytes.Buffer
	if err := mem.WriteRows(&rows); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(rows.String()) {
		if strings.Contains(line, "0x") {
			fmt.Fprint(os.Stdout, line)
		}
	}
	// Output: {"id":1,"address":"0x4902f60229f5138a92daec0bf6afa7b0424c451d","list_id":1}],
}

func ExampleWithClock() {
	newYear := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	mem := memstore.New(memstore.WithClock(newYear))
	ctx := context.Background()
	if err := mem.PutCommunity(ctx, store.Community{ID: 1}); err != nil {
		fmt.Println(err)
	}
	snapshot, err := mem.Load(ctx, store.Query{Community: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(snapshot.At)
	// Output: 2026-01-01 00:00:00 +0000 UTC
}
