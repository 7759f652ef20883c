package memstore_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// FuzzReadRows: no rows make the store panic, and what it takes in it writes
// in a form that reads back to the same.
func FuzzReadRows(f *testing.F) {
	rows, err := os.ReadFile("testdata/every-column.json")
	require.NoError(f, err)
	f.Add(rows)
	f.Fuzz(func(t *testing.T, rows []byte) {
		mem := memstore.New(memstore.WithClock(noon))
		if err := mem.ReadRows(bytes.NewReader(rows)); err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
			return
		}
		text := dump(t, mem)
		again := memstore.New()
		read(t, again, text)
		require.Equal(t, text, dump(t, again))

		// Whatever the rows are, they can be scored and added to.
		require.NoError(t, mem.PutCommunity(t.Context(), store.Community{
			ID: community, Threshold: "1", Overlay: map[string]string{"AllowList#l": "1", "custom": "1"},
		}))
		add(t, mem, alice, credential("Google", "g"))
		changes := scoring(load(t, mem, alice, bob))
		apply(t, mem, changes)
		read(t, again, dump(t, mem))
	})
}
