package passport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// candidate is a stored credential and what came of looking at it.
type candidate struct {
	row store.Credential
	// said is what the credential says, all of which is believed if it is valid.
	said  credential.Credential
	valid bool
	// reason and why tell what makes it invalid.
	reason Reason
	why    string
}

// examiner tells valid credentials from others. That a proof holds is
// immutable, and remembered; everything else is looked at each time.
type examiner struct {
	issuers  map[string]bool
	v0Only   bool
	verifier Verifier
	proven   *lru.Cache[[sha256.Size]byte, credential.Credential] // nil: nothing is remembered
}

func newExaminer(s *settings) *examiner {
	x := &examiner{issuers: s.issuers, v0Only: s.v0Only, verifier: s.verifier}
	if s.cacheSize > 0 {
		x.proven, _ = lru.New[[sha256.Size]byte, credential.Credential](s.cacheSize) // fails for a size below 1 only
	}
	return x
}

// examine looks at all credentials of one wallet; those not seen before are
// verified in parallel. It fails only when the context ends or a verifier
// cannot tell: an invalid credential is an answer.
func (x *examiner) examine(ctx context.Context, address Address, now time.Time, rows []store.Credential, seen *Observation) ([]candidate, error) {
	candidates := make([]candidate, len(rows))
	for i, row := range rows {
		candidates[i].row = row
	}
	slices.SortFunc(candidates, func(a, b candidate) int { return strings.Compare(a.row.Provider, b.row.Provider) })

	digests := make([][sha256.Size]byte, len(rows))
	var unseen []int
	seen.Remembered = 0
	for i := range candidates {
		c := &candidates[i]
		if c.reason, c.why = omitted(c.row.Omitted); c.reason != "" {
			continue
		}
		digests[i] = sha256.Sum256(c.row.Stamp)
		if said, remembered := x.remembered(digests[i]); remembered {
			seen.Remembered++
			c.said = said
			c.reason, c.why = x.judge(c, address, now)
			c.valid = c.reason == ""
		} else {
			unseen = append(unseen, i)
		}
	}

	var checked atomic.Int64
	err := parallel(ctx, len(unseen), func(k int) error {
		i := unseen[k]
		verified, err := x.verify(ctx, &candidates[i], address, now)
		if verified {
			checked.Add(1)
		}
		if candidates[i].valid && x.proven != nil {
			x.proven.Add(digests[i], candidates[i].said)
		}
		return err
	})
	seen.Verified = int(checked.Load())
	return candidates, err
}

// omitted says why a store has not read a credential.
func omitted(why store.Omission) (Reason, string) {
	switch why {
	case "":
		return "", ""
	case store.OmittedTooMany:
		return ReasonTooManyCredentials, fmt.Sprintf("the wallet has more than %d credentials, or more than %d bytes of them, newer ones first",
			store.MaxCredentials, store.MaxWalletBytes)
	case store.OmittedTooLarge:
		return credential.ReasonTooLarge, fmt.Sprintf("it has more than %d bytes or %d levels", store.MaxStampBytes, store.MaxStampDepth)
	}
	return Reason(why), "the store has omitted it"
}

func (x *examiner) remembered(digest [sha256.Size]byte) (credential.Credential, bool) {
	if x.proven == nil {
		return credential.Credential{}, false
	}
	return x.proven.Get(digest)
}

