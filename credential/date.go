package credential

import (
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// date is a moment together with its spelling: the signed text is the date as
// the issuers' library prints it.
type date struct {
	moment time.Time
	zulu   bool // spelt with Z, not with an offset
}

const fraction = ".000000000"

// readDate reads RFC 3339 in one strict spelling: T and Z in upper case, a
// point before a fraction of one to nine digits, and an offset of less than a
// day. time.Parse alone accepts other spellings, so the text must be the one
// that Format returns.
func readDate(v *strictjson.Value, name string) (date, error) {
	if v == nil || v.Kind != strictjson.String {
		return date{}, malformed("%s is not a date", name)
	}
	const day = 24 * 60 * 60
	moment, err := time.Parse(time.RFC3339, v.Text)
	_, offset := moment.Zone()
	d := date{moment: moment, zulu: strings.HasSuffix(v.Text, "Z")}
	digits := max(len(v.Text)-len(d.format(0)), 0)
	if err != nil || moment.Year() == 0 || offset <= -day || offset >= day || digits > len(fraction) || d.format(digits) != v.Text {
		return date{}, malformed("%s %.*q is not a date of RFC 3339", name, maxTextOfError, v.Text)
	}
	return d, nil
}

// format writes the date with its own offset and so many characters of its
// fraction.
func (d date) format(digits int) string {
	zone := "-07:00"
	if d.zulu {
		zone = "Z"
	}
	return d.moment.Format("2006-01-02T15:04:05" + fraction[:digits] + zone)
}

// print writes the date with its own offset, and its fraction in the fewest of
// 0, 3, 6 and 9 digits that are exact.
func (d date) print() string {
	switch nanos := d.moment.Nanosecond(); {
	case nanos == 0:
		return d.format(0)
	case nanos%1_000_000 == 0:
		return d.format(len(".000"))
	case nanos%1_000 == 0:
		return d.format(len(".000000"))
	}
	return d.format(len(fraction))
}

// printUTC writes the date in UTC with Z.
func (d date) printUTC() string { return date{moment: d.moment.UTC(), zulu: true}.print() }
