package store

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Status tells what a score row is.
type Status string

// The statuses that a scoring writes. The service has others, for work that it
// has queued.
const (
	// StatusDone marks a score.
	StatusDone Status = "DONE"
	// StatusError marks a scoring that failed; Error tells why, and every
	// other field is empty.
	StatusError Status = "ERROR"
)

// Score is a row of registry_score: the last score of an address in a
// community. Empty fields stand for NULL.
type Score struct {
	// Status tells whether there is a score or an error.
	Status Status
	// Value is "1" for a passing score and "0" for any other: the raw score is
	// in the evidence.
	Value string
	// ScoredAt is the moment of the scoring.
	ScoredAt time.Time
	// ExpiresAt is the earliest expiry of the credentials that count; zero
	// when none counts.
	ExpiresAt time.Time
	// Error tells why the scoring failed.
	Error string

	// Evidence, StampScores and Stamps are JSON objects as the service writes
	// them. A score that is read must have them as they are in its row: the
	// service once wrote other forms.
	Evidence    []byte
	StampScores []byte
	Stamps      []byte
}

// EventData returns the data of the score's [ActionScoreUpdate] event, given
// the ids of the rows that it tells of: the model's name, the score's id as
// "pk", and [Score.EventFields] with the member "passport" added.
func (s *Score) EventData(passportID, scoreID int64) []byte {
	data := []byte(`{"model":"registry.score","pk":`)
	data = strconv.AppendInt(data, scoreID, 10)
	data = append(data, `,"fields":{"passport":`...)
	data = strconv.AppendInt(data, passportID, 10)
	data = append(data, ',')
	data = append(data, s.EventFields()[1:]...)
	return append(data, '}')
}

// EventFields returns the members of the score's event that do not depend on
// the ids of its rows, as a JSON object. A store that learns those ids only in
// the database adds "passport" there.
func (s *Score) EventFields() []byte {
	var fields bytes.Buffer
	add := func(name string, value []byte) {
		fields.WriteString(`,"` + name + `":`)
		if value == nil {
			value = []byte("null")
		}
		fields.Write(value)
	}
	add("score", textJSON(s.Value))
	add("last_score_timestamp", momentJSON(s.ScoredAt))
	add("status", textJSON(string(s.Status)))
	add("error", textJSON(s.Error))
	add("evidence", s.Evidence)
	add("stamp_scores", s.StampScores)
	add("stamps", s.Stamps)
	add("expiration_date", momentJSON(s.ExpiresAt))
	fields.WriteByte('}')
	document := fields.Bytes()
	document[0] = '{'
	return document
}

func (s *Score) validate(fault faultFunc) {
	switch s.Status {
	case StatusDone:
		if s.Value != "1" && s.Value != "0" {
			fault("a score's value is 1 or 0, not %.60q", s.Value)
		}
		if s.Error != "" {
			fault("a score that is done has no error")
		}
		checkMoment(fault, "the moment of a score", s.ScoredAt)
		if !s.ExpiresAt.IsZero() {
			checkMoment(fault, "the expiry of a score", s.ExpiresAt)
		}
		checkObject(fault, "the evidence of a score", s.Evidence)
		checkObject(fault, "the stamp scores of a score", s.StampScores)
		checkObject(fault, "the stamps of a score", s.Stamps)
	case StatusError:
		const mostError = 10_000
		checkText(fault, "the error of a failed scoring", s.Error, 1, mostError)
		if s.Value != "" || !s.ScoredAt.IsZero() || !s.ExpiresAt.IsZero() ||
			s.Evidence != nil || s.StampScores != nil || s.Stamps != nil {
			fault("a failed scoring has an error and nothing else")
		}
	default:
		fault("a scoring ends with status %s or %s, not %.60q", StatusDone, StatusError, s.Status)
	}
}

// FormatTime writes a moment the way the service's JSON holds it: ISO 8601
// with the offset +00:00, and microseconds only when they are not zero.
func FormatTime(moment time.Time) string {
	moment = moment.UTC()
	if moment.Nanosecond()/1000 == 0 {
		return moment.Format("2006-01-02T15:04:05+00:00")
	}
	return moment.Format("2006-01-02T15:04:05.000000+00:00")
}

func momentJSON(moment time.Time) []byte {
	if moment.IsZero() {
		return nil
	}
	return []byte(`"` + FormatTime(moment) + `"`)
}

func textJSON(text string) []byte {
	if text == "" {
		return nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil // cannot be: a string always marshals
	}
	return quoted
}
