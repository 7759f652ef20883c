package passporthttp

import "github.com/passport-sdk/passport-go"

// linkedBody is the score that linked wallets have together.
type linkedBody struct {
	Address   passport.Address     `json:"address"` // the canonical wallet
	Score     string               `json:"score"`
	Passing   bool                 `json:"passing_score"`
	ScoredAt  *string              `json:"last_score_timestamp"`
	ExpiresAt *string              `json:"expiration_timestamp"`
	Threshold string               `json:"threshold"`
	Stamps    map[string]stampBody `json:"stamps"`
	// WalletStamps are the stamps of each wallet that has any. The canonical one
	// has those of the group.
	WalletStamps map[passport.Address]map[string]stampBody `json:"wallet_stamps"`
}

// linkedOf returns nil for a wallet that is scored alone, and for one whose
// group is unknown.
func linkedOf(linked *passport.LinkedScore) *linkedBody {
	if linked == nil || linked.Canonical == "" {
		return nil
	}
	body := &linkedBody{
		Address: linked.Canonical, Score: linked.Score.Fixed(places), Passing: linked.Passing,
		ScoredAt: date(linked.ScoredAt), ExpiresAt: date(linked.ExpiresAt), Threshold: linked.Threshold.Fixed(places),
		Stamps: stampsOf(linked.Stamps), WalletStamps: map[passport.Address]map[string]stampBody{},
	}
	for i := range linked.Members {
		member := &linked.Members[i]
		stamps := body.Stamps
		if member.Address != linked.Canonical {
			stamps = stampsOf(member.Stamps)
		}
		if len(stamps) > 0 {
			body.WalletStamps[member.Address] = stamps
		}
	}
	return body
}

// stampsOf returns the stamps that count or are deduplicated.
func stampsOf(stamps []passport.Stamp) map[string]stampBody {
	bodies := map[string]stampBody{}
	for i := range stamps {
		if s := &stamps[i]; s.Outcome != passport.LeftOut {
			bodies[s.Provider] = stampBody{s.Weight.Fixed(places), s.Outcome == passport.Deduplicated, date(s.ExpiresAt), s.Source}
		}
	}
	return bodies
}

// leftOutOf returns the stamps of the result's own wallet that are not valid.
func leftOutOf(result *passport.Result) map[string]leftOutBody {
	stamps := result.Stamps
	if result.Linked != nil {
		for _, member := range result.Linked.Members {
			if member.Address == result.Address {
				stamps = member.Stamps
			}
		}
	}
	bodies := map[string]leftOutBody{}
	for i := range stamps {
		if s := &stamps[i]; s.Outcome == passport.LeftOut {
			bodies[s.Provider] = leftOutBody{s.Reason, date(s.ExpiresAt)}
		}
	}
	return bodies
}
