package storetest

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
)

// Fails runs the check and reports whether it failed.
func Fails(check func(testing.TB)) bool {
	r := &recorder{}
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx, r.after = ctx, []func(){cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.cleanUp()
		check(r)
	}()
	<-done
	return r.failed.Load()
}

// recorder is a testing.TB that only remembers whether it failed.
type recorder struct {
	testing.TB
	ctx    context.Context
	failed atomic.Bool // cases assert in goroutines too
	after  []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Name() string             { return "" } // assertions print it
func (r *recorder) Errorf(string, ...any)    { r.failed.Store(true) }
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Skip(...any)              { runtime.Goexit() }
func (r *recorder) Cleanup(f func())         { r.after = append(r.after, f) }

func (r *recorder) cleanUp() {
	for _, f := range slices.Backward(r.after) {
		f()
	}
}

func (r *recorder) FailNow() {
	r.failed.Store(true)
	runtime.Goexit()
}