// verify parses the credential, judges what it says and, last because it is
// costly, checks its proof.
func (x *examiner) verify(ctx context.Context, c *candidate, address Address, now time.Time) (verified bool, err error) {
	signed, err := credential.Parse(c.row.Stamp)
	if refused, is := errors.AsType[*credential.Error](err); is {
		c.reason, c.why = refused.Reason, refused.Error()
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return x.prove(ctx, c, signed, address, now)
}

// prove judges what a parsed credential says, and checks its proof.
func (x *examiner) prove(ctx context.Context, c *candidate, signed *credential.Signed, address Address, now time.Time) (verified bool, err error) {
	c.said = signed.Credential
	if c.reason, c.why = x.judge(c, address, now); c.reason != "" {
		return false, nil
	}
	err = x.verifier.Verify(ctx, signed, now)
	if refused, is := errors.AsType[*credential.Error](err); is {
		c.reason, c.why = cmp.Or(refused.Reason, ReasonRefused), refused.Error()
		return true, nil
	}
	c.valid = err == nil
	return true, err
}

// judge applies every rule that needs no cryptography. With the option for v0
// nullifiers it drops the others.
func (x *examiner) judge(c *candidate, address Address, now time.Time) (Reason, string) {
	said := &c.said
	switch {
	case lowerASCII(said.Subject) != address.did():
		return ReasonWrongSubject, "it is about another address"
	case said.Provider == "" || said.Provider != c.row.Provider:
		return ReasonProviderMismatch, fmt.Sprintf("it signs the provider %.100q", said.Provider)
	case !x.issuers[said.Issuer]:
		return ReasonUntrustedIssuer, fmt.Sprintf("its issuer %.100q is not trusted", said.Issuer)
	}
	// An empty text identifies no account: claimed, it would make strangers
	// clash.
	nullifiers := slices.DeleteFunc(slices.Clone(said.Nullifiers), func(n string) bool {
		return n == "" || x.v0Only && !strings.HasPrefix(n, "v0")
	})
	tooLong := func(n string) bool { return utf8.RuneCountInString(n) > store.MaxNullifier }
	// Columns hold microseconds: what is compared must be what is stored.
	expiresAt := microseconds(said.ExpiresAt)
	switch {
	case len(nullifiers) == 0 && x.v0Only && len(said.Nullifiers) > 0:
		return ReasonNoNullifiers, "it has no v0 nullifier"
	case len(nullifiers) == 0:
		return ReasonNoNullifiers, "it has no nullifier"
	case slices.ContainsFunc(nullifiers, tooLong):
		return ReasonNullifierTooLong, fmt.Sprintf("a nullifier has more than %d characters", store.MaxNullifier)
	case said.ExpiresAt.IsZero():
		return ReasonNoExpiration, "it has no expiration date"
	case !expiresAt.After(now):
		return ReasonExpired, "it expired on " + day(expiresAt)
	case expiresAt.Year() > lastYear:
		return ReasonNoExpiration, fmt.Sprintf("it expires after the year %d", lastYear)
	}
	said.Nullifiers, said.ExpiresAt = nullifiers, expiresAt
	return "", ""
}

// lastYear is the last one that the service's dates can write.
const lastYear = 9999

// lowerASCII leaves every other letter alone: Unicode has letters whose lower
// case is an ASCII one.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func day(moment time.Time) string { return moment.UTC().Format(time.DateOnly) }

// parallel calls work(0) to work(n-1) on as many goroutines as there are
// processors, and returns when all calls have. After an error, or the end of
// the context, it begins no more.
func parallel(ctx context.Context, n int, work func(int) error) error {
	var (
		next   atomic.Int64
		failed atomic.Bool
		once   sync.Once
		first  error
	)
	fail := func(err error) {
		once.Do(func() { first = err })
		failed.Store(true)
	}
	drain := func() {
		ended := false
		// A panic on a goroutine of ours would take the host down without a
		// chance to recover: it becomes the scoring's error. So does the end of
		// the goroutine, or what it was at would count unverified.
		defer func() {
			if p := recover(); p != nil {
				fail(fmt.Errorf("verifying a credential panicked: %v", p))
			} else if !ended {
				fail(errors.New("verifying a credential ended its goroutine"))
			}
		}()
		for i := next.Add(1) - 1; i < int64(n) && !failed.Load(); i = next.Add(1) - 1 {
			err := ctx.Err()
			if err == nil {
				err = work(int(i))
			}
			if err != nil {
				fail(err)
			}
		}
		ended = true
	}
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		workers.Go(drain)
	}
	drain()
	workers.Wait()
	return first
}
