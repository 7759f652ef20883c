package slowcheck

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Keys longer than a block of the hash are hashed first.
func TestPBKDF2(t *testing.T) {
	for length := range 140 {
		key, salt := strings.Repeat("k", length), strings.Repeat("s", 1+length%23)
		for _, iterations := range []int{1, 2, 3, 1000} {
			want, err := pbkdf2.Key(sha256.New, key, []byte(salt), iterations, sha256.Size)
			require.NoError(t, err)
			got, _ := PBKDF2(key, salt, iterations)
			require.Equal(t, want, got, "%d bytes, %d iterations", length, iterations)
		}
	}
}

// A slow check must leave most of the time to others, and must not be charged
// for it.
func TestPBKDF2_Rests(t *testing.T) {
	began := time.Now()
	_, worked := PBKDF2("key", "salt", 300_000)
	took := time.Since(began)
	assert.Positive(t, worked)
	assert.Greater(t, took, 2*worked, "of %v it worked %v", took, worked)
}

// The time for which a process was suspended is no work. A check must neither
// rest nine times as long, during which no other slow check could begin, nor be
// charged for it.
func TestPace_Suspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{began: time.Now()}
		time.Sleep(time.Minute) // suspended
		resumed := time.Now()
		p.rest()
		assert.Equal(t, restEach*longestWork, time.Since(resumed))
		assert.Less(t, restEach*longestWork, 20*time.Millisecond)
		time.Sleep(time.Minute) // again, near the end
		assert.Equal(t, 2*longestWork, p.total())
	})
}

// BenchmarkPBKDF2 reports the time of 600,000 iterations by the clock, with its
// pauses, and the work in it.
func BenchmarkPBKDF2(b *testing.B) {
	var worked time.Duration
	for b.Loop() {
		_, took := PBKDF2("Gh4kLm2p.a4d26868017c0ccffe2efe50944ef421", "LeA60vaecavEU8icBa7DhI", 600_000)
		worked += took
	}
	b.ReportMetric(float64(worked.Milliseconds())/float64(b.N), "work-ms/op")
}
