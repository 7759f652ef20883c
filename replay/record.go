package replay

import (
	"encoding/json"
	"math/big"
	"net/http"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// record is a recorded scoring, from the row of a score or from an event. Its
// decimals are as exact as they were written.
type record struct {
	shadow.Decision

	event   int64 // the id of the event; 0 for a row
	unknown bool  // there is no decision: the scoring is queued, or has no evidence of a verdict
	bare    bool  // without stamps, as the service once wrote
	summed  bool  // without evidence, likewise: only the score is known
	stale   bool  // a score that still has the text of an earlier error
	value   string
	numbers map[string]passport.Decimal // the weights that are recorded beside the stamps
	sources map[store.Address]bool      // the wallets whose stamps are merged
}

// columns are the members of a record that passport.ParseEvent does not return.
type columns struct {
	Status      store.Status    `json:"status"`
	Score       json.RawMessage `json:"score"`
	Error       json.RawMessage `json:"error"`
	Evidence    json.RawMessage `json:"evidence"`
	StampScores json.RawMessage `json:"stamp_scores"`
}

// recordOf reads the row of a score.
func recordOf(score *store.Score, scorer string) record {
	switch score.Status {
	case store.StatusDone:
	case store.StatusError:
		return record{Decision: failedScoring}
	default:
		return record{unknown: true}
	}
	event, err := score.UpdateEvent("")
	if err != nil {
		return malformed()
	}
	r := parse(event.Data)
	if scorer == store.ScorerBinary && r.summed && !r.Malformed {
		r.unknown = r.Score.String() == r.value && isVerdict(r.Score)
	}
	return r
}

// isVerdict reports whether a score may mean "passes" or "does not pass" in
// place of a sum.
func isVerdict(score passport.Decimal) bool {
	fixed := score.Fixed(places)
	return fixed == "0.00000" || fixed == "1.00000"
}

const places = 5 // of the decimals of stamps

// failedScoring is the decision that a wallet cannot be scored.
var failedScoring = shadow.Decision{Status: http.StatusOK, Failed: true}

func malformed() record {
	return record{Decision: shadow.Decision{Status: http.StatusOK, Malformed: true}}
}

// parse reads the data of an event in any of its forms.
func parse(data []byte) record {
	c := columnsOf(data)
	var stale bool
	if c.Status == store.StatusDone && !isNull(c.Error) && !isNull(c.Evidence) {
		if stale = string(c.Error) != `""`; stale {
			data = withoutError(data)
		}
	}
	parsed, err := passport.ParseEvent(data)
	if err != nil {
		return malformed()
	}
	if parsed.Error != "" {
		return record{Decision: failedScoring}
	}
	r := record{Decision: shadow.Decision{
		Status: http.StatusOK, Passing: parsed.Passing, Score: parsed.Score, Threshold: parsed.Threshold,
		ScoredAt: parsed.ScoredAt, ExpiresAt: parsed.ExpiresAt, Stamps: make(map[string]shadow.Stamp, len(parsed.Stamps)),
	}, sources: map[store.Address]bool{}, bare: parsed.Stamps == nil, summed: isNull(c.Evidence), stale: stale}
	if decimal, ok := decimalOf(c.Score); ok {
		r.value = decimal.String()
	}
	for provider, document := range parsed.Stamps {
		if !r.add(provider, document) {
			return malformed()
		}
	}
	if !r.readNumbers(c.StampScores) {
		return malformed()
	}
	return r
}

// add adds a recorded stamp. It reports whether that has a known form.
func (r *record) add(provider string, document []byte) bool {
	var written struct {
		Score  json.RawMessage `json:"score"`
		Dedup  bool            `json:"dedup"`
		Expiry time.Time       `json:"expiration_date"`
		Source store.Address   `json:"source_wallet"`
	}
	if json.Unmarshal(document, &written) != nil {
		return false
	}
	score, ok := decimalOf(written.Score)
	if written.Source != "" {
		r.Canonical = merged
		r.sources[written.Source] = true
	}
	r.Stamps[provider] = shadow.Stamp{Score: score, Deduplicated: written.Dedup, ExpiresAt: written.Expiry}
	return ok
}

// merged stands for the wallet itself, which carries the score of its group.
const merged = "carries the score of a group"

func (r *record) readNumbers(document json.RawMessage) bool {
	if isNull(document) {
		return true
	}
	var written map[string]json.RawMessage
	if json.Unmarshal(document, &written) != nil {
		return false
	}
	r.numbers = make(map[string]passport.Decimal, len(written))
	for provider, number := range written {
		decimal, ok := decimalOf(number)
		if !ok {
			return false
		}
		r.numbers[provider] = decimal
	}
	return true
}

// columnsOf reads the members at the top or in "fields", or of a list with one
// object, as passport.ParseEvent does. Another form has none of them.
func columnsOf(data []byte) columns {
	var outer struct {
		columns
		Fields json.RawMessage `json:"fields"`
	}
	if json.Unmarshal(single(data), &outer) != nil {
		return columns{}
	}
	if outer.Fields == nil {
		return outer.columns
	}
	var inner columns
	if json.Unmarshal(single(outer.Fields), &inner) != nil {
		return columns{}
	}
	return inner
}

// single returns the one element of a list, and other data as it is.
func single(data []byte) []byte {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil && len(list) == 1 {
		return list[0]
	}
	return data
}

// withoutError returns the data without the text of an error.
func withoutError(data []byte) []byte {
	var object, fields map[string]json.RawMessage
	if json.Unmarshal(single(data), &object) != nil {
		return data
	}
	delete(object, "error")
	var err error
	if nested, has := object["fields"]; has && json.Unmarshal(single(nested), &fields) == nil {
		delete(fields, "error")
		object["fields"], err = json.Marshal(fields)
	}
	text, failed := json.Marshal(object)
	if err != nil || failed != nil {
		return data
	}
	return text
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// decimalOf reads a JSON number, or a string that spells one.
func decimalOf(value json.RawMessage) (passport.Decimal, bool) {
	var number json.Number
	var decimal passport.Decimal
	if isNull(value) || json.Unmarshal(value, &number) != nil {
		return decimal, false
	}
	return decimal, decimal.UnmarshalText([]byte(number)) == nil
}

// rat returns the exact number.
func rat(d passport.Decimal) *big.Rat {
	exact, _ := new(big.Rat).SetString(d.String()) // a Decimal is a number of bounded size
	return exact
}

// counts reports whether a stamp counts.
func (r *record) counts() bool {
	for _, s := range r.Stamps {
		if !s.Deduplicated {
			return true
		}
	}
	return false
}
