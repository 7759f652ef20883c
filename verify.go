package passport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// candidate is a stored credential and its verdict.
type candidate struct {
	row     store.Credential
	content credential.Credential // to be trusted only if it is valid
	valid   bool
	reason  Reason // why it is not valid
	why     string // the same in words
}

// validator decides which credentials are valid. Valid proofs are cached; all
// other rules are checked on every scoring.
type validator struct {
	*settings
	verified *lru.Cache[[sha256.Size]byte, credential.Credential] // nil without a cache
}

func newValidator(s *settings) *validator {
	v := &validator{settings: s}
	if s.cacheSize > 0 {
		v.verified, _ = lru.New[[sha256.Size]byte, credential.Credential](s.cacheSize) // fails for a size below 1 only
	}
	return v
}

// validate checks all credentials of one wallet; those not in the cache are
// verified in parallel. It fails only when the context ends or a verifier
// cannot decide. An invalid credential is a verdict, not an error.
func (v *validator) validate(ctx context.Context, address Address, now time.Time, rows []store.Credential, seen *Observation) ([]candidate, error) {
	candidates := make([]candidate, len(rows))
	for i, row := range rows {
		candidates[i].row = row
	}
	digests := make([][sha256.Size]byte, len(rows))
	var unseen []int
	seen.Remembered = 0
	for i := range candidates {
		c := &candidates[i]
		if c.reason, c.why = omitted(c.row.Omitted); c.reason != "" {
			continue
		}
		digests[i] = sha256.Sum256(c.row.Document)
		if content, remembered := v.remembered(digests[i]); remembered {
			seen.Remembered++
			c.content = content
			c.reason, c.why = v.check(c, address, now)
			c.valid = c.reason == ""
		} else {
			unseen = append(unseen, i)
		}
	}

	var checked atomic.Int64
	err := parallel(ctx, len(unseen), func(k int) error {
		i := unseen[k]
		verified, err := v.verify(ctx, &candidates[i], address, now)
		if verified {
			checked.Add(1)
		}
		if candidates[i].valid && v.verified != nil {
			v.verified.Add(digests[i], candidates[i].content)
		}
		return err
	})
	seen.Verified = int(checked.Load())
	return candidates, err
}

// omitted returns why a store has not read a credential, if it has not.
func omitted(why store.Omission) (Reason, string) {
	switch why {
	case "":
		return "", ""
	case store.OmittedTooMany:
		return ReasonTooManyCredentials, fmt.Sprintf("the wallet has more than %d credentials, or more than %d bytes of them, newer ones first",
			store.MaxCredentials, store.MaxWalletBytes)
	case store.OmittedTooLarge:
		return credential.ReasonTooLarge, fmt.Sprintf("it has more than %d bytes or %d levels", store.MaxDocumentBytes, store.MaxDocumentDepth)
	}
	return Reason(why), "the store has omitted it"
}

func (v *validator) remembered(digest [sha256.Size]byte) (credential.Credential, bool) {
	if v.verified == nil {
		return credential.Credential{}, false
	}
	return v.verified.Get(digest)
}

// verify parses the credential, checks its content and, last because it is
// costly, checks its proof.
func (v *validator) verify(ctx context.Context, c *candidate, address Address, now time.Time) (verified bool, err error) {
	signed, err := credential.Parse(c.row.Document)
	if err != nil {
		return false, c.refuse(err)
	}
	return v.prove(ctx, c, signed, address, now)
}

// prove checks the content of a parsed credential, and its proof.
func (v *validator) prove(ctx context.Context, c *candidate, signed *credential.Signed, address Address, now time.Time) (verified bool, err error) {
	c.content = signed.Credential
	if c.reason, c.why = v.check(c, address, now); c.reason != "" {
		return false, nil
	}
	err = v.verifier.Verify(ctx, signed, now)
	c.valid = err == nil
	return true, c.refuse(err)
}

// refuse records what makes the credential invalid if the error is a
// *[credential.Error]. It returns any other error.
func (c *candidate) refuse(err error) error {
	if refused, is := errors.AsType[*credential.Error](err); is {
		c.reason, c.why = cmp.Or(refused.Reason, ReasonRefused), refused.Error()
		return nil
	}
	return err
}

// check applies every rule that needs no cryptography, and drops nullifiers
// that do not count.
func (v *validator) check(c *candidate, address Address, now time.Time) (Reason, string) {
	content := &c.content
	switch {
	case lowerASCII(content.Subject) != address.DID():
		return ReasonWrongSubject, "it is about another address"
	case content.Provider == "" || content.Provider != c.row.Provider:
		return ReasonProviderMismatch, fmt.Sprintf("it signs the provider %.100q", content.Provider)
	case !v.issuers[content.Issuer]:
		return ReasonUntrustedIssuer, fmt.Sprintf("its issuer %.100q is not trusted", content.Issuer)
	}
	// An empty nullifier identifies no account.
	nullifiers := slices.DeleteFunc(slices.Clone(content.Nullifiers), func(n string) bool {
		return n == "" || v.v0Only && !strings.HasPrefix(n, "v0")
	})
	tooLong := func(n string) bool { return utf8.RuneCountInString(n) > store.MaxNullifier }
	// Columns hold microseconds: what is compared must be what is stored.
	expiresAt := store.Microseconds(content.ExpiresAt)
	switch {
	case len(nullifiers) == 0 && v.v0Only && len(content.Nullifiers) > 0:
		return ReasonNoNullifiers, "it has no v0 nullifier"
	case len(nullifiers) == 0:
		return ReasonNoNullifiers, "it has no nullifier"
	case slices.ContainsFunc(nullifiers, tooLong):
		return ReasonNullifierTooLong, fmt.Sprintf("a nullifier has more than %d characters", store.MaxNullifier)
	case content.ExpiresAt.IsZero():
		return ReasonNoExpiration, "it has no expiration date"
	case !expiresAt.After(now):
		return ReasonExpired, "it expired on " + day(expiresAt)
	case expiresAt.Year() > lastYear:
		return ReasonNoExpiration, fmt.Sprintf("it expires after the year %d", lastYear)
	}
	content.Nullifiers, content.ExpiresAt = nullifiers, expiresAt
	return "", ""
}

// lastYear is the last year that the service's dates can have.
const lastYear = 9999

// lowerASCII lowers ASCII letters only: the lower case of the Kelvin sign is k.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func day(moment time.Time) string { return moment.UTC().Format(time.DateOnly) }
