package store

import (
	"context"
	"fmt"
	"time"
)

// Forgetter is the role that removes an address from the store.
type Forgetter interface {
	// Forget must remove, in one transaction, all that the store holds of the
	// address in any community, deleted ones included, under any letter case that
	// programs write: all lower case, upper-case digits behind 0x or 0X, or the
	// mixed case of EIP-55. It must remove its credentials, deleted and revoked
	// ones too, its scores with the credentials that counted, its events, its
	// human points with their multiplier and qualifications, and its places on
	// address lists; it must do with its claims as [Forgetting.Claims] says. An
	// expired claim must be removed whatever the choice.
	//
	// A group claim of which it is the canonical wallet must be removed. From the
	// key of any other that names it it must be taken out; the claim must be
	// removed if fewer than two wallets are left, or another claim has that key.
	//
	// Unless [Forgetting.SkipSearch] is set, it must also remove usage that
	// mentions the address in any text or document, and look at the scores and
	// events of all other wallets; otherwise at those of the wallets that a group
	// claim names beside the address. A score whose documents or error mention the
	// address must be removed with the credentials that counted: it counts stamps
	// that are gone. In the data of an event the digits of the address must be
	// replaced by zeros.
	//
	// A scoring of the address that was loaded before and is applied later must
	// conflict if it counts a credential, and must not bring a row back. Forget
	// may return [ErrConflict] when it has lost a race, having changed nothing.
	// It must return [ErrInvalid] when [Forgetting.Validate] refuses the request.
	// An address that the store has never seen is no error.
	//
	// Rows that are stored later are not forgotten: usage that is still queued, or
	// a credential that is added again. An award whose number is limited is free
	// for another address.
	Forget(ctx context.Context, f Forgetting) (*ForgetReceipt, error)
}

// Forgetting is a request to forget an address.
type Forgetting struct {
	Address Address // in any letter case
	// Claims is what becomes of the claims that the address holds. There is no
	// default.
	Claims ClaimChoice
	// SkipSearch leaves out what no index finds: the usage that mentions the
	// address, and the scores and events of wallets with which it is no longer
	// linked. The search reads all usage, scores and events of the store.
	SkipSearch bool
}

// ClaimChoice says what becomes of the live claims of an address that is
// forgotten. Each choice has its price.
type ClaimChoice string

// The choices.
const (
	// ReleaseClaims removes the claims. The accounts behind them are free at once
	// for another wallet, with which the same person can pass a second time: a
	// host that pays once for a passing score may pay twice.
	ReleaseClaims ClaimChoice = "release"
	// KeepClaims leaves the claims as they are until they expire: no account
	// counts twice, and the same wallet can claim again. The store still holds the
	// address, until [Pruner.Prune] removes the expired claims.
	KeepClaims ClaimChoice = "keep"
	// AnonymizeClaims gives each claim to a random address of its own until it
	// expires: the address is gone, and no account counts twice. It does not count
	// for the same wallet either: if that returns before, its stamps are
	// duplicates of a wallet that is not there.
	AnonymizeClaims ClaimChoice = "anonymize"
)

// Validate reports what is wrong with the request; the fault wraps
// [ErrInvalid].
func (f *Forgetting) Validate() error {
	if _, err := ParseAddress(string(f.Address)); err != nil {
		return err
	}
	switch f.Claims {
	case ReleaseClaims, KeepClaims, AnonymizeClaims:
		return nil
	}
	return fmt.Errorf("%w: the claims of an address that is forgotten are to %q, %q or %q, not %.40q",
		ErrInvalid, ReleaseClaims, KeepClaims, AnonymizeClaims, string(f.Claims))
}

// ForgetReceipt reports what has become of the rows of an address. It does not
// name the address.
type ForgetReceipt struct {
	At          time.Time // by the store's clock, in UTC and whole microseconds
	Credentials int       // removed, as all below unless they say otherwise
	Scores      int
	Stamps      int // the credentials that counted in the scores
	Events      int
	Points      int
	Multipliers int // of points, at most one for each spelling of the address
	Qualified   int // the communities in which it had qualified
	Lists       int // its places on address lists
	Claims      int
	// ClaimsKept are those that stay with the address, ClaimsAnonymized those that
	// another has until they expire.
	ClaimsKept, ClaimsAnonymized int
	GroupClaims                  int // removed, or without the address in the key
	// OtherScores are those of other wallets that were removed, OtherEvents those
	// in which the address was replaced.
	OtherScores, OtherEvents int
	Usage                    int
}

// ForgottenAddress stands in events for an address that was forgotten.
const ForgottenAddress Address = "0x0000000000000000000000000000000000000000"
