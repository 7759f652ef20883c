package shadow

import "math"

// Bound returns the exact upper bound of Clopper and Pearson, at the
// confidence, on the share of differences, if some were found in n comparisons
// of which each was as likely to differ. For 0 in n at 0.95 it is close to 3/n.
// It is 1 for arguments of which nothing follows.
func Bound(found, n uint64, confidence float64) float64 {
	if found >= n || !(confidence > 0 && confidence < 1) {
		return 1
	}
	low, high := float64(found)/float64(n), 1.0
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if atMost(found, n, middle) > 1-confidence {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// atMost returns the probability of k differences or fewer in n comparisons.
// The share must be k/n or more: then the terms become smaller from k down.
func atMost(k, n uint64, share float64) float64 {
	count, all := float64(k), float64(n)
	term := math.Exp(logFactorial(all) - logFactorial(count) - logFactorial(all-count) +
		count*math.Log(share) + (all-count)*math.Log1p(-share))
	sum := term
	for ; count > 0 && term > sum*1e-17; count-- {
		term *= count / (all - count + 1) * (1 - share) / share
		sum += term
	}
	return sum
}

func logFactorial(n float64) float64 {
	value, _ := math.Lgamma(n + 1)
	return value
}
