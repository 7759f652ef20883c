package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// role returns the store in a role that it has.
func role[Role any](w *world) Role { return w.Harness.(Role) }

// errorOf returns the error of a call that also returns a value.
func errorOf[T any](_ T, err error) error { return err }

// ends demands that each call returns the error of a context that has ended,
// and changes nothing.
func (w *world) ends(calls ...func(context.Context) error) {
	w.t.Helper()
	late, cancel := context.WithDeadline(w.ctx, time.Unix(0, 0))
	defer cancel()
	w.unchanged(func() {
		for _, ctx := range []context.Context{w.ended(), late} {
			for i, call := range calls {
				err := call(ctx)
				require.ErrorIs(w.t, err, ctx.Err(), "call %d", i)
				assert.False(w.t, store.Retryable(err), "call %d", i)
				assert.NotErrorIs(w.t, err, store.ErrInternal, "call %d", i)
			}
		}
	})
}

// upper returns the address with upper-case digits.
func upper(address store.Address) store.Address {
	return "0x" + store.Address(strings.ToUpper(string(address[2:])))
}

// refusesAddresses demands that each call refuses a text that is no address,
// and changes nothing.
func (w *world) refusesAddresses(calls ...func(store.Address) error) {
	w.t.Helper()
	w.unchanged(func() {
		for _, address := range []store.Address{
			"", "alice", "0x", "0X" + alice[2:], alice + "0", " " + alice[:41], alice[:41] + "g", alice[:41] + "\x00", alice[:41] + "\xff",
			alice[:40] + "é", store.Address(strings.Repeat("a", 1<<20)),
		} {
			for i, call := range calls {
				err := call(address)
				w.fails(store.ErrInvalid, err, "call %d of %.50q", i, address)
				assert.ErrorIs(w.t, err, store.ErrInvalidAddress, "call %d of %.50q", i, address)
			}
		}
	})
}

// becomes demands that the step changes the content like that, and no other
// part of it.
func (w *world) becomes(change func(s *store.State), step func()) {
	w.t.Helper()
	want := w.state()
	change(&want)
	step()
	equalStates(w.t, want, w.state())
}

// equal fails the case unless both values are the same: times are compared by
// the moment, documents as JSON.
func equal[T any](w *world, want, got T) {
	w.t.Helper()
	var d differ
	d.compare(reflect.TypeFor[T]().Name(), reflect.ValueOf(want), reflect.ValueOf(got))
	assert.Empty(w.t, d.lines)
}

// exact demands times in UTC and whole microseconds.
func (w *world) exact(times ...time.Time) {
	w.t.Helper()
	for _, at := range times {
		assert.Equal(w.t, store.Microseconds(at), at)
	}
}

// texts are ones that a careless store spoils.
func texts() []string {
	return []string{
		`'"` + "`", `\ \\ \' {} {"a":["b",null]}`, "%s $1 ? :name", " \t\r\n\x01\x7f ", "NULL", "Zürich 東京 \U0001F600", "%_", " ",
	}
}

// reversed returns the list backwards.
func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
