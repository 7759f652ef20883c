package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseTime reads a time as operators write it: a date (the start of that day
// in UTC), a time of RFC 3339 or, unless relative is nil, a duration such as
// 36h or 30d, which relative turns into a time.
func parseTime(text string, relative func(time.Duration) time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if relative == nil {
		return time.Time{}, fmt.Errorf("%.40q is neither a date such as 2027-12-31 nor a time such as 2027-12-31T12:00:00Z", text)
	}
	length, err := parseLength(text)
	if err != nil || length < 0 {
		return time.Time{}, fmt.Errorf("%.40q is neither a date such as 2027-12-31 nor a duration such as 36h", text)
	}
	return relative(length).UTC().Truncate(time.Microsecond), nil
}

// parseLength reads a duration, which may be a whole number of days, such as
// 30d.
func parseLength(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if number, are := strings.CutSuffix(text, "d"); are {
		days, err := strconv.ParseUint(number, 10, 16)
		return time.Duration(days) * day, err
	}
	return time.ParseDuration(text)
}

// since returns the time that is that long before now.
func since(length time.Duration) time.Time { return time.Now().Add(-length) }

// until returns the time that is that long after now.
func until(length time.Duration) time.Time { return time.Now().Add(length) }
