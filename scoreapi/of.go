package scoreapi

import (
	"github.com/passport-sdk/passport-go"
)

// Of, for a result that is not nil, returns the answer. It has no points and no
// LeftOut: see [PointsOf] and [LeftOutOf].
func Of(result *passport.Result) Score {
	return Score{
		Address: result.Address, Score: Number{result.Score}, Passing: result.Passing,
		ScoredAt: Time{result.ScoredAt}, ExpiresAt: Time{result.ExpiresAt}, Threshold: Number{result.Threshold},
		Stamps: stampsOf(result.Stamps), Linked: linkedOf(result.Linked),
	}
}

// OfRecorded returns the answer for a recorded score of the address, which must
// not be nil. Its stamps are written as they were recorded.
func OfRecorded(address passport.Address, recorded *passport.RecordedScore) Score {
	if recorded.Error != "" {
		return Unscored(address, recorded.Error)
	}
	stamps := make(map[string]Stamp, len(recorded.Stamps))
	for provider, stamp := range recorded.Stamps {
		stamps[provider] = Stamp{Recorded: stamp}
	}
	return Score{
		Address: address, Score: Number{recorded.Score}, Passing: recorded.Passing, Threshold: Number{recorded.Threshold},
		ScoredAt: Time{recorded.ScoredAt}, ExpiresAt: Time{recorded.ExpiresAt}, Stamps: stamps,
	}
}

// Unscored returns the service's answer for an address that could not be
// scored, for the reason: a score of 0 below a threshold of 20, and the Error.
func Unscored(address passport.Address, reason string) Score {
	threshold, _ := passport.ParseDecimal("20") // a constant
	return Score{Address: address, Threshold: Number{threshold}, Error: &reason, Stamps: map[string]Stamp{}}
}

// PointsOf returns the points of an answer.
func PointsOf(total passport.PointsTotal) *Points {
	return &Points{Total: total.Total, Eligible: total.Eligible, Multiplier: total.Multiplier, Breakdown: total.Breakdown}
}

// LeftOutOf returns the stamps of the result's own wallet that are not valid,
// by provider.
func LeftOutOf(result *passport.Result) map[string]LeftOut {
	stamps := result.Stamps
	if result.Linked != nil {
		for _, member := range result.Linked.Members {
			if member.Address == result.Address {
				stamps = member.Stamps
			}
		}
	}
	leftOut := map[string]LeftOut{}
	for i := range stamps {
		if s := &stamps[i]; s.Outcome == passport.LeftOut {
			leftOut[s.Provider] = LeftOut{Reason: s.Reason, ExpiresAt: Time{s.ExpiresAt}}
		}
	}
	return leftOut
}

// linkedOf returns nil for a wallet that is scored alone, and for one whose
// group is unknown.
func linkedOf(linked *passport.LinkedScore) *LinkedScore {
	if linked == nil || linked.Canonical == "" {
		return nil
	}
	score := &LinkedScore{
		Address: linked.Canonical, Score: Number{linked.Score}, Passing: linked.Passing,
		ScoredAt: Time{linked.ScoredAt}, ExpiresAt: Time{linked.ExpiresAt}, Threshold: Number{linked.Threshold},
		Stamps: stampsOf(linked.Stamps), WalletStamps: map[passport.Address]map[string]Stamp{},
	}
	for i := range linked.Members {
		member := &linked.Members[i]
		stamps := score.Stamps
		if member.Address != linked.Canonical {
			stamps = stampsOf(member.Stamps)
		}
		if len(stamps) > 0 {
			score.WalletStamps[member.Address] = stamps
		}
	}
	return score
}

// stampsOf returns the stamps that count or are deduplicated.
func stampsOf(stamps []passport.Stamp) map[string]Stamp {
	valid := map[string]Stamp{}
	for i := range stamps {
		if s := &stamps[i]; s.Outcome != passport.LeftOut {
			valid[s.Provider] = Stamp{
				Weight: Number{s.Weight}, Deduplicated: s.Outcome == passport.Deduplicated,
				ExpiresAt: Time{s.ExpiresAt}, Source: s.Source,
			}
		}
	}
	return valid
}
