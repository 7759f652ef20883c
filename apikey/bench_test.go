package apikey

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkCheck checks a key with a SHA-256, alone and while 200 wrong keys a
// second have the prefix of one that is hashed with PBKDF2. It also checks a
// key whose slow check is cached.
func BenchmarkCheck(b *testing.B) {
	const attacked = "Ab3dEf6h"
	slow := store.Key{
		ID: attacked, Prefix: attacked, Account: 1,
		Hash: "pbkdf2_sha256$600000$LeA60vaecavEU8icBa7DhI$MtGR3Cbgo9pkXihQ+MpbwArQjGCCgAjaRKZZMDS72xw=",
	}
	honest := func(b *testing.B, registry *Registry) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := registry.Check(b.Context(), goodKey); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("alone", func(b *testing.B) { honest(b, newRegistry(b, newKeys(sha256Row(), slow))) })
	b.Run("attacked", func(b *testing.B) {
		registry := newRegistry(b, newKeys(sha256Row(), slow))
		done := make(chan struct{})
		var wait sync.WaitGroup
		wait.Go(func() {
			every := time.NewTicker(5 * time.Millisecond)
			defer every.Stop()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-every.C:
					wait.Go(func() { _, _ = registry.Check(b.Context(), fmt.Sprintf("%s.guess%d", attacked, n)) })
				}
			}
		})
		honest(b, registry)
		close(done)
		wait.Wait()
	})
	b.Run("cached", func(b *testing.B) {
		row := pbkdf2Row()
		r := newKeys(row)
		r.migrate = func() error { return store.ErrUnavailable }
		honest(b, newRegistry(b, r))
	})
}
