package passport

import (
	"time"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// Result is the outcome of one scoring, with the fate of every stamp. It has no
// names for JSON: what a host answers its own callers is for it to say.
type Result struct {
	// Community and Address are what was scored.
	Community int64
	Address   Address
	// Passing tells whether Score reaches Threshold.
	Passing bool
	// Score is the sum of the weights of the stamps that count.
	Score Decimal
	// Threshold is the community's.
	Threshold Decimal
	// ScoredAt is the moment of the scoring, by the store's clock, in UTC.
	ScoredAt time.Time
	// ExpiresAt is the earliest expiry of the stamps that count; zero when none
	// counts.
	ExpiresAt time.Time
	// Stamps has one entry for each credential that was looked at, by provider.
	Stamps []Stamp
	// Points are the human points that this scoring earned (or, in a preview,
	// would earn); none when the address had them before.
	Points []Award
}

// Stamp tells what became of one credential.
type Stamp struct {
	// Provider is the provider that the credential is filed under.
	Provider string
	// Outcome tells whether it counts.
	Outcome Outcome
	// Weight is what it adds to the score: 0 unless it counts.
	Weight Decimal
	// ExpiresAt is the credential's expiry; zero when it has none or could not
	// be read.
	ExpiresAt time.Time
	// ClaimedUntil is set when it is deduplicated: until then another wallet
	// holds one of its nullifiers, at least.
	ClaimedUntil time.Time
	// Reason is set when it is left out.
	Reason Reason
	// Why says in words why it adds what it adds; empty when there is nothing
	// to say.
	Why string
}

// Outcome is what became of a credential in a scoring.
type Outcome string

// The outcomes.
const (
	// Counted: it is valid, and all its nullifiers belong to the address.
	Counted Outcome = "counted"
	// Deduplicated: it is valid, but another address claimed one of its
	// nullifiers first.
	Deduplicated Outcome = "deduplicated"
	// LeftOut: it is not valid; Stamp.Reason tells why.
	LeftOut Outcome = "left out"
)

// Reason is a code for what makes a credential invalid. Besides these, which
// the engine finds, there are those of package credential about a credential's
// form and proof, such as credential.ReasonBadSignature.
type Reason = credential.Reason

// The reasons that the engine finds.
const (
	ReasonWrongSubject     Reason = "wrong_subject"      // it is about another address
	ReasonProviderMismatch Reason = "provider_mismatch"  // it signs another provider than it is filed under
	ReasonNoNullifiers     Reason = "no_nullifiers"      // nothing to de-duplicate it by
	ReasonNullifierTooLong Reason = "nullifier_too_long" // a nullifier has more than 100 characters
	// ReasonTooManyCredentials: the wallet has so many, or such large ones, that a
	// store does not read this one. One of those beyond store.MaxCredentials is
	// reported, the others are not.
	ReasonTooManyCredentials Reason = Reason(store.OmittedTooMany)

	ReasonNoExpiration    Reason = "no_expiration"    // it would be valid for ever
	ReasonExpired         Reason = "expired"          // its expiration date has come
	ReasonUntrustedIssuer Reason = "untrusted_issuer" // its issuer is not on the host's list
	ReasonRefused         Reason = "refused"          // the host's Verifier refused it and gave no reason
)

// Award is what an address earned in human points.
type Award struct {
	// Action is the code of what earned them, such as "HKY".
	Action string
	// Provider is set when the action is earned once per provider.
	Provider string
	// Points are what the action is worth now; 0 when it is not configured or
	// not active.
	Points int
}
