package shadow

import (
	"math/big"
	"net/http"
)

// addScores counts the verdicts and the scores of two decisions, if both have
// them.
func (v *Verdict) addScores(primary, ours *Decision) {
	if !primary.scored() || !ours.scored() {
		return
	}
	switch {
	case primary.Passing && ours.Passing:
		v.Flow.Both++
	case primary.Passing:
		v.Flow.Primary++
	case ours.Passing:
		v.Flow.Ours++
	default:
		v.Flow.Neither++
	}
	if v.Scores == nil {
		v.Scores = make([]Bin, steps+2)
	}
	v.Scores[primary.bin()].Primary++
	v.Scores[ours.bin()].Ours++
}

// scored reports whether the decision has a score.
func (d *Decision) scored() bool {
	return d != nil && d.Status == http.StatusOK && !d.Malformed && !d.Failed
}

// steps is the number of bins of scores from 0 to twice the threshold.
const steps = 20

// bin returns the place of the score in Verdict.Scores.
func (d *Decision) bin() int {
	score, threshold := rational(d.Score), rational(d.Threshold)
	switch {
	case score.Sign() < 0:
		return 0
	case threshold.Sign() <= 0:
		return steps + 1
	}
	tenths := score.Quo(score, threshold).Mul(score, big.NewRat(steps/2, 1))
	if tenths.Cmp(big.NewRat(steps, 1)) >= 0 {
		return steps + 1
	}
	return 1 + int(new(big.Int).Quo(tenths.Num(), tenths.Denom()).Int64())
}
