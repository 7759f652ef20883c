package passport

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Evidence is how a recorded score compares with its threshold.
type Evidence struct {
	// Passing reports whether the score reached the threshold when it was
	// recorded.
	Passing          bool
	Score, Threshold Decimal
}

// ParseEvidence reads the evidence of a score in every form that this SDK or
// the service has written: an object or a list with one, whose numbers are JSON
// numbers or strings. A missing threshold is 0; without a verdict the score
// passes if it reaches the threshold. It returns store.ErrInternal for any
// other form.
func ParseEvidence(document []byte) (Evidence, error) {
	written, err := membersOf(document)
	var success *bool
	var score, threshold json.Number
	if err == nil {
		err = written.read(member{"success", &success}, member{"rawScore", &score}, member{"threshold", &threshold})
	}
	if err != nil {
		return Evidence{}, fmt.Errorf("%w: the evidence of a score: %w", store.ErrInternal, err)
	}
	return compared(score, threshold, success)
}

// RecordedScore is a score as its event recorded it.
type RecordedScore struct {
	// Evidence is zero if Error is set.
	Evidence
	// Error is the reason why there is no score.
	Error string
	// ScoredAt and ExpiresAt are as in [Result]; zero if the event lacks them.
	ScoredAt, ExpiresAt time.Time
	// Stamps are the recorded JSON objects by provider.
	Stamps map[string]json.RawMessage
}

// ParseEvent reads the data of an event of action store.ActionScoreUpdate in
// every form that this SDK or the service has written: the members of the
// score's row, at the top or in "fields", or a list with one such object. A
// score without evidence is the sum of its weights, with threshold 0.
// ParseEvent returns store.ErrInternal for any other form.
func ParseEvent(data []byte) (*RecordedScore, error) {
	written, err := membersOf(data)
	if fields, nested := written["fields"]; nested {
		written, err = membersOf(fields)
	}
	var read RecordedScore
	var score json.Number
	var evidence json.RawMessage
	if err == nil {
		err = written.read(
			member{"error", &read.Error}, member{"score", &score}, member{"evidence", &evidence}, member{"stamps", &read.Stamps},
			member{"last_score_timestamp", &read.ScoredAt}, member{"expiration_date", &read.ExpiresAt})
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the data of a score: %w", store.ErrInternal, err)
	}
	if read.Error == "" {
		if read.Evidence, err = evidenceOf(evidence, score.String()); err != nil {
			return nil, err
		}
	}
	return &read, nil
}

// evidenceOf reads the evidence of a recorded score. Without evidence the score
// is a sum of weights.
func evidenceOf(evidence []byte, score string) (Evidence, error) {
	if hasEvidence(evidence) {
		return ParseEvidence(evidence)
	}
	return compared(json.Number(score), "", nil)
}

func hasEvidence(evidence []byte) bool { return len(evidence) > 0 && string(evidence) != "null" }

// compared returns the evidence with these members.
func compared(score, threshold json.Number, success *bool) (read Evidence, err error) {
	if err = read.Score.UnmarshalText([]byte(score)); err != nil {
		return Evidence{}, fmt.Errorf("%w: raw score: %w", store.ErrInternal, err)
	}
	if threshold != "" {
		if err = read.Threshold.UnmarshalText([]byte(threshold)); err != nil {
			return Evidence{}, fmt.Errorf("%w: threshold: %w", store.ErrInternal, err)
		}
	}
	read.Passing = read.Score.Cmp(read.Threshold) >= 0
	if success != nil {
		read.Passing = *success
	}
	return read, nil
}

// members are those of a JSON object, by their exact names.
type members map[string]json.RawMessage

// membersOf reads an object, or a list with one.
func membersOf(document []byte) (members, error) {
	var list []json.RawMessage
	if json.Unmarshal(document, &list) == nil && len(list) == 1 {
		document = list[0]
	}
	var object members
	if err := json.Unmarshal(document, &object); err != nil || object == nil {
		return nil, errors.New("it is neither a JSON object nor a list with one")
	}
	return object, nil
}

// member is a member of an object and where its value goes.
type member struct {
	name string
	into any
}

// read stores the wanted members that exist and are not null.
func (m members) read(wanted ...member) error {
	for _, w := range wanted {
		if value := m[w.name]; len(value) > 0 && string(value) != "null" {
			if json.Unmarshal(value, w.into) != nil { // its error can quote all of it
				return fmt.Errorf("%s has another form", w.name)
			}
		}
	}
	return nil
}

