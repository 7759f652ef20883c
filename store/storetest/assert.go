package storetest

import (
	"encoding/json"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// equalDecimals compares by value, in any notation.
func (w *world) equalDecimals(want, got string) {
	w.t.Helper()
	assert.Equal(w.t, plain(want), plain(got), "want %q, got %q", want, got)
}

// equalJSON compares documents as JSON, their numbers digit by digit.
func (w *world) equalJSON(want string, got json.RawMessage) {
	w.t.Helper()
	assert.True(w.t, sameJSON(json.RawMessage(want), got), "want %s, got %s", want, got)
}

// fails demands a [store.Error] of that kind, which names the operation.
func (w *world) fails(kind, err error, about ...any) {
	w.t.Helper()
	require.ErrorIs(w.t, err, kind, about...)
	var detail *store.Error
	require.ErrorAs(w.t, err, &detail, about...)
	assert.Equal(w.t, kind, detail.Kind, about...)
	assert.NotEmpty(w.t, detail.Op, about...)
}

// notLoaded demands that Load returns the kind of error, and nothing else.
func (w *world) notLoaded(kind error, q store.Query) {
	w.t.Helper()
	snapshot, err := w.Load(w.ctx, q)
	w.fails(kind, err)
	assert.Nil(w.t, snapshot)
}
