package passport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/store"
)

// ruleLIFO is the only supported de-duplication rule.
const ruleLIFO = "LIFO"

// terms are a community's weights and threshold.
type terms struct {
	weights   map[string]Decimal
	threshold Decimal
}

// termsOf reads the community's weights, overlaid with its customization, and
// its threshold. Its errors wrap [ErrUnsupportedRule] or [ErrInvalidWeights].
func termsOf(community *store.Community) (terms, error) {
	if err := checkRule(community.Rule); err != nil {
		return terms{}, err
	}
	weights, faults := parseWeights(community.Weights, 1)
	if faults != nil {
		return terms{}, faults[0]
	}
	for provider, text := range community.Customization {
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

// glossary remembers the terms of communities, which rarely change. It is safe
// for concurrent use.
type glossary struct{ read *lru.Cache[int64, termsRead] }

// termsRead are terms and what they were read from.
type termsRead struct {
	community store.Community
	terms     terms
}

func newGlossary() *glossary {
	const communities = 64
	read, _ := lru.New[int64, termsRead](communities) // fails for a size below 1 only
	return &glossary{read}
}

// termsOf returns [termsOf] of the community. The weights must not be modified.
func (g *glossary) termsOf(community *store.Community) (terms, error) {
	known, found := g.read.Get(community.ID)
	if found && known.community.Rule == community.Rule && known.community.Threshold == community.Threshold &&
		bytes.Equal(known.community.Weights, community.Weights) && maps.Equal(known.community.Customization, community.Customization) {
		return known.terms, nil
	}
	t, err := termsOf(community)
	if err == nil {
		g.read.Add(community.ID, termsRead{*community, t})
	}
	return t, err
}

// checkRule returns an [ErrUnsupportedRule] for every rule but LIFO.
func checkRule(rule string) error {
	if rule != ruleLIFO {
		return fmt.Errorf("%w %.100q, only %s is known", ErrUnsupportedRule, rule, ruleLIFO)
	}
	return nil
}

// parseWeights reads a JSON object of decimals, and stops after mostFaults
// errors, each an [ErrInvalidWeights]. A number is read from its text, not
// through a binary float.
func parseWeights(document []byte, mostFaults int) (weights map[string]Decimal, faults []error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var entries map[string]any
	if err := decoder.Decode(&entries); err != nil || entries == nil {
		return nil, []error{fmt.Errorf("%w: the community has no JSON object of weights", ErrInvalidWeights)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, []error{fmt.Errorf("%w: something follows the community's weights", ErrInvalidWeights)}
	}
	weights = make(map[string]Decimal, len(entries))
	for provider, entry := range entries {
		weight, err := parseWeight(provider, entry)
		if err != nil {
			faults = append(faults, err)
		}
		if len(faults) == mostFaults {
			break
		}
		weights[provider] = weight
	}
	return weights, faults
}

func parseWeight(provider string, entry any) (Decimal, error) {
	text, isString := entry.(string)
	if number, isNumber := entry.(json.Number); isNumber {
		text = number.String()
	} else if !isString {
		return Decimal{}, fmt.Errorf("%w: weight of %.100q is neither a number nor a string", ErrInvalidWeights, provider)
	}
	weight, err := ParseDecimal(text)
	if err != nil {
		return Decimal{}, fmt.Errorf("%w: weight of %.100q: %w", ErrInvalidWeights, provider, err)
	}
	return weight, nil
}
