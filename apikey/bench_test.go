package apikey

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkSlowCheck is one PBKDF2 of 600 000 iterations by the clock, with its
// pauses, and what it works of that.
func BenchmarkSlowCheck(b *testing.B) {
	hash, ok := parseDjangoHash("pbkdf2_sha256$600000$LeA60vaecavEU8icBa7DhI$MtGR3Cbgo9pkXihQ+MpbwArQjGCCgAjaRKZZMDS72xw=")
	if !ok {
		b.Fatal("it is Django's")
	}
	var worked time.Duration
	for b.Loop() {
		_, took := hash.matches(goodKey)
		worked += took
	}
	b.ReportMetric(float64(worked.Milliseconds())/float64(b.N), "work-ms/op")
}

// BenchmarkCheck is a check of a key with a SHA-256, alone and while 200 wrong
// keys a second carry the prefix of one that is hashed with PBKDF2.
func BenchmarkCheck(b *testing.B) {
	const attacked = "Ab3dEf6h"
	slow := store.Key{
		ID: attacked, Prefix: attacked, Account: 1,
		Hash: "pbkdf2_sha256$600000$LeA60vaecavEU8icBa7DhI$MtGR3Cbgo9pkXihQ+MpbwArQjGCCgAjaRKZZMDS72xw=",
	}
	honest := func(b *testing.B, checker *Checker) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := checker.Check(b.Context(), goodKey); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("alone", func(b *testing.B) { honest(b, newChecker(b, newRows(sha256Row(), slow))) })
	b.Run("attacked", func(b *testing.B) {
		checker := newChecker(b, newRows(sha256Row(), slow))
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
					wait.Go(func() { _, _ = checker.Check(b.Context(), fmt.Sprintf("%s.guess%d", attacked, n)) })
				}
			}
		})
		honest(b, checker)
		close(done)
		wait.Wait()
	})
	b.Run("remembered", func(b *testing.B) {
		row := pbkdf2Row()
		r := newRows(row)
		r.migrate = func() error { return store.ErrUnavailable }
		honest(b, newChecker(b, r))
	})
}
