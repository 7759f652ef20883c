package passport

import (
	"encoding/json"
	"fmt"

	"github.com/passport-sdk/passport-go/store"
)

// Evidence tells how a recorded score compares with its threshold: column
// evidence of a score, and the member of that name in the data of its event
// (store.ActionScoreUpdate).
type Evidence struct {
	Passing          bool
	Score, Threshold Decimal
}

// ParseEvidence reads the document that this SDK or the service has written. Its
// numbers may be JSON numbers or strings. What is no evidence is a
// store.ErrFault: the row makes no sense.
func ParseEvidence(document []byte) (Evidence, error) {
	var written struct {
		Success   *bool       `json:"success"`
		RawScore  json.Number `json:"rawScore"` // a string that holds a number is one, too
		Threshold json.Number `json:"threshold"`
	}
	if err := json.Unmarshal(document, &written); err != nil || written.Success == nil {
		return Evidence{}, fmt.Errorf("%w: the evidence of a score does not compare it with a threshold", store.ErrFault)
	}
	read := Evidence{Passing: *written.Success}
	if err := read.Score.UnmarshalText([]byte(written.RawScore)); err != nil {
		return Evidence{}, fmt.Errorf("%w: raw score: %w", store.ErrFault, err)
	}
	if err := read.Threshold.UnmarshalText([]byte(written.Threshold)); err != nil {
		return Evidence{}, fmt.Errorf("%w: threshold: %w", store.ErrFault, err)
	}
	return read, nil
}

// evidence is what the service writes, member by member.
type evidence struct {
	Type      string `json:"type"`
	Success   bool   `json:"success"`
	RawScore  string `json:"rawScore"`
	Threshold string `json:"threshold"`
}

const thresholdEvidence = "ThresholdScoreCheck"
