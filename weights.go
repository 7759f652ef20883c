package passport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/passport-sdk/passport-go/store"
)

// ruleLIFO is the only de-duplication rule that there is.
const ruleLIFO = "LIFO"

// terms are what a community asks of a wallet.
type terms struct {
	weights   map[string]Decimal
	threshold Decimal
}

// termsOf reads the community's weights, its customization's laid over them,
// and its threshold. Its errors wrap [ErrUnsupportedRule] or
// [ErrInvalidWeights].
func termsOf(community *store.Community) (terms, error) {
	if community.Rule != ruleLIFO {
		return terms{}, fmt.Errorf("%w %.100q, only %s is known", ErrUnsupportedRule, community.Rule, ruleLIFO)
	}
	weights, err := parseWeights(community.Weights)
	if err != nil {
		return terms{}, err
	}
	for provider, text := range community.Overlay {
		weight, err := ParseDecimal(text)
		if err != nil {
			return terms{}, fmt.Errorf("%w: customization's weight of %.100q: %w", ErrInvalidWeights, provider, err)
		}
		weights[provider] = weight
	}
	threshold, err := ParseDecimal(community.Threshold)
	if err != nil {
		return terms{}, fmt.Errorf("%w: threshold: %w", ErrInvalidWeights, err)
	}
	return terms{weights: weights, threshold: threshold}, nil
}

// parseWeights reads a JSON object of decimals. A number is read by its text:
// through a binary float, 0.1 + 0.2 would carry noise.
func parseWeights(document []byte) (map[string]Decimal, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var entries map[string]any
	if err := decoder.Decode(&entries); err != nil || entries == nil {
		return nil, fmt.Errorf("%w: the community has no JSON object of weights", ErrInvalidWeights)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the community's weights", ErrInvalidWeights)
	}
	weights := make(map[string]Decimal, len(entries))
	for provider, entry := range entries {
		var text string
		switch entry := entry.(type) {
		case string:
			text = entry
		case json.Number:
			text = entry.String()
		default:
			return nil, fmt.Errorf("%w: weight of %.100q is neither a number nor a string", ErrInvalidWeights, provider)
		}
		weight, err := ParseDecimal(text)
		if err != nil {
			return nil, fmt.Errorf("%w: weight of %.100q: %w", ErrInvalidWeights, provider, err)
		}
		weights[provider] = weight
	}
	return weights, nil
}
