package main

import (
	"fmt"
	"time"
)

// parseTime reads a time as operators write it: a date (the start of that day
// in UTC), a time of RFC 3339 or, unless relative is nil, a duration such as
// 36h, which relative turns into a time.
func parseTime(text string, relative func(time.Duration) time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if relative == nil {
		return time.Time{}, fmt.Errorf("%.40q is neither a date such as 2027-12-31 nor a time such as 2027-12-31T12:00:00Z", text)
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < 0 {
		return time.Time{}, fmt.Errorf("%.40q is neither a date such as 2027-12-31 nor a duration such as 36h", text)
	}
	return relative(length).UTC().Truncate(time.Microsecond), nil
}

// since returns the time that is that long before now.
func since(length time.Duration) time.Time { return time.Now().Add(-length) }

// until returns the time that is that long after now.
func until(length time.Duration) time.Time { return time.Now().Add(length) }
