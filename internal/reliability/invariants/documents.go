package invariants

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Place is an address in a community.
type Place struct {
	Community int64
	Address   store.Address
}

// Score is a recorded score with its documents read.
type Score struct {
	store.Score

	Evidence struct {
		Type, RawScore, Threshold string
		Success                   bool
	}
	StampScores map[string]json.Number
	Stamps      map[string]Stamp
}

// Stamp is a valid credential of a score.
type Stamp struct {
	Score   string
	Dedup   bool
	Expires time.Time `json:"expiration_date"`
	// Source is the wallet that has it, if it is merged.
	Source store.Address `json:"source_wallet"`
}

// ReadScore reads the documents of a score.
func ReadScore(recorded store.Score) (*Score, error) {
	s := &Score{Score: recorded}
	for _, document := range []struct {
		from json.RawMessage
		to   any
	}{{recorded.Evidence, &s.Evidence}, {recorded.StampScores, &s.StampScores}, {recorded.Stamps, &s.Stamps}} {
		if document.from == nil {
			continue
		}
		if err := json.Unmarshal(document.from, document.to); err != nil {
			return nil, fmt.Errorf("a document of a score: %w", err)
		}
	}
	for provider, stamp := range s.Stamps {
		stamp.Expires = stamp.Expires.UTC()
		s.Stamps[provider] = stamp
	}
	return s, nil
}

// ReadEvent reads the score in the data of a [store.ActionScoreUpdate].
func ReadEvent(data json.RawMessage) (*Score, error) {
	var event struct {
		Fields struct {
			Score       json.Number     `json:"score"`
			Status      store.Status    `json:"status"`
			Error       string          `json:"error"`
			ScoredAt    time.Time       `json:"last_score_timestamp"`
			ExpiresAt   time.Time       `json:"expiration_date"`
			Evidence    json.RawMessage `json:"evidence"`
			Stamps      json.RawMessage `json:"stamps"`
			StampScores json.RawMessage `json:"stamp_scores"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, fmt.Errorf("the event of a score: %w", err)
	}
	f := &event.Fields
	return ReadScore(store.Score{
		Status: f.Status, Value: f.Score.String(), ScoredAt: f.ScoredAt.UTC(), ExpiresAt: f.ExpiresAt.UTC(), Error: f.Error,
		Evidence: f.Evidence, StampScores: f.StampScores, Stamps: f.Stamps,
	})
}

// differs reports whether the scores differ in anything but the notation of
// numbers, documents and times.
func (s *Score) differs(other *Score) bool {
	return s.Status != other.Status || s.Error != other.Error || number(s.Value).Cmp(number(other.Value)) != 0 ||
		!s.ScoredAt.Equal(other.ScoredAt) || !s.ExpiresAt.Equal(other.ExpiresAt) || s.Evidence != other.Evidence ||
		!maps.Equal(s.StampScores, other.StampScores) || !maps.Equal(s.Stamps, other.Stamps)
}

// counts returns the providers that the stamps of the score count, in order.
func (s *Score) counts() []string {
	var counted []string
	for provider, stamp := range s.Stamps {
		if !stamp.Dedup {
			counted = append(counted, provider)
		}
	}
	slices.Sort(counted)
	return counted
}

// fault returns what is wrong with a score by itself, or "". One of a linked
// wallet may not pass though its stamps suffice.
func (s *Score) fault(linked bool) string {
	if s.Status != store.StatusDone || s.Error != "" || s.ScoredAt.IsZero() || s.Score.Evidence == nil {
		return "it is neither done nor failed"
	}
	sum := new(big.Rat)
	for provider, weight := range s.StampScores {
		stamp, valid := s.Stamps[provider]
		if !valid || stamp.Dedup || number(stamp.Score).Cmp(number(weight.String())) != 0 {
			return fmt.Sprintf("%s weighs %s and %q", provider, weight, stamp.Score)
		}
		sum.Add(sum, number(weight.String()))
	}
	for provider, stamp := range s.Stamps {
		if stamp.Dedup && number(stamp.Score).Sign() != 0 {
			return provider + " is deduplicated and has a weight"
		}
	}
	raw, threshold := number(s.Evidence.RawScore), number(s.Evidence.Threshold)
	passes := raw.Cmp(threshold) >= 0 && (s.Evidence.Success || !linked)
	switch {
	case sum.Cmp(raw) != 0:
		return fmt.Sprintf("it is %q, and its stamps add up to %s", s.Evidence.RawScore, sum.FloatString(9))
	case passes != s.Evidence.Success || number(s.Value).Cmp(verdict(passes)) != 0:
		return fmt.Sprintf("%s of %s is recorded as %t, %s", s.Evidence.RawScore, s.Evidence.Threshold, s.Evidence.Success, s.Value)
	}
	return ""
}

func verdict(passes bool) *big.Rat {
	if passes {
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}

// number returns the number that the text spells, and one that no document of
// ours has if it spells none.
func number(text string) *big.Rat {
	if n, ok := new(big.Rat).SetString(text); ok {
		return n
	}
	return big.NewRat(-1<<40, 1)
}

// Credential is what a credential signs, as far as tests look into it.
type Credential struct {
	Subject struct {
		Nullifiers []string `json:"nullifiers"`
	} `json:"credentialSubject"`
	Expires time.Time `json:"expirationDate"`
	Proof   struct {
		ProofValue string `json:"proofValue"`
	} `json:"proof"`
}

// ReadCredential reads a credential's document.
func ReadCredential(document json.RawMessage) (*Credential, error) {
	var c Credential
	if err := json.Unmarshal(document, &c); err != nil {
		return nil, fmt.Errorf("a counted credential: %w", err)
	}
	return &c, nil
}
