package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// The types of scorers.
const (
	ScorerWeighted = "WEIGHTED"
	ScorerBinary   = "WEIGHTED_BINARY"
)

// AllowListPrefix and the name of an address list are the provider of a
// customization for that list.
const AllowListPrefix = "AllowList#"

// Community weighs stamps.
type Community struct {
	ID          int64  // above 0
	Name        string // for people
	Account     int64  // the id of the account that it belongs to, whose API keys may score for it
	ExternalID  string // another name for it, at most [MaxExternalID] characters; empty for none
	Rule        string // the de-duplication rule; the engine knows "LIFO" only
	HumanPoints bool   // whether it takes part in the human points program
	Scorer      string // [ScorerWeighted] or [ScorerBinary], which score alike
	// Weights is the JSON object that maps a provider to its weight, a decimal
	// as a JSON string or a JSON number; nil when there is none. A store must
	// return it as it is stored, its numbers digit by digit.
	Weights json.RawMessage `json:",omitempty"`
	// Threshold is the decimal that a passing score reaches, in any notation;
	// empty when the community has no scorer.
	Threshold string
	// Customization holds decimal weights by provider, in any notation:
	// "AllowList#<list>" and the ids of custom credentials. They win over
	// Weights.
	Customization map[string]string
}

// Stored returns the community as a store must keep it: an empty Rule is "LIFO"
// and an empty Scorer [ScorerBinary], Weights that are the JSON value null are
// absent, and the threshold has five decimals and a weight of the customization
// four, rounded half away from zero. The community must be valid.
func (c *Community) Stored() (Community, error) {
	stored := *c
	if stored.Rule == "" {
		stored.Rule = "LIFO"
	}
	if stored.Scorer == "" {
		stored.Scorer = ScorerBinary
	}
	var err error
	stored.Weights = nil
	if len(c.Weights) > 0 && string(bytes.TrimSpace(c.Weights)) != "null" {
		if stored.Weights, err = CanonicalJSON(c.Weights); err != nil {
			return Community{}, fmt.Errorf("%w: weights: %w", ErrInvalid, err)
		}
	}
	if c.Threshold != "" {
		if stored.Threshold, err = Numeric(c.Threshold, 10, 5); err != nil {
			return Community{}, err
		}
	}
	stored.Customization = make(map[string]string, len(c.Customization))
	for provider, weight := range c.Customization {
		if stored.Customization[provider], err = Numeric(weight, 7, 4); err != nil {
			return Community{}, err
		}
	}
	return stored, nil
}

// Validate returns what keeps the community from being stored, joined; each
// problem wraps [ErrInvalid]. Every store must call it first in PutCommunity.
// It does not check the weights beyond their being JSON: the root package's
// CheckCommunity does.
func (c *Community) Validate() error {
	found := problems.New(ErrInvalid)
	if c.ID < 1 {
		found.Addf("community %d: its id is not above 0", c.ID)
	}
	if c.Account < 0 {
		found.Addf("account %d is below 0", c.Account)
	}
	checkText(found, "the name of a community", c.Name, 0, MaxCommunityName)
	checkText(found, "the rule of a community", c.Rule, 0, MaxCommunityName)
	checkText(found, "the external id of a community", c.ExternalID, 0, MaxExternalID)
	if c.Scorer != "" && c.Scorer != ScorerBinary && c.Scorer != ScorerWeighted {
		found.Addf("scorer %.60q is neither %s nor %s", c.Scorer, ScorerBinary, ScorerWeighted)
	}
	checkDocument(found, "the weights document of a community", c.Weights)
	if c.Threshold != "" {
		if _, err := Numeric(c.Threshold, 10, 5); err != nil {
			found.Addf("the threshold of a community: %w", err)
		}
	} else if c.Weights != nil {
		found.Addf("a community with weights has no threshold")
	}
	for _, provider := range slices.Sorted(maps.Keys(c.Customization)) {
		if list, isList := strings.CutPrefix(provider, AllowListPrefix); isList {
			checkText(found, "the list of a customization", list, 1, MaxListName)
		} else {
			checkText(found, "the provider of a customization", provider, 1, MaxProvider)
		}
		if _, err := Numeric(c.Customization[provider], 7, 4); err != nil {
			found.Addf("the customization's weight of %.60q: %w", provider, err)
		}
	}
	return found.Err()
}

// CheckUsername returns an [ErrInvalid] if the name cannot be a user's: it has
// 1 to [MaxUsername] characters.
func CheckUsername(username string) error {
	return textError("the name of a user", username, MaxUsername)
}

// CheckListName returns an [ErrInvalid] if the name cannot be an address
// list's: it has 1 to [MaxListName] characters.
func CheckListName(name string) error {
	return textError("the name of an address list", name, MaxListName)
}

// CommunityID returns the id that the text spells in decimal digits, 0 if it
// spells none.
func CommunityID(text string) int64 {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0
	}
	return int64(id)
}
