package store

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Widths of the service's columns, in characters. A value that is longer has
// no place in a change set.
const (
	MaxNullifier = 100
	// MaxHolder is the width of the address of a claim. A row that another
	// program wrote may hold no address of ours there.
	MaxHolder   = 100
	MaxProvider = 256
	// MaxProofValue is the width of the text by which a credential is revoked.
	MaxProofValue = 256
	// MaxPointsProvider is the width of the provider that a human point names.
	MaxPointsProvider = 100
	// MaxTxHash is the width of the text that tells two points of one action
	// and provider apart.
	MaxTxHash = 100
	// MaxAction is the width of the code of an event or of a points action.
	MaxAction = 3
)

// checkText refuses what a Postgres text column of that width cannot hold.
func checkText(fault faultFunc, what, text string, least, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		fault("%s is empty", what)
	case n > most:
		fault("%s has %d characters, the column holds %d", what, n, most)
	case !utf8.ValidString(text):
		fault("%s is not valid UTF-8", what)
	case strings.ContainsRune(text, 0):
		fault("%s holds a NUL character", what)
	}
}

// checkMoment refuses a moment that no timestamptz column or JSON document of
// the service holds, and one that becomes the zero moment in one.
func checkMoment(fault faultFunc, what string, moment time.Time) {
	moment = moment.UTC().Truncate(time.Microsecond)
	switch year := moment.Year(); {
	case moment.IsZero():
		fault("%s is not set", what)
	case year < 1 || year > 9999:
		fault("%s is in the year %d, only 1 to 9999 can be kept", what, year)
	}
}
