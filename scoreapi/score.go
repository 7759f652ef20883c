package scoreapi

import (
	"encoding/json"
	"fmt"

	"github.com/passport-sdk/passport-go"
)

// Score is the answer about an address in a community, present or recorded.
//
// Reading one requires an address, and unless there is an Error, score and
// passing_score. The address is read in any case, and is then in lower case.
type Score struct {
	Address passport.Address `json:"address"`
	// Score is the sum of the weights of the stamps that count. It is 0 beside an
	// Error, and for a linked wallet that is not the canonical one.
	Score   Number `json:"score"`
	Passing bool   `json:"passing_score"`
	// ScoredAt is the time of the scoring; zero beside an Error.
	ScoredAt Time `json:"last_score_timestamp"`
	// ExpiresAt is the earliest expiry of the stamps that count, or zero.
	ExpiresAt Time `json:"expiration_timestamp"`
	// Threshold is the community's. It is 0 in a recorded score that had none.
	Threshold Number `json:"threshold"`
	// Error is the reason why the address could not be scored, nil if it was.
	Error *string `json:"error"`
	// Stamps are those that count or are deduplicated, by provider.
	Stamps map[string]Stamp `json:"stamps"`
	// Points are the human points that the address has earned, and PossiblePoints
	// those that it can earn. They are nil unless the server answers points.
	Points         *Points `json:"points_data"`
	PossiblePoints *Points `json:"possible_points_data"`
	// Linked is the score of the group of a linked wallet. It is nil for a wallet
	// that is scored by itself, and in the history.
	Linked *LinkedScore `json:"linked_score"`
	// LeftOut are the stamps of the wallet that are not valid, by provider. The
	// service does not have it. It is nil unless the server answers it, see
	// passporthttp.WithLeftOut.
	LeftOut map[string]LeftOut `json:"left_out,omitzero"`
}

// Stamp is the outcome of a valid credential. Reading one requires its score.
type Stamp struct {
	// Weight is added to the score; 0 if the stamp is deduplicated.
	Weight Number `json:"score"`
	// Deduplicated reports whether another wallet claimed it first.
	Deduplicated bool `json:"dedup"`
	// ExpiresAt is the credential's expiry, or zero.
	ExpiresAt Time `json:"expiration_date"`
	// Source is the linked wallet that has a merged stamp, empty for any other.
	Source passport.Address `json:"source_wallet,omitempty"`
	// Recorded is the JSON of a stamp of [OfRecorded], as it was recorded, in one
	// of the forms of many years. It is written in place of the other fields,
	// which are zero. Reading a stamp sets the fields and not Recorded.
	Recorded json.RawMessage `json:"-"`
}

// LeftOut is a stamp that is not valid.
type LeftOut struct {
	// Reason is a code, such as "expired".
	Reason passport.Reason `json:"reason"`
	// ExpiresAt is the credential's expiry; zero if it has none or could not be
	// read.
	ExpiresAt Time `json:"expiration_date"`
}

// LinkedScore is the score that linked wallets have together. Reading one
// requires score and passing_score.
type LinkedScore struct {
	// Address is the canonical wallet, which carries the score of the group.
	Address   passport.Address `json:"address"`
	Score     Number           `json:"score"`
	Passing   bool             `json:"passing_score"`
	ScoredAt  Time             `json:"last_score_timestamp"`
	ExpiresAt Time             `json:"expiration_timestamp"`
	Threshold Number           `json:"threshold"`
	// Stamps are the merged stamps, by provider.
	Stamps map[string]Stamp `json:"stamps"`
	// WalletStamps are the stamps of each wallet that has any, by provider. The
	// canonical one has those of the group.
	WalletStamps map[passport.Address]map[string]Stamp `json:"wallet_stamps"`
}

// Points are human points that an address has or can have.
type Points struct {
	// Total is the sum of the points, without the multiplier.
	Total int64 `json:"total_points"`
	// Eligible reports whether the address has qualified in any community.
	Eligible bool `json:"is_eligible"`
	// Multiplier is the address's, 1 if it has none.
	Multiplier int `json:"multiplier"`
	// Breakdown are the points by action, and those earned on a chain also by
	// "<action>_<chain id>".
	Breakdown map[string]int64 `json:"breakdown"`
}

// MarshalJSON implements [json.Marshaler].
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.Recorded != nil {
		return s.Recorded, nil
	}
	type plain Stamp
	return json.Marshal(plain(s))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Stamp) UnmarshalJSON(text []byte) error {
	type plain Stamp
	var read struct {
		plain

		Weight *Number `json:"score"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if read.Weight == nil {
		return lacks("stamp", "score")
	}
	*s = Stamp(read.plain)
	s.Weight = *read.Weight
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Score) UnmarshalJSON(text []byte) error {
	type plain Score
	var read struct {
		plain

		Score   *Number `json:"score"`
		Passing *bool   `json:"passing_score"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	address, err := passport.ParseAddress(string(read.Address))
	if read.Error != nil && *read.Error == "" {
		read.Error = nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("the address of the score: %w", err)
	case read.Error == nil && read.Score == nil:
		return lacks("score", "score")
	case read.Error == nil && read.Passing == nil:
		return lacks("score", "passing_score")
	}
	*s = Score(read.plain)
	s.Address = address
	if s.Error == nil { // beside an error there is no score, whatever it says
		s.Score, s.Passing = *read.Score, *read.Passing
	}
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *LinkedScore) UnmarshalJSON(text []byte) error {
	type plain LinkedScore
	var read struct {
		plain

		Score   *Number `json:"score"`
		Passing *bool   `json:"passing_score"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	switch {
	case read.Score == nil:
		return lacks("linked score", "score")
	case read.Passing == nil:
		return lacks("linked score", "passing_score")
	}
	*s = LinkedScore(read.plain)
	s.Score, s.Passing = *read.Score, *read.Passing
	return nil
}

func lacks(value, member string) error { return fmt.Errorf("a %s without %s", value, member) }
