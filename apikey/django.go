package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// djangoHash is "pbkdf2_sha256$<iterations>$<salt>$<base64>" taken apart.
type djangoHash struct {
	iterations int
	salt       string
	derived    string
}

// parseDjangoHash knows only the one spelling that Django gives a hash: it
// spells it again to compare, so others never match there.
func parseDjangoHash(text string) (*djangoHash, bool) {
	parts := strings.Split(text, "$")
	if len(text) > 4*store.MaxKeyID || len(parts) != 4 || parts[0] != "pbkdf2_sha256" {
		return nil, false
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || strconv.Itoa(iterations) != parts[1] || parts[2] == "" {
		return nil, false
	}
	derived, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(derived) != sha256.Size || base64.StdEncoding.EncodeToString(derived) != parts[3] {
		return nil, false
	}
	return &djangoHash{iterations, parts[2], string(derived)}, true
}

// A slow check works a tenth of the time, a little at a time: who else wants the
// processor, in this process or in another, hardly finds it taken.
const (
	workAtOnce = time.Millisecond / 5
	restEach   = 9 // times what the work took
	// iterationsAtOnce are looked at the clock after, a tenth of a millisecond or
	// so.
	iterationsAtOnce = 500
	// longestWork is what counts as work at once. Whoever looks at the clock later
	// than that was kept from working, for a minute perhaps: it owes no rest for it.
	longestWork = 10 * workAtOnce
)

// pace keeps a slow check from working for long at a time.
type pace struct {
	began  time.Time     // working, without a rest since
	worked time.Duration // before that
}

// rest lets others work, if it is time to.
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

// total is all the work so far.
func (p *pace) total() time.Duration { return p.worked + p.sinceRest() }

// matches is the slow check: 0.15 µs or so of work for each iteration. It tells
// how long it has worked.
func (h *djangoHash) matches(key string) (matches bool, worked time.Duration) {
	derived, worked := h.derive(key)
	return equal(h.derived, string(derived)), worked
}

// derive is PBKDF2 with HMAC-SHA-256, for the first 32 bytes of which Django
// keeps no more, at an easy pace.
func (h *djangoHash) derive(key string) (derived []byte, worked time.Duration) {
	padded := make([]byte, max(len(key), sha256.BlockSize)) // as HMAC does, and FIPS mode wants no short keys
	copy(padded, key)
	mac := hmac.New(sha256.New, padded)
	round := append([]byte(h.salt), 0, 0, 0, 1)
	derived = make([]byte, sha256.Size)
	p := pace{began: time.Now()}
	for n := range h.iterations {
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
