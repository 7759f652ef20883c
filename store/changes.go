package store

import (
	"encoding/json"
	"time"
)

// Changes is what one scoring writes, all of it or nothing. It describes the
// desired state, not the steps to reach it.
type Changes struct {
	Community int64 // the id of the community that the scoring was for
	// At is the time of the scoring, the snapshot's At. Apply must record events
	// and points with it.
	At      time.Time
	Wallets []WalletChanges // the scored addresses, each once
	Claims  []ClaimSwap     // the claims that the decision changes or depends on, each nullifier once
	// Groups, when set, is about the group claims that name the wallets. It is
	// only set for stores with the role [Groups].
	Groups *GroupSwap
}

// ClaimSwap is a compare-and-swap of one claim of the community. Apply must
// return [ErrConflict] unless the claim on the nullifier is From or To when it
// is written, and must make it To. From equal to To only checks.
//
// A store needs no rule about whose claims may change: the engine states every
// claim that its decision changes or that another address holds. It leaves out
// a live claim of the wallet itself that stays as it is: until it expires,
// only a scoring of the same wallet changes it.
type ClaimSwap struct {
	Nullifier string
	From      Holder // the claim as it was read, zero for a nullifier without one
	To        Holder // the claim as it must be, never zero: no scoring releases a claim
}

// WalletChanges is what a scoring writes about one address.
type WalletChanges struct {
	Address Address
	Version string // the wallet's Version in the snapshot
	// Score replaces the address's last score in the community.
	//
	// With [StatusError] it stands alone: Apply must leave the counted
	// credentials as they are, and the change set has no claims, events or
	// points for the wallet.
	Score Score
	// Counted are the IDs of exactly the wallet's credentials that count, of which
	// no two have one provider and none is omitted; a store need not check either.
	// Apply must record their providers and documents beside the score, in place
	// of those that counted before.
	Counted []int64
	Events  []Event // to be added, in order; the score's own event is one of them
	// Qualified records, once, that the address passes in a community of the
	// human points program. Like Awards it is only set for stores with the role
	// [Points].
	Qualified bool
	// Awards are points to give. An address gets an action at most once for a
	// provider: Apply must pass over an award whose action and provider the
	// address already has, whatever its transaction hash, without an error.
	Awards []Award
}

// Event is a fact worth remembering.
type Event struct {
	Action  string  // its code, such as [ActionDeduplicated]
	Address Address // the wallet that it is about
	// Data is a JSON object. A store that has ids for scores may add them to
	// the data of an [ActionScoreUpdate].
	Data json.RawMessage `json:",omitempty"`
}

// The events of a scoring.
const (
	ActionScoreUpdate  = "SCU" // a new score
	ActionDeduplicated = "LDP" // a credential that lost to an earlier claim
)

// Award is a human point to be given, on conditions that Apply must check when
// it writes.
type Award struct {
	Action   string // the action's code, such as "HKY"
	Provider string // empty unless the action is earned once per provider
	TxHash   string // identifies the cause of the award; often empty
	// Limit, when above 0, is the number of awards of this action that may
	// exist over all addresses. Apply must pass the award over, without an
	// error, once so many are given, and must count exactly under concurrency.
	// A change set states one limit for an action, or none.
	Limit int
	// Communities, when above 0, is the number of communities in which the
	// address must have qualified, this change set's included. Apply must
	// otherwise pass the award over without an error.
	Communities int
}

// Receipt reports what Apply wrote.
type Receipt struct {
	Wallets []WalletReceipt // one for each of Changes.Wallets, in their order
}

// WalletReceipt reports what Apply wrote about one address.
type WalletReceipt struct {
	// Version, if not empty, is the one to give to [Known] in place of
	// WalletChanges.Version. It stands for the same credentials, and may hold what
	// the store wants to know again about the rows that it has written.
	Version string
	// Given reports, for each of the wallet's awards, whether it was given. A
	// store without the role [Points] leaves it nil: it gets none to give.
	Given []bool
}
