package store

import (
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Microseconds returns the time as every store keeps and compares it: in UTC
// and whole microseconds.
func Microseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// FormatTime formats the time as the service's JSON holds it: ISO 8601 with
// the offset +00:00, and microseconds only when they are not zero.
func FormatTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02T15:04:05+00:00")
	}
	return t.Format("2006-01-02T15:04:05.000000+00:00")
}

// CheckTime returns an [ErrInvalid] if no timestamptz column or JSON document
// of the service can hold the time, or if the time is zero once truncated.
func CheckTime(t time.Time) error {
	found := problems.New(ErrInvalid)
	checkTime(found, "the time", t)
	return found.Err()
}

// checkDate is checkTime for a time that may be absent, which zero stands for.
func checkDate(found *problems.List, what string, t time.Time) {
	if !t.IsZero() {
		checkTime(found, what, t)
	}
}

func checkTime(found *problems.List, what string, t time.Time) {
	t = Microseconds(t)
	switch year := t.Year(); {
	case t.IsZero():
		found.Addf("%s is not set", what)
	case year < 1 || year > 9999:
		found.Addf("%s is in the year %d, only 1 to 9999 can be kept", what, year)
	}
}
