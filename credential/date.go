package credential

import (
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// date is a moment together with how it was spelt: what is signed is the text
// as the issuers' library prints it again.
type date struct {
	moment time.Time
	zulu   bool // spelt with Z, not with an offset
}

// The shapes of RFC 3339's parts; a 0 stands for any digit.
const (
	dateShape   = "0000-00-00T00:00:00"
	zoneShape   = "00:00"
	maxFraction = 9
)

// readDate reads RFC 3339 in its one strict spelling: T and Z in upper case, a
// point before a fraction of one to nine digits. time.Parse alone would take a
// comma for the point and an offset of a whole day: other spellings of what
// one signature covers.
func readDate(v *strictjson.Value, name string) (date, error) {
	if v == nil || v.Kind != strictjson.String {
		return date{}, malformed("%s is not a date", name)
	}
	bad := malformed("%s %.*q is not a date of RFC 3339", name, maxTextOfError, v.Text)
	text := v.Text
	if len(text) < len(dateShape) || !hasShape(text[:len(dateShape)], dateShape) {
		return date{}, bad
	}
	rest := text[len(dateShape):]
	if fraction, found := strings.CutPrefix(rest, "."); found {
		digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
		if digits == 0 || digits > maxFraction {
			return date{}, bad
		}
		rest = fraction[digits:]
	}
	if rest != "Z" && !isOffset(rest) {
		return date{}, bad
	}
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || moment.Year() == 0 {
		return date{}, bad
	}
	return date{moment: moment, zulu: rest == "Z"}, nil
}

// isOffset tells whether the text is a sign, hours and minutes. RFC 3339 has
// -00:00 say that the offset is unknown, which no issuer means.
func isOffset(text string) bool {
	if text == "" || text[0] != '+' && text[0] != '-' || text == "-00:00" {
		return false
	}
	zone := text[1:]
	return hasShape(zone, zoneShape) && zone[:2] <= "23" && zone[3:] <= "59"
}

func hasShape(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		isDigit := text[i] >= '0' && text[i] <= '9'
		if shape[i] == '0' != isDigit || !isDigit && text[i] != shape[i] {
			return false
		}
	}
	return true
}

// print writes the date with its own offset, and its fraction in the fewest of
// 0, 3, 6 and 9 digits that are exact.
func (d date) print() string {
	layout := "2006-01-02T15:04:05"
	switch nanos := d.moment.Nanosecond(); {
	case nanos == 0:
	case nanos%1_000_000 == 0:
		layout += ".000"
	case nanos%1_000 == 0:
		layout += ".000000"
	default:
		layout += ".000000000"
	}
	if d.zulu {
		return d.moment.Format(layout + "Z")
	}
	return d.moment.Format(layout + "-07:00")
}

// printUTC writes the date in UTC with Z.
func (d date) printUTC() string { return date{moment: d.moment.UTC(), zulu: true}.print() }
