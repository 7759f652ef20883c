package scoreapi

import (
	"encoding/json"
	"errors"

	"github.com/passport-sdk/passport-go"
)

// The sentences of a 404 that names no scorer of the key's account.
const (
	NoScorer    = "No scorer matches the given criteria." // of a score
	NoCommunity = "No Community matches the given query." // of the history
)

// Refusal is the body of an error, but for that of 422.
type Refusal struct {
	Detail string `json:"detail"`
	// Address is set in the history of an address that had no score.
	Address passport.Address `json:"address,omitempty"`
}

// Unprocessable is the body of a 422.
type Unprocessable struct {
	Detail []Problem `json:"detail"`
}

// Problem is a problem of a parameter.
type Problem struct {
	// Type is a code, such as "int_parsing".
	Type string `json:"type"`
	// Place is where the parameter is, such as "path" and "scorer_id".
	Place Place `json:"loc"`
	// Message describes the problem in English.
	Message string `json:"msg"`
}

// Place is a place in a request, from the outside to the inside. It reads
// places in a list, which are numbers, too.
type Place []string

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Place) UnmarshalJSON(text []byte) error {
	var steps []json.RawMessage
	if err := json.Unmarshal(text, &steps); err != nil {
		return errors.New("a place is no list")
	}
	*p = make(Place, len(steps))
	for i, step := range steps {
		(*p)[i] = string(unquoted(step))
	}
	return nil
}
