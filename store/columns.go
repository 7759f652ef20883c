package store

import (
	"strings"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// The widths of the service's columns, in characters. A longer value cannot be
// stored.
const (
	MaxNullifier      = 100
	MaxHolder         = 100 // of a claim; another program may have written no address of ours
	MaxProvider       = 256
	MaxProofValue     = 256
	MaxAction         = 3 // of an event, or of human points
	MaxPointsProvider = 100
	MaxTxHash         = 100
	MaxCommunityName  = 100 // and of its rule
	MaxExternalID     = 42
	MaxListName       = 100
	MaxUsername       = 150
	MaxKeyPrefix      = 8
	MaxKeyID          = 150 // and of its older hash
	MaxKeyName        = 50
	MaxRateLimit      = 20
	MaxKeySHA256      = 71 // "sha256$" and 64 hex digits
	MaxPath           = 1000
	MaxBasePath       = 200
	MaxUsageError     = 650 // the column has no width, but the service's index on it has
)

// checkText adds a problem unless the text has least to most characters, which
// a Postgres text column can hold.
func checkText(found *problems.List, what, text string, least, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		found.Addf("%s is empty", what)
	case n > most:
		found.Addf("%s has %d characters, the column holds %d", what, n, most)
	case !utf8.ValidString(text):
		found.Addf("%s is not valid UTF-8", what)
	case strings.ContainsRune(text, 0):
		found.Addf("%s holds a NUL character", what)
	}
}

// textError returns an [ErrInvalid] unless the text has 1 to most characters
// that such a column can hold.
func textError(what, text string, most int) error {
	found := problems.New(ErrInvalid)
	checkText(found, what, text, 1, most)
	return found.Err()
}
