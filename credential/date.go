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

// Widths of RFC 3339's parts.
const (
	dateWidth   = len("2006-01-02T15:04:05")
	offsetWidth = len("+00:00")
	maxFraction = 9
)

// readDate reads RFC 3339 in its one strict spelling: T and Z in upper case, a
// point before a fraction of one to nine digits.
func readDate(v *strictjson.Value, name string) (date, error) {
	if v == nil || v.Kind != strictjson.String {
		return date{}, malformed("%s is not a date", name)
	}
	bad := malformed("%s %.*q is not a date of RFC 3339", name, maxTextOfError, v.Text)
	text := v.Text
	if len(text) < dateWidth || text[10] != 'T' {
		return date{}, bad
	}
	rest := text[dateWidth:]
	if fraction, found := strings.CutPrefix(rest, "."); found {
		digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
		if digits == 0 || digits > maxFraction {
			return date{}, bad
		}
		rest = fraction[digits:]
	}
	if rest != "Z" && (len(rest) != offsetWidth || rest == "-00:00") {
		return date{}, bad
	}
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || moment.Year() == 0 {
		return date{}, bad
	}
	return date{moment: moment, zulu: rest == "Z"}, nil
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
