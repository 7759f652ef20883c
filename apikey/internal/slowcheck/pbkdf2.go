package slowcheck

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"time"
)

// A slow check works a tenth of the time, a little at a time, so that others
// who need the processor, in this process or in another, find it free.
const (
	workAtOnce = time.Millisecond / 5
	restEach   = 9 // times the work
	// iterationsAtOnce are done between two looks at the clock, in a tenth of a
	// millisecond or so.
	iterationsAtOnce = 500
	// longestWork is the most that counts as work between two rests. A longer
	// gap means that the process was suspended; it is not counted as work.
	longestWork = 10 * workAtOnce
)

// PBKDF2 returns the first 32 bytes of PBKDF2 with HMAC-SHA-256, all that
// Django stores. One iteration is 0.15 µs or so of work. PBKDF2 pauses while it
// works; the second result is the time that it worked.
func PBKDF2(key, salt string, iterations int) (derived []byte, worked time.Duration) {
	padded := make([]byte, max(len(key), sha256.BlockSize)) // as HMAC does; FIPS mode refuses short keys
	copy(padded, key)
	mac := hmac.New(sha256.New, padded)
	round := append([]byte(salt), 0, 0, 0, 1)
	derived = make([]byte, sha256.Size)
	p := pace{began: time.Now()}
	for n := range iterations {
		mac.Reset()
		mac.Write(round)
		round = mac.Sum(round[:0])
		subtle.XORBytes(derived, derived, round)
		if n%iterationsAtOnce == 0 {
			p.rest()
		}
	}
	return derived, p.total()
}

// pace keeps a slow check from working for long at a time.
type pace struct {
	began  time.Time     // of the work since the last rest
	worked time.Duration // before it
}

// rest sleeps if it is time to.
func (p *pace) rest() {
	took := p.sinceRest()
	if took < workAtOnce {
		return
	}
	p.worked += took
	time.Sleep(restEach * took)
	p.began = time.Now()
}

func (p *pace) sinceRest() time.Duration { return min(time.Since(p.began), longestWork) }

// total returns all the work so far.
func (p *pace) total() time.Duration { return p.worked + p.sinceRest() }
