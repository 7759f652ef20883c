package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Status is the state of a score.
type Status string

// The statuses that a scoring writes. The service has others, for work that it
// has queued.
const (
	// StatusDone marks a score.
	StatusDone Status = "DONE"
	// StatusError marks a scoring that failed; Error has the reason, and every
	// other field is empty.
	StatusError Status = "ERROR"
)

// Score is the last score of an address in a community. Empty fields stand for
// absent values.
type Score struct {
	Status Status
	// Value is "1" for a passing score and "0" for any other: the raw score is
	// in the evidence. A score that is read may have another decimal here, in any
	// notation: the service once recorded sums.
	Value     string
	ScoredAt  time.Time // the time of the scoring
	ExpiresAt time.Time // the earliest expiry of the credentials that count; zero when none counts
	Error     string    // the reason why the scoring failed

	// Evidence, StampScores and Stamps are JSON objects as the service writes
	// them. A score that is read must have them as they are stored: the service
	// once wrote other forms.
	Evidence    json.RawMessage `json:",omitempty"`
	StampScores json.RawMessage `json:",omitempty"`
	Stamps      json.RawMessage `json:",omitempty"`
}

func (s *Score) validate(found *problems.List) {
	switch s.Status {
	case StatusDone:
		if s.Value != "1" && s.Value != "0" {
			found.Addf("a score's value is 1 or 0, not %.60q", s.Value)
		}
		if s.Error != "" {
			found.Addf("a score that is done has no error")
		}
		checkTime(found, "the time of a score", s.ScoredAt)
		checkDate(found, "the expiry of a score", s.ExpiresAt)
		checkObject(found, "the evidence of a score", s.Evidence)
		checkObject(found, "the stamp scores of a score", s.StampScores)
		checkObject(found, "the stamps of a score", s.Stamps)
	case StatusError:
		const mostError = 10_000
		checkText(found, "the error of a failed scoring", s.Error, 1, mostError)
		if s.Value != "" || !s.ScoredAt.IsZero() || !s.ExpiresAt.IsZero() ||
			s.Evidence != nil || s.StampScores != nil || s.Stamps != nil {
			found.Addf("a failed scoring has an error and nothing else")
		}
	default:
		found.Addf("a scoring ends with status %s or %s, not %.60q", StatusDone, StatusError, s.Status)
	}
}

// UpdateEvent returns the [ActionScoreUpdate] event of the score: a JSON object
// with the model's name and, as "fields", the score's columns. The service adds
// the ids of its rows, "pk" and the field "passport".
func (s *Score) UpdateEvent(address Address) (Event, error) {
	text := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	date := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		return new(FormatTime(t))
	}
	type fields struct {
		Score       *string         `json:"score"`
		ScoredAt    *string         `json:"last_score_timestamp"`
		Status      Status          `json:"status"`
		Error       *string         `json:"error"`
		Evidence    json.RawMessage `json:"evidence"`
		StampScores json.RawMessage `json:"stamp_scores"`
		Stamps      json.RawMessage `json:"stamps"`
		ExpiresAt   *string         `json:"expiration_date"`
	}
	data, err := json.Marshal(struct {
		Model  string `json:"model"`
		Fields fields `json:"fields"`
	}{"registry.score", fields{
		text(s.Value), date(s.ScoredAt), s.Status, text(s.Error), s.Evidence, s.StampScores, s.Stamps, date(s.ExpiresAt),
	}})
	if err != nil {
		return Event{}, fmt.Errorf("%w: the event of a score: %w", ErrInvalid, err)
	}
	return Event{Action: ActionScoreUpdate, Address: address, Data: data}, nil
}
