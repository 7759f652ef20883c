// Package store is the vocabulary between the scoring engine and whatever
// keeps the rows: the two-method [Store] that the engine asks for, what it
// reads ([Query], [Snapshot]), what it writes ([Changes], [Receipt]), the
// errors that both sides understand, and the small role interfaces for
// everything around a scoring.
//
// Nothing here decides anything. A store of your own implements [Store] and
// proves it with one call of storetest.Run.
package store

import (
	"context"
	"time"
)

// Store is all that the scoring engine needs of a database.
//
// Both methods must be safe for concurrent use, must return
// [context.Canceled] or [context.DeadlineExceeded] (as errors.Is sees it)
// when the context ends, and must leave no lock, transaction or goroutine
// behind, whatever they return.
type Store interface {
	// Load must return everything that scoring the queried addresses needs,
	// as of one moment: a change that commits while Load runs is either
	// wholly in the snapshot or not at all. It must change nothing, and must
	// hold nothing once it has returned.
	//
	// It must return [ErrInvalid] for a query that [Query.Validate] refuses, and
	// [ErrCommunityNotFound] when the community does not exist or is deleted. An
	// address that the store has never seen is no error: its [Wallet] is empty.
	Load(ctx context.Context, q Query) (*Snapshot, error)

	// Apply must write the whole change set or nothing of it, and must not
	// rewrite what is already as the change set wants it, but for scores.
	//
	// It must return [ErrConflict], and write nothing, when
	//   - a wallet's credentials are no longer those that its Version stands for,
	//   - a claim in Claims is no longer there to take, or would shorten a live one,
	//     or
	//   - a claim in Held is no longer that address's.
	// The caller then loads again and decides again. The error must not tell a
	// nullifier: errors reach logs.
	//
	// It must return [ErrInvalid], and write nothing, for a change set that
	// [Changes.Validate] refuses.
	Apply(ctx context.Context, c *Changes) (*Receipt, error)
}

// Query asks for what one scoring needs.
type Query struct {
	// Community is the id of the community that weighs the stamps.
	Community int64
	// Addresses are the wallets to score: "0x" and 40 lower-case hex digits
	// each, without repetition. Without any, only the community is read.
	Addresses []string
	// At is the moment of the scoring. Zero means the store's own clock, which
	// is what production wants; tests pass theirs.
	At time.Time
	// Points, when set, asks for what awarding human points needs as well.
	Points *PointsQuery
}

// Validate reports, joined, what is wrong with the query; each fault wraps
// [ErrInvalid]. Every store must call it first in Load.
func (q *Query) Validate() error {
	var found faults
	fault := found.addf
	if !q.At.IsZero() {
		checkMoment(fault, "the moment of the query", q.At)
	}
	asked := make(map[string]bool, len(q.Addresses))
	for _, address := range q.Addresses {
		checkAddress(fault, "", address)
		if asked[address] {
			fault("address %.100q is asked for twice", address)
		}
		asked[address] = true
	}
	return found.err()
}

// PointsQuery names what a decision about human points looks at.
type PointsQuery struct {
	// Lists are the names of the address lists whose membership earns points.
	Lists []string
	// Counted are the actions whose awards are limited in number, and so must
	// be counted over all addresses.
	Counted []string
}

// Snapshot is what a store held at one moment.
type Snapshot struct {
	// At is the moment of the scoring, in UTC and whole microseconds:
	// Query.At, or the store's clock. Everything that the scoring compares
	// with "now" is compared with it.
	At time.Time
	// Community is the queried community.
	Community Community
	// Wallets are the queried addresses, in the query's order.
	Wallets []Wallet
	// Claims are the community's claims on any nullifier that a credential in
	// Wallets lists, expired ones included: every string in the lists
	// credentialSubject.nullifiers and every string credentialSubject.hash. There
	// must be none for a credential that cannot count: one that is omitted, whose
	// credentialSubject.id is not "did:pkh:eip155:1:" and the wallet's address (in
	// any case), whose credentialSubject.provider is not the row's, or whose list
	// has more than [MaxNullifiers] items.
	Claims []Claim
	// Points is set when the query asked for it.
	Points *PointsSnapshot
}

// Community weighs stamps.
type Community struct {
	// ID is the community's id, account_community.id.
	ID int64
	// Name is for people.
	Name string
	// Account is the id of the account that it belongs to, whose API keys may
	// score for it.
	Account int64
	// ExternalID is another name for it, at most 42 characters; empty for none.
	ExternalID string
	// Rule is the de-duplication rule; the engine knows "LIFO" only.
	Rule string
	// HumanPoints tells whether the community takes part in the human points
	// program.
	HumanPoints bool
	// Scorer is the scorer's type, "WEIGHTED" or "WEIGHTED_BINARY". Both score
	// alike; they differ in the table that holds their weights.
	Scorer string
	// Weights is the JSON object that maps a provider to its weight, a decimal
	// as a JSON string or a JSON number; nil when there is none. It is the
	// column as it is: the engine, not the store, tells good from bad.
	Weights []byte
	// Threshold is the decimal that a passing score reaches; empty when the
	// community has no scorer.
	Threshold string
	// Overlay holds the decimal weights of the community's customization by
	// provider: "AllowList#<list>" and the ids of custom credentials. They win
	// over Weights.
	Overlay map[string]string
}

// Wallet is one address, as the store knows it.
type Wallet struct {
	// Address is the queried address.
	Address string
	// Version stands for the address's credentials that are neither deleted nor
	// revoked: those below, and those that a newer one of the provider hides. It
	// is opaque; an Apply that carries it is refused once they have changed. It
	// must not be empty, also for an address without credentials.
	Version string
	// Credentials are the address's credentials, ordered by provider: those
	// neither deleted nor revoked, and of one provider only the one updated
	// last (of equals, the one with the highest id).
	//
	// Load must bound what it reads of them, see [Credential.Omitted]. Of an
	// address with more than [MaxCredentials] rows that are not deleted it must
	// read those with the highest ids, and the next one to omit it.
	Credentials []Credential
	// Score is the last score written for the address in the community, nil if
	// there never was one.
	Score *Score
}

// Credential is a signed credential at rest. What it says is in Stamp, and is
// to be believed only after verification.
type Credential struct {
	// ID is the id of the row, ceramic_cache_ceramiccache.id.
	ID int64
	// Provider is the provider that the row is filed under.
	Provider string
	// Stamp is the credential itself, JSON; nil when it is omitted.
	Stamp []byte
	// Omitted says why a store has not read the credential, empty when it has.
	Omitted Omission
	// UpdatedAt is the moment the row was last written.
	UpdatedAt time.Time
}

// Claim says which address holds a nullifier in the community, and until when.
type Claim struct {
	// Nullifier is the claimed id, at most [MaxNullifier] characters.
	Nullifier string
	// Address is the holder.
	Address string
	// ExpiresAt is the moment at which the claim is free to take again.
	ExpiresAt time.Time
}

// PointsSnapshot is what a decision about human points looks at.
type PointsSnapshot struct {
	// Wallets has one entry for each wallet of the snapshot, in its order.
	Wallets []PointsHistory
	// Given counts, over all addresses, the awards of each action that the
	// query wanted counted.
	Given map[string]int
	// Values are the points of each active action.
	Values map[string]int
}

// PointsHistory is what an address has earned.
type PointsHistory struct {
	// Awards are the points that the address already has.
	Awards []Award
	// Communities are the ids of the communities in which it has qualified.
	Communities []int64
	// Lists are the names of the queried lists that the address is on.
	Lists []string
}
