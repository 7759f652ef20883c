package store

import "time"

// Changes is what one scoring writes, all of it or nothing. It states how
// things shall be, not what to do: a store compares and writes the difference.
type Changes struct {
	// Community is the id of the community that the scoring was for.
	Community int64
	// At is the moment of the scoring, the snapshot's At. A claim is expired
	// when its ExpiresAt is at or before it.
	At time.Time
	// Wallets are the scored addresses.
	Wallets []WalletChanges
	// Claims are to be held as given. Apply must return [ErrConflict] unless each
	// is, when it is written,
	//   - on a nullifier that is unclaimed, or
	//   - for one of Wallets, and on a nullifier whose claim has expired, or is the
	//     same address's and ends no later than given, or
	//   - for another address, which holds it exactly as given, or to which an
	//     expired claim goes that is not of one of Wallets.
	// So a live claim is never taken from its holder and never shortened, and a
	// claim that is given away is never a scored wallet's own.
	Claims []Claim
	// Held are claims of others that the decision rests on: Apply must return
	// [ErrConflict] unless each nullifier is still claimed by that address.
	// They are never written.
	Held []Claim
}

// WalletChanges is what a scoring writes about one address.
type WalletChanges struct {
	// Address is the scored wallet.
	Address string
	// Version is the Version of the wallet in the snapshot.
	Version string
	// Score replaces the address's score in the community; the store creates
	// what is missing on the way there (the registry_passport row).
	//
	// A score with [StatusError] stands alone: Apply must leave the address's
	// stamps, events and points as they are, and no claim may come with it.
	//
	// With every score that has [StatusDone], Apply must add one event
	// [ActionScoreUpdate], after the events of Events, whose data is
	// [Score.EventData].
	Score Score
	// Stamps are exactly the credentials that count. Apply must remove the
	// others and add those that are missing.
	Stamps []Stamp
	// Events are to be added, in order.
	Events []Event
	// Qualified records, once, that the address passes in a community of the
	// human points program.
	Qualified bool
	// Awards are points to give. An address gets an action at most once for a
	// provider: an award whose action and provider the address already has,
	// whatever its transaction hash, must be passed over without an error.
	Awards []Award
}

// Stamp is a credential that counts.
type Stamp struct {
	Provider   string
	Credential []byte // JSON
	// CredentialID, when not 0, is the ID of the wallet's [Credential] whose
	// Stamp is in Credential, byte for byte as it was loaded. A store may copy it
	// from there instead of taking it in again, but must return [ErrConflict]
	// rather than copy anything else.
	CredentialID int64
}

// Event is a fact worth remembering, a row of registry_event.
type Event struct {
	// Action is its code, such as [ActionDeduplicated].
	Action string
	// Address is the wallet that it is about.
	Address string
	// Data is a JSON object.
	Data []byte
}

// The events of a scoring.
const (
	// ActionScoreUpdate tells of a new score.
	ActionScoreUpdate = "SCU"
	// ActionDeduplicated tells of a credential that lost to an earlier claim.
	ActionDeduplicated = "LDP"
)

// Award is one human point row: an action that an address is credited with.
type Award struct {
	// Action is the points action's code, such as "HKY".
	Action string
	// Provider is empty unless the action is earned once per provider.
	Provider string
	// TxHash tells what the award was given for; often empty.
	TxHash string
	// ChainID is the chain of the transaction, 0 for none. In a change set it
	// is 0.
	ChainID int

	// Limit, when above 0, is the number of awards of this action that exist
	// at most, over all addresses. Apply must pass the award over, without an
	// error, once so many are given, and must count exactly under concurrency.
	// A change set states one limit for an action, or none. It is never set in
	// a snapshot.
	Limit int
	// Communities, when above 0, is the number of communities in which the
	// address must have qualified, this change set's included, or else Apply
	// must pass the award over without an error. It is never set in a snapshot.
	Communities int
}

// Receipt tells what Apply wrote.
type Receipt struct {
	// Wallets has one entry for each of Changes.Wallets, in their order.
	Wallets []WalletReceipt
}

// WalletReceipt tells what Apply wrote about one address.
type WalletReceipt struct {
	// PassportID is the id of the address in the community,
	// registry_passport.id.
	PassportID int64
	// ScoreID is the id of its score, registry_score.id.
	ScoreID int64
	// Awards are the awards that were given, those passed over left out.
	Awards []Award
}
