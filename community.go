package passport

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/store"
)

// CheckCommunity returns, joined, what keeps the community from being stored or
// from separating passing addresses from others. Call it before PutCommunity,
// which checks the form only. Empty Rule and Scorer have the same defaults as
// there. It does not check whether the account exists.
//
// Problems of the form wrap store.ErrInvalid, and a rule other than LIFO wraps
// [ErrUnsupportedRule]. The others wrap [ErrInvalidWeights]:
//
//   - the weights are not a JSON object of decimals, name a provider twice, or
//     have more than 1 MiB;
//   - a weight is below 0, or no credential can have its provider;
//   - the threshold is 0 or less, which passes every address, or above the sum
//     of all weights, which passes none;
//   - the threshold or a customization's weight has more decimal places than
//     stores keep.
//
// At most 20 problems of the weights are reported.
func CheckCommunity(community store.Community) error {
	if community.Rule == "" {
		community.Rule = ruleLIFO
	}
	weights, faults := checkWeights(community.Weights)
	complete := len(faults) == 0
	community.Weights = []byte("{}") // they have been checked
	faults = append(faults, checkRule(community.Rule), community.Validate())

	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrInvalidWeights}, args...)...))
	}
	for _, provider := range slices.Sorted(maps.Keys(community.Customization)) {
		const customizationPlaces = 4
		weight, err := ParseDecimal(community.Customization[provider])
		if err != nil {
			complete = false // Validate has reported it
			continue
		}
		if !fits(weight, customizationPlaces) {
			fault("customization's weight of %.100q, %s, would be kept as %s", provider, weight, weight.Fixed(customizationPlaces))
		}
		weights[provider] = weight
	}
	var all Decimal
	for _, provider := range slices.Sorted(maps.Keys(weights)) {
		switch weight := weights[provider]; {
		case len(faults) > maxWeightFaults:
			complete = false // not all are added up
		case weight.Sign() < 0:
			fault("weight of %.100q is below 0", provider)
		case provider == "" || utf8.RuneCountInString(provider) > store.MaxProvider:
			fault("weight of %.100q: a provider has 1 to %d characters", provider, store.MaxProvider)
		default:
			all, _ = all.add(weight) // cannot fail: the exponents of weights are small
		}
	}
	switch threshold, err := ParseDecimal(community.Threshold); {
	case err != nil: // Validate has reported it
	case threshold.Sign() <= 0:
		fault("every address would pass the threshold %s", threshold)
	case !fits(threshold, places):
		fault("the threshold %s would be kept as %s", threshold, threshold.Fixed(places))
	case complete && threshold.Cmp(all) > 0:
		fault("no address can pass the threshold %s: all weights together are %s", threshold, all)
	}
	return errors.Join(faults...)
}

const maxWeightFaults = 20

// checkWeights is [parseWeights] with sorted errors, and never nil weights.
func checkWeights(document []byte) (weights map[string]Decimal, faults []error) {
	const size = 1 << 20
	weights, faults = parseWeights(document, maxWeightFaults)
	if weights == nil {
		return map[string]Decimal{}, faults
	}
	if _, err := strictjson.Parse(document, strictjson.Limits{Size: size, Depth: 1, Values: size}); err != nil && faults == nil {
		faults = []error{fmt.Errorf("%w: %w", ErrInvalidWeights, err)}
	}
	slices.SortFunc(faults, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return weights, faults
}

// fits reports whether the number has at most that many decimal places.
func fits(d Decimal, places uint8) bool {
	rounded, err := ParseDecimal(d.Fixed(places))
	return err == nil && rounded.Cmp(d) == 0
}
