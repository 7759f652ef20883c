package store

import (
	"bytes"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The widths of the columns of communities and of what belongs to them, in
// characters.
const (
	// MaxCommunityName is the width of the names and rules of communities.
	MaxCommunityName = 100
	// MaxExternalID is the width of the other name of a community.
	MaxExternalID = 42
	// MaxListName is the width of the name of an address list.
	MaxListName = 100
	// MaxUsername is the width of the name of a user.
	MaxUsername = 150
)

// The types of scorers.
const (
	ScorerWeighted = "WEIGHTED"
	ScorerBinary   = "WEIGHTED_BINARY"
)

// AllowListPrefix begins the providers of an overlay that stand for an address
// list; its name follows.
const AllowListPrefix = "AllowList#"

// WithDefaults returns the community with an empty Rule and Scorer filled in,
// and without Weights that are the JSON value null.
func (c *Community) WithDefaults() Community {
	filled := *c
	if filled.Rule == "" {
		filled.Rule = "LIFO"
	}
	if filled.Scorer == "" {
		filled.Scorer = ScorerBinary
	}
	if string(bytes.TrimSpace(filled.Weights)) == "null" {
		filled.Weights = nil
	}
	return filled
}

// Validate reports, joined, what keeps the community from being stored; each
// fault wraps [ErrInvalid]. Every store must call it first in PutCommunity. What
// the weights say is not looked at, as long as they are JSON: the root package's
// CheckCommunity does.
func (c *Community) Validate() error {
	var found faults
	fault := found.addf
	if c.ID < 1 {
		fault("community %d: its id is not above 0", c.ID)
	}
	if c.Account < 0 {
		fault("account %d is below 0", c.Account)
	}
	checkText(fault, "the name of a community", c.Name, 0, MaxCommunityName)
	checkText(fault, "the rule of a community", c.Rule, 0, MaxCommunityName)
	checkText(fault, "the external id of a community", c.ExternalID, 0, MaxExternalID)
	if c.Scorer != "" && c.Scorer != ScorerBinary && c.Scorer != ScorerWeighted {
		fault("scorer %.60q is neither %s nor %s", c.Scorer, ScorerBinary, ScorerWeighted)
	}
	if c.Weights != nil {
		checkDocument(fault, "the weights document of a community", c.Weights)
	}
	switch {
	case c.Threshold != "":
		checkDecimal(fault, "the threshold of a community", c.Threshold, 10, 5)
	case c.Weights != nil:
		fault("a community with weights has no threshold")
	}
	for _, provider := range slices.Sorted(maps.Keys(c.Overlay)) {
		checkOverlay(fault, provider, c.Overlay[provider])
	}
	return found.err()
}

func checkOverlay(fault faultFunc, provider, weight string) {
	if list, isList := strings.CutPrefix(provider, AllowListPrefix); isList {
		checkText(fault, "the list of an overlay", list, 1, MaxListName)
	} else {
		checkText(fault, "the provider of an overlay", provider, 1, MaxProvider)
	}
	checkDecimal(fault, fmt.Sprintf("the overlay's weight of %.60q", provider), weight, 7, 4)
}

var decimalForm = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$`)

// checkDecimal refuses what a numeric column of that precision and scale cannot
// hold once it is rounded.
func checkDecimal(fault faultFunc, what, text string, precision, scale int64) {
	const most = 100
	number, isNumber := new(big.Rat), false
	if len(text) <= most && decimalForm.MatchString(text) {
		_, isNumber = number.SetString(text)
	}
	if !isNumber {
		fault("%s, %.60q, is not a decimal number of at most %d characters", what, text, most)
		return
	}
	power := func(n int64) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil))
	}
	units := number.Abs(number).Mul(number, power(scale))
	units.Add(units, big.NewRat(1, 2))
	if units.Cmp(power(precision)) >= 0 {
		fault("%s, %.60s, is out of the range of numeric(%d,%d)", what, text, precision, scale)
	}
}

// CheckUsername reports what keeps the name from being that of a user, 1 to
// [MaxUsername] characters; the fault wraps [ErrInvalid].
func CheckUsername(username string) error {
	var found faults
	checkText(found.addf, "the name of a user", username, 1, MaxUsername)
	return found.err()
}

// CheckAddressList reports what keeps the list from being stored: a name of 1
// to [MaxListName] characters and addresses of [ValidAddress] are needed. The
// fault wraps [ErrInvalid].
func CheckAddressList(name string, addresses ...string) error {
	var found faults
	checkText(found.addf, "the name of an address list", name, 1, MaxListName)
	for _, address := range addresses {
		checkAddress(found.addf, " of a list", address)
	}
	return found.err()
}

// CommunityID returns the id that the text spells in decimal digits, 0 when it
// is anything else or more than an id can be.
func CommunityID(text string) int64 {
	const digits = "0123456789"
	if strings.Trim(text, digits) != "" {
		return 0
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}
