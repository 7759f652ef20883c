package storetest

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertNumber compares by value: a numeric column may come as text or as a
// number, with whatever scale.
func assertNumber(w *world, want string, got any) {
	w.t.Helper()
	wanted, ok := new(big.Rat).SetString(want)
	require.True(w.t, ok)
	number, ok := new(big.Rat).SetString(fmt.Sprint(got))
	require.True(w.t, ok, "%v is not a number", got)
	assert.Zero(w.t, wanted.Cmp(number), "want %s, got %v", want, got)
}

// assertJSON compares a document with the value of a JSON column.
func assertJSON(w *world, want string, got any) {
	w.t.Helper()
	document, err := json.Marshal(got)
	require.NoError(w.t, err)
	assert.JSONEq(w.t, want, string(document))
}
