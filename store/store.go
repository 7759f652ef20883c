// Package store is the contract between the scoring engine and the database
// that holds its data: the two-method [Store] that the engine needs, what it
// reads ([Query], [Snapshot]), what it writes ([Changes], [Receipt]), the
// errors that both sides understand, and small role interfaces for the tasks
// around a scoring.
//
// Everything that a store must do is stated here, in sentences with "must";
// package storetest has a case for each of them. A store decides nothing: the
// rules of scoring, LIFO among them, are the engine's. [State] is the whole
// content of a store, in the contract's own types.
//
// The examples/sqlitestore module is a store of some 350 lines with its schema
// beside it, and shows how to write one.
package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Store is all that the scoring engine needs of a database.
//
// Both methods must be safe for concurrent use. They must return
// [context.Canceled] or [context.DeadlineExceeded] (as errors.Is sees it) when
// the context ends, also in the middle of a call, and must leave no lock,
// transaction or goroutine behind, whatever they return. Every other error must
// be an [Error]. One that wraps the error of a context must not be an
// [ErrInternal].
//
// A store may return any of several errors that are due.
type Store interface {
	// Load must return everything that scoring the queried addresses needs.
	// It must change nothing, and must hold nothing once it has returned.
	//
	// The credentials of a wallet and its version must be of one moment, and
	// the claims must be read at that moment or later: Apply checks both again.
	//
	// It must return [ErrInvalid] for a query that [Query.Validate] refuses, and
	// [ErrCommunityNotFound] when the community does not exist or is deleted. An
	// address that the store has never seen is no error: its [Wallet] is empty.
	Load(ctx context.Context, q Query) (*Snapshot, error)

	// Apply must write the whole change set or nothing of it.
	//
	// It must return [ErrConflict], and write nothing, when
	//   - a wallet's credentials are no longer those of its Version, or
	//   - a claim is neither as its swap expects it nor as the swap makes it, or
	//   - the group claims are not as their swap expects them.
	// The caller then loads again and decides again. An error must not contain
	// a nullifier: errors reach logs.
	//
	// It must return [ErrCommunityNotFound] when the community does not exist or
	// is deleted, and [ErrInvalid] for a change set that [Changes.Validate]
	// refuses or one that counts a credential which the wallet does not have. It
	// writes nothing then.
	//
	// Change sets that touch the same wallets or claims at the same time must
	// end as if they had been written one after the other. One that only
	// waited for another, and whose versions and claims still hold, must
	// succeed.
	Apply(ctx context.Context, c *Changes) (*Receipt, error)
}

// Query asks for what one scoring needs.
type Query struct {
	Community int64 // the id of the community that weighs the stamps
	// Addresses are the wallets to score, each once and in lower case. Without
	// any, only the community is read, whatever else the query asks for.
	Addresses []Address
	// At is the time of the scoring. Zero means the store's own clock, which
	// is what production wants; tests pass theirs.
	At time.Time
	// MayLag allows an answer as of an earlier moment, such as that of a replica:
	// the caller writes nothing, or has Apply check what it read. Without it, as
	// after a lost race, Load must return what was written before it was called. A
	// store may ignore it.
	MayLag bool
	// LastScore asks for the last score of each wallet.
	LastScore bool
	// Known is what the caller remembers of some of the addresses. A store may
	// ignore it, and must ignore that of an address which is not queried.
	Known map[Address]Known
	// Groups asks for the group claims that name the addresses. It is only set for
	// stores with the role [Groups]; others may ignore it.
	Groups bool
	// Points, when set, asks for what awarding human points to the addresses
	// needs. It is only set for stores with the role [Points]; others may ignore
	// it.
	Points *PointsQuery
}

// Known is what a caller remembers of a wallet that it loaded before, from the
// same store or one that is bound to a transaction of the same database. It
// lets the store leave out the credentials of a wallet that has not changed.
type Known struct {
	Version string // the wallet's Version then, or the one of a [WalletReceipt]
	// Nullifiers are those whose claims the caller needs if the version still
	// holds, in place of the nullifiers of the credentials.
	Nullifiers []string
}

// Validate returns what is wrong with the query, joined; each problem wraps
// [ErrInvalid]. Every store must call it first in Load.
func (q *Query) Validate() error {
	found := problems.New(ErrInvalid)
	checkDate(found, "the time of the query", q.At)
	asked := make(map[Address]bool, len(q.Addresses))
	for _, address := range q.Addresses {
		checkAddress(found, "", address)
		if asked[address] {
			found.Addf("address %.100q is queried twice", address)
		}
		asked[address] = true
	}
	return found.Err()
}

