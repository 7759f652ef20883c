package passport

import (
	"time"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// Result is the outcome of one scoring.
type Result struct {
	Community int64
	Address   Address
	// Passing reports whether Score reaches Threshold.
	Passing bool
	// Score is the sum of the weights of the stamps that count. It is 0 for a
	// linked wallet that is not the canonical one.
	Score Decimal
	// Threshold is the community's.
	Threshold Decimal
	// ScoredAt is the time of the scoring, by the store's clock, in UTC. If the
	// score is Unchanged it is the time at which that was recorded.
	ScoredAt time.Time
	// ExpiresAt is the earliest expiry of the stamps that count, or zero.
	ExpiresAt time.Time
	// Stamps has an entry for the newest credential of each provider, sorted by
	// provider. In a group of linked wallets the canonical one has the merged
	// stamps, which all count, and the others have none; see LinkedScore.Members.
	Stamps []Stamp
	// Points are the human points that this scoring earned or, in a preview,
	// would earn.
	Points []Award
	// Unchanged reports that the recorded score was left alone, and nothing was
	// written. See [Engine.LeavingUnchanged].
	Unchanged bool
	// Before is the score that was recorded before this one, with Passing and
	// Outdated as they were at the time of this scoring. [Engine.ScoreAll] sets
	// it, and every scoring of an engine that is LeavingUnchanged. It is nil if
	// there was none: the wallet was never scored, its last scoring failed or is
	// queued, or the record is in an unknown form.
	Before *LastScore
	// Ledger has all human points of the address: those that the scoring has read,
	// with those that it earned, as LoadPoints of [store.Points] returns them. It
	// is nil if the engine awards none (see [WithHumanPoints]), and in a preview.
	Ledger *store.PointsLedger
	// Linked is the score of the group that the wallet belongs to. It is nil for a
	// wallet that is scored by itself. See [WithGroups].
	Linked *LinkedScore
}

// Stamp is the outcome of one credential.
type Stamp struct {
	// Provider is the provider under which the credential is stored.
	Provider string
	Outcome  Outcome
	// Weight is added to the score; 0 unless the stamp counts.
	Weight Decimal
	// ExpiresAt is the credential's expiry; zero if it has none or could not be
	// read.
	ExpiresAt time.Time
	// ClaimedUntil is the time until which another wallet holds at least one of
	// the nullifiers of a deduplicated stamp.
	ClaimedUntil time.Time
	// Source is the wallet that has a merged stamp, empty for any other. See
	// [LinkedScore].
	Source Address
	// Reason is set if the stamp is left out.
	Reason Reason
	// Why explains the outcome in words; it may be empty.
	Why string
}

// Outcome is the outcome of a credential in a scoring.
type Outcome string

// The outcomes.
const (
	// Counted: it is valid, and all its nullifiers belong to the address.
	Counted Outcome = "counted"
	// Deduplicated: it is valid, but another address claimed one of its
	// nullifiers first.
	Deduplicated Outcome = "deduplicated"
	// LeftOut: it is not valid, for Stamp.Reason.
	LeftOut Outcome = "left out"
)

// Reason is a code for what makes a credential invalid: one of those below,
// which the engine finds, or of package credential, such as
// credential.ReasonBadSignature.
type Reason = credential.Reason

// The reasons that the engine finds.
const (
	ReasonWrongSubject     Reason = "wrong_subject"      // it is about another address
	ReasonProviderMismatch Reason = "provider_mismatch"  // it signs another provider than it is filed under
	ReasonNoNullifiers     Reason = "no_nullifiers"      // nothing to de-duplicate it by
	ReasonNullifierTooLong Reason = "nullifier_too_long" // a nullifier has more than 100 characters
	// ReasonTooManyCredentials: the wallet has so many or such large ones that a
	// store does not read this one. Only one beyond store.MaxCredentials is
	// reported.
	ReasonTooManyCredentials Reason = Reason(store.OmittedTooMany)

	ReasonNoExpiration    Reason = "no_expiration"    // it would never expire
	ReasonExpired         Reason = "expired"          // its expiration date has come
	ReasonUntrustedIssuer Reason = "untrusted_issuer" // its issuer is not on the host's list
	ReasonRefused         Reason = "refused"          // the host's Verifier refused it and gave no reason
)

// Award is an award of human points.
type Award struct {
	// Action is the code of the action that earned them, such as "HKY".
	Action string
	// Provider is set if the action is earned once per provider.
	Provider string
	// Points are the present points of the action; 0 if it is not configured or
	// not active.
	Points int
}
