package storetest

import (
	"context"
	"runtime"
	"slices"
	"testing"
)

// Fails runs the check, and tells whether it failed or panicked.
func Fails(check func(testing.TB)) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.cleanUp()
		defer func() {
			if recover() != nil {
				r.failed = true
			}
		}()
		check(r)
	}()
	<-done
	return r.failed
}

// recorder is a testing.TB that only remembers whether it failed.
type recorder struct {
	testing.TB
	failed bool
	after  []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Errorf(string, ...any)    { r.failed = true }
func (r *recorder) Context() context.Context { return context.Background() }
func (r *recorder) Cleanup(f func())         { r.after = append(r.after, f) }

func (r *recorder) cleanUp() {
	for _, f := range slices.Backward(r.after) {
		f()
	}
}

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}
