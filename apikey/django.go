package apikey

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

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

// matches is the slow check: 0.15 µs or so for each iteration.
func (h *djangoHash) matches(key string) (bool, error) {
	derived, err := h.derive(key)
	if err != nil {
		return false, fmt.Errorf("hashing an API key: %w", err)
	}
	return equal(h.derived, string(derived)), nil
}

func (h *djangoHash) derive(key string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, key, []byte(h.salt), h.iterations, sha256.Size)
}
