// Package passport scores Human Passport stamps inside your own program: no
// scoring service to run.
//
// A wallet address holds stamps, verifiable credentials such as "owns a GitHub
// account". Each carries nullifiers, opaque ids of the underlying account. A
// community weighs the stamps, and a wallet passes if the sum reaches the
// community's threshold. So that one account cannot serve two wallets, a
// community gives each nullifier to the first address that claims it: the last
// in loses (LIFO).
//
// An [Engine] scores in five steps. Only the first and the last use the
// database:
//
//	Load → verify → de-duplicate → weigh → Apply
//
// Make one engine with [New] and share it: it is safe for concurrent use and
// caches verified credentials. memstore keeps everything in memory; pgstore
// works on the tables of the Django service.
//
//	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuers...))
//	result, err := engine.Score(ctx, community, address)
//
// A failure is never a score: Score returns either a result or an error.
package passport

import (
	"bytes"
	"context"
	"fmt"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// Scorer is implemented by [Engine], for hosts that replace or wrap it.
type Scorer interface {
	// Score scores the address and records the outcome. See [Engine.Score].
	Score(ctx context.Context, community int64, address string) (*Result, error)
	// Preview returns what Score would, and changes nothing.
	Preview(ctx context.Context, community int64, address string) (*Result, error)
	// Latest returns the last recorded score. See [Engine.Latest].
	Latest(ctx context.Context, community int64, address string) (*LastScore, error)
}

// Store holds an engine's data: a memstore, a pgstore, or your own.
type Store = store.Store

// Errors of this package, for errors.Is. Package store has those of stores,
// such as store.ErrUnavailable. [store.KindOf] returns the kind of any error in
// one word.
var (
	// ErrMisconfigured is wrapped by every error of New, and of the constructors
	// of packages apikey and passporthttp.
	ErrMisconfigured = store.ErrMisconfigured
	// ErrInvalidAddress: the text is not "0x" and 40 hex digits.
	ErrInvalidAddress = store.ErrInvalidAddress
	// ErrInvalidDecimal: the text is not a decimal within the bounds of
	// [ParseDecimal].
	ErrInvalidDecimal = store.Sentinel(store.KindInvalid, "invalid decimal")
	// ErrCommunityNotFound: the community does not exist, or is deleted.
	ErrCommunityNotFound = store.ErrCommunityNotFound
	// ErrUnsupportedRule: the community's rule is not LIFO.
	ErrUnsupportedRule = store.Sentinel(store.KindUnscorable, "unsupported rule")
	// ErrInvalidWeights: the community's weights or threshold are missing or
	// not decimal numbers.
	ErrInvalidWeights = store.Sentinel(store.KindUnscorable, "invalid weights")
	// ErrNeverScored: the address has no score in the community, or the service
	// has queued it to be scored again.
	ErrNeverScored = store.Sentinel(store.KindNotFound, "never scored")
)

// ScoringError is the error of an address that cannot be scored because of its
// community's configuration. [Engine.Score] records the reason as the address's
// score, with status ERROR.
type ScoringError struct {
	Community int64
	Address   Address
	// Err is the reason: an [ErrUnsupportedRule], an [ErrInvalidWeights], or the
	// recorded text.
	Err error
	// Unrecorded is the store's error if the reason could not be recorded.
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

// Address is a wallet's address: "0x" and 40 hex digits, in lower case.
type Address = store.Address

// ParseAddress returns the address in lower case. It returns
// [ErrInvalidAddress] for anything but "0x" and 40 hex digits of any case. As
// in the service, the mixed case of EIP-55 is not checked.
func ParseAddress(text string) (Address, error) { return store.ParseAddress(text) }

// ReadCredential returns the input of AddCredentials for a signed credential.
// It checks the form, not the proof: a stored credential that does not verify
// is left out of every score. The input shares no memory with the argument.
//
// Its error is a *[credential.Error] if the text is not a credential, and wraps
// store.ErrInvalid if the credential has no provider or a text that is too long
// for the service's tables.
func ReadCredential(signed []byte) (store.CredentialInput, error) {
	parsed, err := credential.Parse(signed)
	if err != nil {
		return store.CredentialInput{}, fmt.Errorf("reading a credential: %w", err)
	}
	return credentialInput(parsed, bytes.Clone(signed))
}

// credentialInput returns the input for a parsed credential. It keeps the text.
func credentialInput(parsed *credential.Signed, text []byte) (store.CredentialInput, error) {
	stamp := store.CredentialInput{
		Provider:   parsed.Provider,
		Document:   text,
		ProofValue: parsed.ProofValue,
		IssuedAt:   store.Microseconds(parsed.IssuedAt),
		ExpiresAt:  store.Microseconds(parsed.ExpiresAt),
	}
	if err := stamp.Validate(); err != nil {
		return store.CredentialInput{}, fmt.Errorf("reading a credential: %w", err)
	}
	return stamp, nil
}

// The issuers of Human Passport's stamps, for [WithTrustedIssuers]. Neither is
// trusted by default. Before you go to production, compare them with the
// issuers of the stamps that you have.
const (
	// HumanPassportIssuer signs stamps of type EthereumEip712Signature2021. The
	// signatures of public stamps of 2024 confirm it.
	HumanPassportIssuer = "did:ethr:0xd6f8d6ca86aa01e551a311d670a0d1bd8577e5fb"
	// HumanPassportEd25519Issuer is the issuer of older stamps, of type
	// Ed25519Signature2018. No signature has confirmed it yet.
	HumanPassportEd25519Issuer = "did:key:z6MkghvGHLobLEdj1bgRLhS4LPGJAvbMA1tn2zcRyqmYU5LC"
)
