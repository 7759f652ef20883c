package apikey

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// ErrInvalidRate: a text is no rate limit.
var ErrInvalidRate = store.Sentinel(store.KindInvalid, "invalid rate limit")

// The largest rate that is believed.
const (
	maxCalls  = 1_000_000_000
	maxPeriod = 366 * day
	day       = 24 * time.Hour
)

// Rate is a number of calls in a period. The zero Rate is unlimited.
type Rate struct {
	// Calls is the number of calls that pass; 0 lets none pass.
	Calls int
	// Period is the length of a window; not above 0 means unlimited.
	Period time.Duration
}

// ParseRate reads a key's rate limit: "<calls>/[<n>]<unit>" with the unit s, m,
// h or d, such as "125/15m" or "10/s". The empty text is the zero Rate. For
// any other text it returns [ErrInvalidRate]: a limit that cannot be read is not to be
// taken for none.
func ParseRate(text string) (Rate, error) {
	if text == "" {
		return Rate{}, nil
	}
	fault := fmt.Errorf("%w: %.30q is not like 125/15m", ErrInvalidRate, text)
	if len(text) > store.MaxRateLimit {
		return Rate{}, fault
	}
	callsText, period, found := strings.Cut(text, "/")
	calls, ok := parseCount(callsText, maxCalls)
	if !found || !ok || period == "" {
		return Rate{}, fault
	}
	unit, ok := unitOf(period[len(period)-1])
	if !ok {
		return Rate{}, fault
	}
	units := 1
	if text := period[:len(period)-1]; text != "" {
		units, ok = parseCount(text, int(maxPeriod/unit))
		if !ok || units == 0 {
			return Rate{}, fault
		}
	}
	return Rate{Calls: calls, Period: time.Duration(units) * unit}, nil
}

func parseCount(text string, most int) (int, bool) {
	if strings.Trim(text, "0123456789") != "" {
		return 0, false // no sign, as Atoi would allow
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n <= most
}

func unitOf(letter byte) (time.Duration, bool) {
	switch letter {
	case 's':
		return time.Second, true
	case 'm':
		return time.Minute, true
	case 'h':
		return time.Hour, true
	case 'd':
		return day, true
	}
	return 0, false
}

// Unlimited tells that every call passes.
func (r Rate) Unlimited() bool { return r.Period <= 0 }

// String returns the rate as [ParseRate] reads it, in the largest unit that
// fits; the empty text for an unlimited one. A Period that is no whole number
// of seconds is written as Go writes durations.
func (r Rate) String() string {
	if r.Unlimited() {
		return ""
	}
	for _, letter := range []byte("dhms") {
		unit, _ := unitOf(letter)
		switch units := r.Period / unit; {
		case r.Period%unit != 0:
			continue
		case units == 1:
			return fmt.Sprintf("%d/%c", r.Calls, letter)
		default:
			return fmt.Sprintf("%d/%d%c", r.Calls, units, letter)
		}
	}
	return fmt.Sprintf("%d/%v", r.Calls, r.Period)
}
