package store

import (
	"encoding/json"
	"time"
)

// State is the whole content of a store in the contract's own types. Package
// storetest seeds stores with it and compares what they hold; memstore saves
// and restores it as JSON.
//
// The order of a list means nothing, except that Events and Usage are in the
// order in which they were written. Times are in UTC and whole microseconds.
type State struct {
	Accounts    []Account
	Communities []StoredCommunity
	Lists       []AddressList
	Credentials []StoredCredential
	Scores      []StoredScore
	Claims      []StoredClaim
	GroupClaims []StoredGroupClaim
	Events      []StoredEvent
	Points      []StoredPoint
	Qualified   []Qualification
	PointValues map[string]int  // the points of each active action
	Multipliers map[Address]int // of the points of an address
	Keys        []Key
	Usage       []Usage
}

// Account owns communities and API keys.
type Account struct {
	ID       int64
	Username string // the name of the user that the account belongs to
}

// StoredCommunity is a community at rest.
type StoredCommunity struct {
	Community
	Deleted bool // its scores and claims stay
}

// AddressList is a named list of addresses.
type AddressList struct {
	Name    string
	Members []Address
}

// StoredCredential is a credential at rest, a deleted or revoked one perhaps.
type StoredCredential struct {
	Credential
	Address    Address
	ProofValue string
	IssuedAt   time.Time // zero when the credential has no such date
	ExpiresAt  time.Time // likewise
	// Foreign marks one that another program stored beside the service's own:
	// AddCredentials does not replace it.
	Foreign bool
	Deleted bool
	Revoked bool
}

// StoredScore is the last score of an address in a community, with the
// credentials that counted.
type StoredScore struct {
	Score
	Community int64
	Address   Address
	Counted   []CountedCredential
}

// CountedCredential is a credential that counted in a score.
type CountedCredential struct {
	Provider string
	Document json.RawMessage `json:",omitempty"`
}

// StoredClaim is a claim in a community.
type StoredClaim struct {
	Claim
	Community int64
}

// StoredGroupClaim is a group claim in a community.
type StoredGroupClaim struct {
	GroupClaim
	Community int64
}

// StoredEvent is an event in a community.
type StoredEvent struct {
	RecordedEvent
	Community int64
}

// StoredPoint is a human point of an address.
type StoredPoint struct {
	HumanPoint
	Address Address
	At      time.Time
}

// Qualification is the fact that an address has passed in a community of the
// human points program.
type Qualification struct {
	Address   Address
	Community int64
}
