// Package iso8601 reads dates and times in the forms of ISO 8601.
package iso8601

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MaxLength is the number of bytes above which a text is refused.
const MaxLength = 64

// dateForms are the forms of a date, each with the function that returns the
// day which its numbers name.
var dateForms = []struct {
	form *regexp.Regexp
	day  func(year, first, second int) (time.Time, bool)
}{
	{regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})$`), calendarDay},
	{regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`), calendarDay},
	{regexp.MustCompile(`^(\d{4})-?(\d{3})$`), ordinalDay},
	{regexp.MustCompile(`^(\d{4})-W(\d{2})(?:-(\d))?$`), weekDay},
	{regexp.MustCompile(`^(\d{4})W(\d{2})(\d)?$`), weekDay},
}

// timeForms are the forms of a time of day: hours, minutes, seconds, and the
// fraction of the last of them.
var timeForms = []*regexp.Regexp{
	regexp.MustCompile(`^(\d{2})(?::(\d{2})(?::(\d{2}))?)?(?:[.,](\d+))?$`),
	regexp.MustCompile(`^(\d{2})(?:(\d{2})(\d{2})?)?(?:[.,](\d+))?$`),
}

var offsetForm = regexp.MustCompile(`^(?:Z|([+-])(\d{2})(?::?(\d{2}))?)$`)

// Parse reads a date, or a date and a time of day after a T or a space, in any
// form of ISO 8601: calendar, ordinal and week dates, basic or extended, times
// without seconds or minutes, fractions after a point or a comma, 24:00, leap
// seconds, and offsets of hours or of hours and minutes. A date means its
// midnight, a week its Monday, and a time without an offset is in UTC. Parse
// reports false for a month or a year without a day, and for a time outside of
// the years 1 to 9999.
func Parse(text string) (time.Time, bool) {
	if len(text) > MaxLength {
		return time.Time{}, false
	}
	date, clock, at := text, "", strings.IndexAny(text, "T ")
	if at >= 0 {
		date, clock = text[:at], text[at+1:]
	}
	result, ok := parseDate(date)
	if ok && at >= 0 {
		var sinceMidnight, offset time.Duration
		var okOffset bool
		zone := len(clock)
		if i := strings.IndexAny(clock, "Z+-"); i >= 0 {
			zone = i
		}
		sinceMidnight, ok = parseClock(clock[:zone])
		offset, okOffset = parseOffset(clock[zone:])
		result, ok = result.Add(sinceMidnight-offset), ok && okOffset
	}
	return result, ok && result.Year() >= 1 && result.Year() <= 9999
}

func parseDate(text string) (time.Time, bool) {
	for _, date := range dateForms {
		if parts := date.form.FindStringSubmatch(text); parts != nil {
			numbers := [3]int{0, 0, 1} // a week without a day means its first
			for i, digits := range parts[1:] {
				if digits != "" {
					numbers[i] = number(digits)
				}
			}
			return date.day(numbers[0], numbers[1], numbers[2])
		}
	}
	return time.Time{}, false
}

func calendarDay(year, month, day int) (time.Time, bool) {
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return at, at.Month() == time.Month(month) && at.Day() == day
}

func ordinalDay(year, day, _ int) (time.Time, bool) {
	at := time.Date(year, time.January, day, 0, 0, 0, 0, time.UTC)
	return at, day > 0 && at.Year() == year
}

// weekDay counts from the Monday of the first week, which has January 4.
func weekDay(year, week, day int) (time.Time, bool) {
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	sinceMonday := (int(fourth.Weekday()) + 6) % 7
	at := fourth.AddDate(0, 0, 7*(week-1)+day-1-sinceMonday)
	isoYear, isoWeek := at.ISOWeek()
	return at, isoYear == year && isoWeek == week && day >= 1 && day <= 7
}

// parseClock returns the time since midnight.
func parseClock(text string) (time.Duration, bool) {
	for _, form := range timeForms {
		parts := form.FindStringSubmatch(text)
		if parts == nil {
			continue
		}
		hours, minutes, seconds := number(parts[1]), number(parts[2]), number(parts[3])
		unit := time.Hour
		switch {
		case parts[3] != "":
			unit = time.Second
		case parts[2] != "":
			unit = time.Minute
		}
		billionths := number((parts[4] + "000000000")[:9])
		since := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second +
			time.Duration(billionths)*(unit/time.Second)
		leap := minutes == 59 && seconds == 60 // the same as the next minute
		return since, (hours < 24 || since == 24*time.Hour) && minutes < 60 && (seconds < 60 || leap)
	}
	return 0, false
}

// parseOffset returns how far local time is ahead of UTC.
func parseOffset(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	parts := offsetForm.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	hours, minutes := number(parts[2]), number(parts[3])
	ahead := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if parts[1] == "-" {
		ahead = -ahead
	}
	return ahead, hours < 24 && minutes < 60
}

// number returns the value of at most nine digits, 0 if there are none.
func number(digits string) int {
	value, _ := strconv.Atoi(digits) // the forms accept digits only
	return value
}
