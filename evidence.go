package passport

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// The service's JSON of a score, read. It was written in several forms over the
// years; one that is none of them is a store.ErrFault, never a score of 0.

// Evidence is how a recorded score compares with its threshold.
type Evidence struct {
	// Passing reports whether the score reached the threshold when it was
	// recorded.
	Passing          bool
	Score, Threshold Decimal
}

// ParseEvidence reads column evidence of a score, as this SDK or the service
// wrote it: an object or a list with one, whose numbers are JSON numbers or
// strings. Without a threshold the threshold is 0; without a verdict the score
// passes if it reaches the threshold. It returns store.ErrFault for anything
// else.
func ParseEvidence(document []byte) (Evidence, error) {
	written, err := membersOf(document)
	var success *bool
	var score, threshold json.Number
	if err == nil {
		err = written.read(member{"success", &success}, member{"rawScore", &score}, member{"threshold", &threshold})
	}
	if err != nil {
		return Evidence{}, fmt.Errorf("%w: the evidence of a score: %w", store.ErrFault, err)
	}
	return compared(score, threshold, success)
}

// RecordedScore is a score as its event recorded it.
type RecordedScore struct {
	// Evidence is zero if Error is set.
	Evidence
	// Error is the reason why there is no score.
	Error string
	// ScoredAt and ExpiresAt are as in [Result]; zero if the event does not say.
	ScoredAt, ExpiresAt time.Time
	// Stamps are the recorded JSON objects by provider; none if the event has
	// none.
	Stamps map[string]json.RawMessage
}

// ParseEvent reads the data of an event of action store.ActionScoreUpdate in
// every form that this SDK or the service wrote: the members of the score's row,
// at the top or in "fields", or a list with one such object. A score without
// evidence is the plain sum of its weights; its threshold is 0. ParseEvent
// returns store.ErrFault for anything else.
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
		return nil, fmt.Errorf("%w: the data of a score: %w", store.ErrFault, err)
	}
	if read.Error == "" {
		if read.Evidence, err = evidenceOf(evidence, score.String()); err != nil {
			return nil, err
		}
	}
	return &read, nil
}

// evidenceOf compares a recorded score with its threshold: by its evidence or,
// without any, as the plain sum that score then is.
func evidenceOf(evidence []byte, score string) (Evidence, error) {
	if hasEvidence(evidence) {
		return ParseEvidence(evidence)
	}
	return compared(json.Number(score), "", nil)
}

func hasEvidence(evidence []byte) bool { return len(evidence) > 0 && string(evidence) != "null" }

// compared returns the evidence that those members of a document are.
func compared(score, threshold json.Number, success *bool) (read Evidence, err error) {
	if err = read.Score.UnmarshalText([]byte(score)); err != nil {
		return Evidence{}, fmt.Errorf("%w: raw score: %w", store.ErrFault, err)
	}
	if threshold != "" {
		if err = read.Threshold.UnmarshalText([]byte(threshold)); err != nil {
			return Evidence{}, fmt.Errorf("%w: threshold: %w", store.ErrFault, err)
		}
	}
	if success != nil {
		read.Passing = *success
	} else {
		read.Passing = read.Score.Cmp(read.Threshold) >= 0
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
		return nil, errNoObject
	}
	return object, nil
}

var errNoObject = errors.New("it is neither a JSON object nor a list with one")

// member is a member of an object and where its value goes.
type member struct {
	name string
	into any
}

// read stores the members that are there and not null.
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

// evidence is what the service writes, member by member.
type evidence struct {
	Type      string `json:"type"`
	Success   bool   `json:"success"`
	RawScore  string `json:"rawScore"`
	Threshold string `json:"threshold"`
}

const thresholdEvidence = "ThresholdScoreCheck"
