package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// rows are what the store holds, as its JSON tells.
type rows struct {
	Passports []struct {
		ID        int64
		Address   string
		Community int64 `json:"community_id"`
	} `json:"registry_passport"`
	Scores []scoreRow `json:"registry_score"`
	Stamps []struct {
		Passport   int64 `json:"passport_id"`
		Provider   string
		Credential json.RawMessage
	} `json:"registry_stamp"`
	Links []struct {
		Hash      string
		Address   string
		Expires   time.Time `json:"expires_at"`
		Community int64     `json:"community_id"`
	} `json:"registry_hashscorerlink"`
	Events []eventRow `json:"registry_event"`
	Points []struct {
		Address  string
		Action   string
		Provider string
		TxHash   string `json:"tx_hash"`
	} `json:"registry_humanpoints"`
	Qualified []struct {
		Address   string
		Community int64 `json:"community_id"`
	} `json:"registry_humanpointscommunityqualifiedusers"`
	Credentials []struct {
		ID       int64
		Address  string
		Provider string
		Proof    string     `json:"proof_value"`
		Deleted  *time.Time `json:"deleted_at"`
	} `json:"ceramic_cache_ceramiccache"`
	Revocations []struct {
		Credential int64 `json:"ceramic_cache_id"`
	} `json:"ceramic_cache_revocation"`

	text []byte
	// at tells whose a passport is.
	at map[int64]place
}

// scoreRow is a row of registry_score.
type scoreRow struct {
	ID       int64
	Passport int64 `json:"passport_id"`
	scoreFields
}

// scoreFields are what both the row of a score and its event tell.
type scoreFields struct {
	Score    json.Number
	Scored   *time.Time `json:"last_score_timestamp"`
	Status   string
	Error    *string
	Expires  *time.Time `json:"expiration_date"`
	Evidence *struct {
		Type, RawScore, Threshold string
		Success                   bool
	}
	StampScores map[string]json.Number `json:"stamp_scores"`
	Stamps      map[string]struct {
		Score   string
		Dedup   bool
		Expires time.Time `json:"expiration_date"`
	}
}

// eventRow is a row of registry_event.
type eventRow struct {
	Action    string
	Address   string
	Created   time.Time `json:"created_at"`
	Community int64     `json:"community_id"`
	Data      struct {
		// of a score
		PK     int64
		Fields struct {
			Passport int64
			scoreFields
		}
		// of a credential that lost
		Provider   string
		Nullifiers []string
	}
}

func readRows(from backend) (*rows, error) {
	var text bytes.Buffer
	if err := from.WriteRows(&text); err != nil {
		return nil, err
	}
	r := &rows{text: text.Bytes(), at: map[int64]place{}}
	if err := json.Unmarshal(r.text, r); err != nil {
		return nil, fmt.Errorf("reading the rows: %w", err)
	}
	for _, p := range r.Passports {
		r.at[p.ID] = place{p.Community, p.Address}
	}
	return r, nil
}