// PointsQuery names what a decision about human points depends on.
type PointsQuery struct {
	Lists   []string // the names of the address lists whose membership earns points
	Counted []string // the actions whose awards are limited, and must be counted over all addresses
}

// Snapshot is what a store held when it was read.
type Snapshot struct {
	// At is the time of the scoring, in UTC and whole microseconds: Query.At,
	// or the store's clock. Everything that the scoring compares with "now" is
	// compared with it.
	At        time.Time
	Community Community // the queried one
	Wallets   []Wallet  // the queried addresses, in the query's order
	// Claims are the community's claims on the [Nullifiers] of the wallets'
	// credentials, and on those of Query.Known for wallets that are Unchanged,
	// expired ones included, each once and in any order.
	Claims []Claim
	// GroupClaims are the community's group claims that name at least one of the
	// queried addresses, each once and in any order, if the query asked for them.
	// Apply checks them again.
	GroupClaims []GroupClaim
	// Points must be set when the query asked for it, and has an address.
	Points *PointsSnapshot
}

// Wallet is one address, as the store knows it.
type Wallet struct {
	Address Address
	// Version stands for the credentials below: it must change whenever one of
	// them is added, removed or changed, its document included. It is opaque,
	// like an ETag, and must not be empty, also for a wallet without
	// credentials. A hash of them will do, or a counter that every program which
	// writes credentials increments, and that is never set back. A store that
	// heeds Query.Known must not take the version of another database for its own.
	Version string
	// Unchanged reports that the credentials are still those of Known.Version, and
	// are left out. Version may differ from it in its text.
	Unchanged bool
	// Credentials are the address's live credentials, which are neither deleted
	// nor revoked, in any order. The engine takes the newest of a provider.
	//
	// Load must bound what it reads of them, see [Credential.Omitted]. For an
	// address with more than [MaxCredentials] credentials that are not deleted, it
	// must look at those with the highest ids, and at the next one to omit it if
	// it is live. Revoked ones count towards that number.
	Credentials []Credential
	// LastScore is the last score that was recorded for the address in the
	// community, as it is stored. It is nil if there is none, or the query did not
	// ask for it.
	LastScore *Score
}

// Credential is a signed credential at rest. Its content is in Document, and is
// only to be trusted after verification.
type Credential struct {
	ID       int64  // identifies the credential in its store; above 0
	Provider string // the one that it is stored under
	// Document is the signed credential, a JSON value. A store may return other
	// white space and another order of members than it was given; every number
	// must keep its digits. It is nil if the credential is omitted.
	Document json.RawMessage `json:",omitempty"`
	// Omitted is the reason for which the store has not read the document, empty
	// if it has.
	Omitted Omission
	// UpdatedAt is the time at which it was last written. The credential with
	// the latest one counts for its provider, of equals the one with the
	// highest ID.
	UpdatedAt time.Time
}

// Holder is who holds a claim, and until when. The zero value stands for
// no holder.
type Holder struct {
	Address   Address   // no address of ours, perhaps, if another program wrote it
	ExpiresAt time.Time // from then on the claim is free to take
}

// Equal reports whether both are the same holder until the same time, to the
// microsecond: stores keep no smaller fractions.
func (h Holder) Equal(other Holder) bool {
	return h.Address == other.Address && Microseconds(h.ExpiresAt).Equal(Microseconds(other.ExpiresAt))
}

// Claim is the right of one address to a nullifier in a community.
type Claim struct {
	Nullifier string // the claimed id, at most [MaxNullifier] characters
	Holder
}

// PointsSnapshot is what a decision about human points depends on.
type PointsSnapshot struct {
	Wallets []PointsHistory // one for each wallet of the snapshot, in its order
	Given   map[string]int  // the awards over all addresses, by action, of those that the query wanted counted
	Values  map[string]int  // the points of each active action
}

// PointsHistory is what an address has earned.
type PointsHistory struct {
	Points      []HumanPoint // in any order
	Communities []int64      // the ids of the communities in which it has qualified
	Lists       []string     // the names of the queried lists that it is on
	Multiplier  int          // of its points, 1 unless it has another
}

// HumanPoint is an action that an address has been credited with.
type HumanPoint struct {
	Action   string // the action's code, such as "HKY"
	Provider string // empty unless the action is earned once per provider
	TxHash   string // identifies the cause of the award; often empty
	ChainID  int    // the chain of the transaction, 0 for none
}
