package passport

import (
	"encoding/json"
	"errors"
	"fmt"
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

// stampScore is the record of a valid credential in a score.
type stampScore struct {
	Score      string `json:"score"`
	Dedup      bool   `json:"dedup"`
	Expiration string `json:"expiration_date"`
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
	numbers := make(map[string]json.Number, len(result.Stamps))
	stamps := make(map[string]stampScore, len(result.Stamps))
	for _, s := range result.Stamps {
		if s.Outcome == LeftOut {
			continue
		}
		stamps[s.Provider] = stampScore{
			Score: s.Weight.Fixed(places), Dedup: s.Outcome == Deduplicated, Expiration: store.FormatTime(s.ExpiresAt),
		}
		if s.Outcome == Counted {
			numbers[s.Provider] = json.Number(s.Weight.jsonNumber())
		}
	}
	var err error
	document := func(value any) json.RawMessage {
		text, invalid := json.Marshal(value)
		err = errors.Join(err, invalid)
		return text
	}
	score.Evidence = document(evidence{
		thresholdEvidence, result.Passing, result.Score.String(), result.Threshold.Fixed(places),
	})
	score.StampScores, score.Stamps = document(numbers), document(stamps)
	if err != nil {
		return store.Score{}, fmt.Errorf("writing the score's JSON: %w", err)
	}
	return score, nil
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
