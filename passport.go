// Package passport scores Human Passport stamps inside your own program: no
// scoring service to run.
//
// A wallet address holds stamps, verifiable credentials such as "owns a GitHub
// account". Each carries nullifiers, opaque ids of the underlying account. A
// community weighs the stamps; the sum against its threshold says human or
// not. So that one account cannot vouch for two wallets, a community gives each
// nullifier to the first address that claims it, and the last in loses (LIFO).
//
// An [Engine] takes one scoring through five steps, of which only the first and
// the last touch the database:
//
//	Load → verify → de-duplicate → weigh → Apply
//
// Make one engine with [New] and share it: it is safe for concurrent use and
// remembers which credentials it has verified. memstore keeps everything in
// memory; pgstore works on the tables of the Django service.
//
//	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuers...))
//	result, err := engine.Score(ctx, community, address)
//
// A failure is never a score: Score returns either a result or an error.
package passport

import (
	"context"
	"fmt"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// Scorer scores addresses. [Engine] implements it; a host that replaces the
// engine in its own tests, or wraps it, declares this.
type Scorer interface {
	// Score weighs the stamps of the address for the community, records the
	// outcome and returns it. See [Engine.Score].
	Score(ctx context.Context, community int64, address string) (*Result, error)
	// Preview returns what Score would, and changes nothing.
	Preview(ctx context.Context, community int64, address string) (*Result, error)
	// Latest returns the last recorded score, without scoring again. See
	// [Engine.Latest].
	Latest(ctx context.Context, community int64, address string) (*Standing, error)
}

// Store is what an engine keeps its rows in: memstore, pgstore, or your own.
type Store = store.Store

// What a caller can do something about, to be tested with errors.Is. What a
// store can say stands in package store: store.ErrUnavailable, for example.
// [store.KindOf] returns the kind of any error in one word.
var (
	// ErrMisconfigured is wrapped by every fault that New reports, and those of
	// packages apikey and passporthttp.
	ErrMisconfigured = store.ErrMisconfigured
	// ErrInvalidAddress: the text is not "0x" and 40 hex digits.
	ErrInvalidAddress = store.Sentinel(store.KindInvalid, "invalid address")
	// ErrInvalidDecimal: the text is not a decimal number, or one beyond the
	// bounds of [ParseDecimal].
	ErrInvalidDecimal = store.Sentinel(store.KindInvalid, "invalid decimal")
	// ErrCommunityNotFound: the community does not exist, or is deleted.
	ErrCommunityNotFound = store.ErrCommunityNotFound
	// ErrUnsupportedRule: the community de-duplicates by a rule other than
	// LIFO.
	ErrUnsupportedRule = store.Sentinel(store.KindUnscorable, "unsupported rule")
	// ErrInvalidWeights: the community's weights or threshold are missing or
	// not decimal numbers.
	ErrInvalidWeights = store.Sentinel(store.KindUnscorable, "invalid weights")
	// ErrNeverScored: the address has no score in the community yet, or waits for
	// the service to score it anew.
	ErrNeverScored = store.Sentinel(store.KindNotFound, "never scored")
)

// ScoringError tells that an address could not be scored because of what the
// community or the address is, not because of the way there. [Engine.Score]
// records the reason as the address's score row, with status ERROR.
type ScoringError struct {
	Community int64
	Address   Address
	// Err is the reason: an [ErrUnsupportedRule], an [ErrInvalidWeights], or the
	// text of a row read back.
	Err error
	// Unrecorded is the store's error when the reason could not be recorded, nil
	// when it was.
	Unrecorded error
}

// Error implements error.
func (e *ScoringError) Error() string {
	text := fmt.Sprintf("scoring %s in community %d: %v", e.Address, e.Community, e.Err)
	if e.Unrecorded != nil {
		text += fmt.Sprintf("; it could not be recorded: %v", e.Unrecorded)
	}
	return text
}

// ErrorKind returns the kind for [store.KindOf].
func (*ScoringError) ErrorKind() string { return string(store.KindUnscorable) }

// Unwrap returns the reason, and why it could not be recorded.
func (e *ScoringError) Unwrap() []error {
	if e.Unrecorded == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Unrecorded}
}

// Address is a wallet's address in the one form that is stored and compared:
// "0x" and 40 hex digits in lower case.
type Address string

// ParseAddress returns the address that the text spells, in any case of its
// hex digits. Anything but "0x" and 40 hex digits is an [ErrInvalidAddress].
// The mixed case of EIP-55 is not checked: the reference does not either.
func ParseAddress(text string) (Address, error) {
	const most = 100
	if len(text) > most {
		return "", fmt.Errorf("%w: %d characters, want 0x and 40 hex digits", ErrInvalidAddress, len(text))
	}
	if !strings.HasPrefix(text, "0x") {
		return "", fmt.Errorf("%w: %q does not begin with 0x", ErrInvalidAddress, text)
	}
	lower := strings.ToLower(text)
	if !store.ValidAddress(lower) { // no letter but A to F becomes a hex digit
		return "", fmt.Errorf("%w: %q is not 0x and 40 hex digits", ErrInvalidAddress, text)
	}
	return Address(lower), nil
}

// did returns the DID that a credential about the address names as its subject.
func (a Address) did() string { return "did:pkh:eip155:1:" + string(a) }
