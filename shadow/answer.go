package shadow

import (
	"net/http"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// maxAnswer is the number of bytes of an answer that are kept and read.
const maxAnswer = 256 << 10

// ReadAnswer reads an answer of the service's V2 route of scores. A body that
// is no such answer, or is longer than 256 KiB, makes a decision that is
// Malformed. The body is only read if the status is 200.
func ReadAnswer(status int, body []byte) Decision {
	if status != http.StatusOK {
		return Decision{Status: status}
	}
	root, err := strictjson.Parse(body, strictjson.Limits{Size: maxAnswer, Depth: 16, Values: 50_000})
	if err != nil || root.Kind != strictjson.Object {
		return Decision{Status: status, Malformed: true}
	}
	if failure := root.Get("error"); !isNull(failure) && (failure.Kind != strictjson.String || failure.Text != "") {
		return Decision{Status: status, Failed: true}
	}
	d := Decision{Status: status, Stamps: map[string]Stamp{}}
	if !d.read(root) {
		return Decision{Status: status, Malformed: true}
	}
	return d
}

// read reports whether the value is a score.
func (d *Decision) read(root *strictjson.Value) (ok bool) {
	if d.Passing, ok = boolOf(root.Get("passing_score")); !ok {
		return false
	}
	if d.Score, ok = decimalOf(root.Get("score")); !ok {
		return false
	}
	if d.Threshold, ok = decimalOf(root.Get("threshold")); !ok {
		return false
	}
	if d.ScoredAt, ok = timeOf(root.Get("last_score_timestamp")); !ok {
		return false
	}
	if d.ExpiresAt, ok = timeOf(root.Get("expiration_timestamp")); !ok {
		return false
	}
	return d.readStamps(root.Get("stamps")) && d.readLinked(root.Get("linked_score"))
}

func (d *Decision) readStamps(stamps *strictjson.Value) bool {
	if isNull(stamps) {
		return true
	}
	if stamps.Kind != strictjson.Object {
		return false
	}
	for i := range stamps.Members {
		member := &stamps.Members[i]
		var s Stamp
		var ok bool
		if s.Score, ok = decimalOf(member.Value.Get("score")); !ok {
			return false
		}
		if s.Deduplicated, ok = boolOf(member.Value.Get("dedup")); !ok {
			return false
		}
		if s.ExpiresAt, ok = timeOf(member.Value.Get("expiration_date")); !ok {
			return false
		}
		d.Stamps[member.Name] = s
		d.turns = append(d.turns, s.ExpiresAt)
	}
	return true
}

func (d *Decision) readLinked(linked *strictjson.Value) bool {
	if isNull(linked) {
		return true
	}
	address := linked.Get("address")
	if isNull(address) || address.Kind != strictjson.String {
		return false
	}
	parsed, err := passport.ParseAddress(address.Text)
	d.Canonical = string(parsed)
	return err == nil
}

// isNull reports whether the member is null or absent.
func isNull(v *strictjson.Value) bool { return v == nil || v.Kind == strictjson.Null }

func boolOf(v *strictjson.Value) (value, ok bool) {
	if isNull(v) || v.Kind != strictjson.Bool {
		return false, false
	}
	return v.Bool, true
}

// decimalOf reads a number, or a string that spells one.
func decimalOf(v *strictjson.Value) (passport.Decimal, bool) {
	if isNull(v) || v.Kind != strictjson.Number && v.Kind != strictjson.String {
		return passport.Decimal{}, false
	}
	d, err := passport.ParseDecimal(strings.TrimSpace(v.Text))
	return d, err == nil
}

// layouts are the forms of times once a "T" is between date and time. Times
// without a zone are in UTC.
var layouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999", time.DateOnly,
}

// timeOf reads a time in any of the usual forms of ISO 8601. Null, an absent
// member and an empty text are the zero time.
func timeOf(v *strictjson.Value) (time.Time, bool) {
	if isNull(v) {
		return time.Time{}, true
	}
	if v.Kind != strictjson.String {
		return time.Time{}, false
	}
	text := strings.Replace(strings.ToUpper(strings.TrimSpace(v.Text)), " ", "T", 1)
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