// evidence is the document that ParseEvidence reads, as it is written today.
type evidence struct {
	Type      string `json:"type"`
	Success   bool   `json:"success"`
	RawScore  string `json:"rawScore"`
	Threshold string `json:"threshold"`
}

const thresholdEvidence = "ThresholdScoreCheck"

// places is the number of decimals of scores and thresholds in documents.
const places = 5

// scoreOf returns the score that records the result.
func scoreOf(result *Result) (store.Score, error) {
	score := store.Score{Status: store.StatusDone, Value: "0", ScoredAt: result.ScoredAt, ExpiresAt: result.ExpiresAt}
	if result.Passing {
		score.Value = "1"
	}
	var err error
	score.Evidence, err = json.Marshal(evidence{
		thresholdEvidence, result.Passing, result.rawScore(), result.Threshold.Fixed(places),
	})
	score.StampScores, score.Stamps = stampDocuments(result.Stamps)
	if err == nil && !json.Valid(score.StampScores) {
		err = errors.New("a weight is not a number")
	}
	if err != nil {
		return store.Score{}, fmt.Errorf("writing the score's JSON: %w", err)
	}
	return score, nil
}

// rawScore returns the score as it is recorded.
func (r *Result) rawScore() string {
	if r.Linked != nil {
		return r.Score.shortest()
	}
	return r.Score.String()
}

// stampDocuments returns the weights of the stamps that count, and the records
// of those and of the deduplicated ones: objects by provider. Members are in
// the order of Postgres's jsonb, shorter names first, so that sameJSON need not
// parse what it has stored.
func stampDocuments(stamps []Stamp) (numbers, records []byte) {
	const number, record = 32, 112 // their usual lengths
	numbers = append(make([]byte, 0, 2+number*len(stamps)), '{')
	records = append(make([]byte, 0, 2+record*len(stamps)), '{')
	for _, s := range shorterFirst(stamps) {
		if s.Outcome == LeftOut {
			continue
		}
		records = append(appendName(records, s.Provider), `{"dedup":`...)
		records = strconv.AppendBool(records, s.Outcome == Deduplicated)
		records = append(append(records, `,"score":"`...), s.Weight.Fixed(places)...)
		if s.Source != "" {
			records = append(append(records, `","source_wallet":"`...), s.Source...)
		}
		records = append(append(records, `","expiration_date":"`...), store.FormatTime(s.ExpiresAt)...)
		records = append(records, `"}`...)
		switch {
		case s.Source != "": // as the service writes those of a group
			numbers = append(append(append(appendName(numbers, s.Provider), '"'), s.Weight.shortest()...), '"')
		case s.Outcome == Counted:
			numbers = append(appendName(numbers, s.Provider), s.Weight.jsonNumber()...)
		}
	}
	return append(numbers, '}'), append(records, '}')
}

// shorterFirst returns the stamps by the length of their provider, and then by
// provider.
func shorterFirst(stamps []Stamp) []*Stamp {
	sorted := make([]*Stamp, len(stamps))
	for i := range stamps {
		sorted[i] = &stamps[i]
	}
	slices.SortFunc(sorted, func(a, b *Stamp) int {
		return cmp.Or(cmp.Compare(len(a.Provider), len(b.Provider)), cmp.Compare(a.Provider, b.Provider))
	})
	return sorted
}

// appendName appends the name of the next member of an unfinished object.
func appendName(object []byte, name string) []byte {
	if object[len(object)-1] != '{' {
		object = append(object, ',')
	}
	escaped := func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r) }
	if strings.ContainsFunc(name, escaped) {
		text, _ := json.Marshal(name) //nolint:errchkjson // a text: cannot fail
		return append(append(object, text...), ':')
	}
	return append(append(append(object, '"'), name...), `":`...)
}

// deduplicatedEvent returns the event of a credential that lost to an earlier
// claim.
func deduplicatedEvent(community int64, address Address, c *candidate) store.Event {
	data, _ := json.Marshal(struct { //nolint:errchkjson // texts and a number: cannot fail
		Nullifiers []string `json:"nullifiers"`
		Provider   string   `json:"provider"`
		Community  int64    `json:"community_id"`
	}{c.content.Nullifiers, c.row.Provider, community})
	return store.Event{Action: store.ActionDeduplicated, Address: address, Data: data}
}
