package apikey

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
func TestOurPBKDF2IsThatOfTheStandardLibrary(t *testing.T) {
	for length := range 140 {
		key, salt := strings.Repeat("k", length), strings.Repeat("s", 1+length%23)
		for _, iterations := range []int{1, 2, 3, 1000} {
			want, err := pbkdf2.Key(sha256.New, key, []byte(salt), iterations, sha256.Size)
			require.NoError(t, err)
			got, _ := (&djangoHash{iterations: iterations, salt: salt}).derive(key)
			require.Equal(t, want, got, "%d bytes, %d iterations", length, iterations)
		}
	}
}

// While an attacker makes it compute, a slow check must leave most of the time
// to others, and must not be charged for that.
func TestASlowCheckRestsMostOfTheTime(t *testing.T) {
	began := time.Now()
	_, worked := (&djangoHash{iterations: 300_000, salt: "salt"}).derive("key")
	took := time.Since(began)
	assert.Positive(t, worked)
	assert.Greater(t, took, 2*worked, "of %v it worked %v", took, worked)
}

// A process that is frozen while it works has not worked: it must neither rest
// for nine times as long, in which nobody else's slow check could begin, nor be
// charged for it.
func TestWhatAFreezeTookIsNeitherRestedForNorCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{began: time.Now()}
		time.Sleep(time.Minute) // frozen
		thawed := time.Now()
		p.rest()
		assert.Equal(t, restEach*longestWork, time.Since(thawed))
		assert.Less(t, restEach*longestWork, 20*time.Millisecond)
		time.Sleep(time.Minute) // and again, near the end
		assert.Equal(t, 2*longestWork, p.total())
	})
}
