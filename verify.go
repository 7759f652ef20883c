package passport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// candidate is a stored credential and its verdict.
type candidate struct {
	row     store.Credential
	digest  [sha256.Size]byte // of the document
	content credential.Credential
	proven  bool // its proof holds; without that the content is not to be trusted
	refused bool // only its proof makes it invalid
	valid   bool
	reason  Reason // why it is not valid
	why     string // the same in words
}

// validator decides which credentials are valid. It remembers those that are
// proven; all other rules are checked on every scoring.
type validator struct {
	*settings
	memory *memory
}

func newValidator(s *settings) *validator {
	return &validator{settings: s, memory: newMemory(s.cacheSize)}
}

// holding is a wallet's credentials, and what is found about them.
type holding struct {
	address              Address
	known                *remembered // nil: nothing
	recalled             bool        // the candidates are those that are known
	candidates           []candidate // the newest of each provider, by provider
	verified, remembered int
}

func candidatesOf(rows []store.Credential) []candidate {
	candidates := make([]candidate, len(rows))
	for i := range rows {
		candidates[i].row = rows[i]
	}
	return candidates
}

// newest returns the newest candidate of each provider, by provider, in the
// memory of its argument.
func newest(candidates []candidate) []candidate {
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.row.Provider, b.row.Provider), b.row.UpdatedAt.Compare(a.row.UpdatedAt), cmp.Compare(b.row.ID, a.row.ID))
	})
	return slices.CompactFunc(candidates, func(a, b candidate) bool { return a.row.Provider == b.row.Provider })
}

// validate checks all candidates that are not recalled; those whose proof is
// not remembered are verified in parallel. It fails only when the context ends
// or a verifier cannot decide. An invalid credential is a verdict, not an
// error.
func (v *validator) validate(ctx context.Context, now time.Time, holdings []holding) error {
	type place struct{ holding, candidate int }
	var unseen []place
	for i := range holdings {
		h := &holdings[i]
		if h.recalled {
			continue
		}
		did := h.address.DID()
		for k := range h.candidates {
			c := &h.candidates[k]
			if c.reason, c.why = omitted(c.row.Omitted); c.reason != "" {
				continue
			}
			c.digest = sha256.Sum256(c.row.Document)
			if content, is := h.known.content(c); is {
				h.remembered++
				c.content, c.proven = content, true
				v.judge(c, did, now)
			} else {
				unseen = append(unseen, place{i, k})
			}
		}
	}
	err := parallel(ctx, len(unseen), func(n int) error {
		h := &holdings[unseen[n].holding]
		return v.verify(ctx, &h.candidates[unseen[n].candidate], h.address.DID(), now)
	})
	for _, u := range unseen {
		if c := &holdings[u.holding].candidates[u.candidate]; c.proven || c.refused {
			holdings[u.holding].verified++
		}
	}
	return err
}

// recall sets the candidates of a wallet that has not changed to those that are
// remembered. It reports false if one of them could count by now, but is not
// proven.
func (v *validator) recall(h *holding, now time.Time) bool {
	h.candidates, h.recalled = slices.Clone(h.known.candidates), true
	did := h.address.DID()
	for i := range h.candidates {
		switch c := &h.candidates[i]; {
		case c.proven:
			h.remembered++
			v.judge(c, did, now)
		case c.reason == ReasonExpired && c.content.ExpiresAt.After(now): // the clock was set back
			return false
		}
	}
	return true
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

// verify parses the credential, checks its content and, last because it is
// costly, checks its proof.
func (v *validator) verify(ctx context.Context, c *candidate, did string, now time.Time) error {
	signed, err := credential.Parse(c.row.Document)
	if err != nil {
		return c.refuse(err)
	}
	return v.prove(ctx, c, signed, did, now)
}

// prove checks the content of a parsed credential, and its proof.
func (v *validator) prove(ctx context.Context, c *candidate, signed *credential.Signed, did string, now time.Time) error {
	c.content = signed.Credential
	if c.reason, c.why = v.check(c, did, now); c.reason != "" {
		return nil
	}
	err := v.verifier.Verify(ctx, signed, now)
	c.valid, c.proven = err == nil, err == nil
	err = c.refuse(err)
	c.refused = c.reason != ""
	return err
}

// judge decides about a credential whose proof holds.
func (v *validator) judge(c *candidate, did string, now time.Time) {
	c.reason, c.why = v.check(c, did, now)
	c.valid = c.reason == ""
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
// that do not count. A second check of the same content decides alike, but for
// the time.
func (v *validator) check(c *candidate, did string, now time.Time) (Reason, string) {
	content := &c.content
	switch {
	case content.Subject != did && lowerASCII(content.Subject) != did:
		return ReasonWrongSubject, "it is about another address"
	case content.Provider == "" || content.Provider != c.row.Provider:
		return ReasonProviderMismatch, fmt.Sprintf("it signs the provider %.100q", content.Provider)
	case !v.issuers[content.Issuer]:
		return ReasonUntrustedIssuer, fmt.Sprintf("its issuer %.100q is not trusted", content.Issuer)
	}
	// An empty nullifier identifies no account.
	dropped := func(n string) bool { return n == "" || v.v0Only && !strings.HasPrefix(n, "v0") }
	nullifiers := content.Nullifiers
	if slices.ContainsFunc(nullifiers, dropped) {
		nullifiers = slices.DeleteFunc(slices.Clone(nullifiers), dropped)
	}
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
