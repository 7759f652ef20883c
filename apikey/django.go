package apikey

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/apikey/internal/slowcheck"
	"github.com/passport-sdk/passport-go/store"
)

// djangoHash is the content of "pbkdf2_sha256$<iterations>$<salt>$<base64>".
type djangoHash struct {
	iterations int
	salt       string
	derived    string
}

// parseDjangoHash accepts only the form in which Django writes a hash. Django
// compares whole texts, so no other form would ever match there.
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

// matches is the slow check. It reports how long it has worked as well.
func (h *djangoHash) matches(key string) (matches bool, worked time.Duration) {
	derived, worked := slowcheck.PBKDF2(key, h.salt, h.iterations)
	return equal(h.derived, string(derived)), worked
}
