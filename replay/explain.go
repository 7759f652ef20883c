package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// The names of the exceptions: what the service did in another way than this
// SDK does, on purpose.
const (
	ExceptionProvider  = "signed for another provider" // the service trusts the row
	ExceptionMalformed = "a faulty credential"         // one of them, or a nullifier in two, failed the whole scoring
	ExceptionBounds    = "beyond the bounds"           // of a wallet, or a credential
	ExceptionMember    = "a linked wallet"             // it passed by itself, though another carries the score of its group
	ExceptionEvidence  = "without evidence"            // once a score was the sum alone
	ExceptionErrorText = "old error text"              // a score after a failed scoring kept its error
)

// inquiry is a recorded scoring with everything that may explain why it is
// decided in another way.
type inquiry struct {
	*settings

	rows   Store
	record *record
	ours   record // what would be written today for its moment
	at     time.Time
	last   bool // the record is that of the last score
	plan   *passport.Plan
	// snapshot has the wallets of the plan, as the plan found them.
	snapshot *store.Snapshot
	address  store.Address
	member   bool // of linked wallets, another of which carries the score
}

// differences returns what differs, each with its class.
func (q *inquiry) differences(ctx context.Context) ([]shadow.Difference, error) {
	theirs, own := q.record.Decision, q.ours.Decision
	own.ScoredAt = theirs.ScoredAt // both are of one moment: the record is no old answer
	if q.record.bare {
		theirs.Stamps = own.Stamps
	}
	if !q.record.counts() || !q.ours.counts() {
		theirs.Canonical = own.Canonical // it is the stamps that show it
	}
	found := shadow.Compare(theirs, own, shadow.Rules{})
	for i := range found {
		if d := &found[i]; d.Class == shadow.Real {
			if err := q.explain(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	contradictions := q.record.contradictions(q.member)
	q.follow(found, contradictions)
	for _, c := range contradictions {
		if c.of == shadow.FieldPassing && !q.record.Passing && q.claims(q.named) {
			c.Class = shadow.Changed // a member of a group that has changed since
			for i := range found {
				if found[i].Field == shadow.FieldPassing {
					found[i].Class = shadow.Changed
				}
			}
		}
		found = append(found, c.Difference)
	}
	if q.record.stale {
		found = append(found, shadow.Difference{
			Field: shadow.FieldError, Primary: "a score with an error text", Ours: "a score",
			Class: shadow.Excepted, Exception: ExceptionErrorText,
		})
	}
	return found, nil
}

// explain sets the class of a difference that has a cause of its own.
func (q *inquiry) explain(ctx context.Context, d *shadow.Difference) error {
	switch f := d.Field; {
	case f == shadow.FieldError:
		q.explainError(d)
	case f == shadow.FieldThreshold && q.record.summed:
		d.Class, d.Exception = shadow.Excepted, ExceptionEvidence
	case f == shadow.FieldThreshold:
		d.Class = q.terms()
	case f == shadow.FieldCanonical && (q.record.Canonical != "" || !q.claims(q.carries)):
		d.Class = shadow.Changed
	case slices.Contains([]shadow.Field{shadow.FieldStamp, shadow.FieldStampDedup, shadow.FieldStampScore, shadow.FieldStampExpiry}, f):
		return q.explainStamp(ctx, d)
	}
	return nil
}

// terms returns the class of a difference that is due to terms: real if the
// present ones were in force.
func (q *inquiry) terms() shadow.Class {
	switch {
	case q.since.IsZero():
		return shadow.Unconfirmed
	case q.at.Before(q.since):
		return shadow.Changed
	}
	return shadow.Real
}

// claims reports whether there is such a group claim that is older than the
// record.
func (q *inquiry) claims(is func(c *store.GroupClaim) bool) bool {
	return slices.ContainsFunc(q.snapshot.GroupClaims, func(c store.GroupClaim) bool { return is(&c) && !c.ClaimedAt.After(q.at) })
}

func (q *inquiry) named(c *store.GroupClaim) bool   { return c.Names(q.address) }
func (q *inquiry) carries(c *store.GroupClaim) bool { return c.Canonical == q.address }

// explainError explains that only one side could score the wallet. A failed
// scoring has no moment: it is an older answer.
func (q *inquiry) explainError(d *shadow.Difference) {
	switch {
	case q.ours.Failed:
		d.Class = q.terms()
	case q.faulty():
		d.Class, d.Exception = shadow.Excepted, ExceptionMalformed
	default:
		d.Class = shadow.Recorded
	}
}

// unreadable are the reasons for which a credential failed the whole scoring.
var unreadable = []passport.Reason{
	credential.ReasonMalformed, credential.ReasonTooLarge, credential.ReasonTooManyNullifiers, credential.ReasonUnsupportedProof,
	passport.ReasonNoNullifiers, passport.ReasonNullifierTooLong, passport.ReasonNoExpiration, passport.ReasonProviderMismatch,
}

// faulty reports whether a stamp is left out because of its form, or two that
// count share a nullifier.
func (q *inquiry) faulty() bool {
	for _, s := range q.stamps() {
		if slices.Contains(unreadable, s.Reason) {
			return true
		}
	}
	seen := map[string]string{}
	for i := range q.snapshot.Wallets {
		w := &q.snapshot.Wallets[i]
		for k := range w.Credentials {
			c := &w.Credentials[k]
			for _, nullifier := range store.Nullifiers(w.Address, c.Provider, c.Document) {
				if provider, is := seen[nullifier]; is && provider != c.Provider {
					return true
				}
				seen[nullifier] = c.Provider
			}
		}
	}
	return false
}

// stamps returns the stamps of the plan, those that are left out too.
func (q *inquiry) stamps() []passport.Stamp {
	stamps := slices.Clone(q.plan.Result.Stamps)
	if linked := q.plan.Result.Linked; linked != nil {
		for i := range linked.Members {
			if !q.member || linked.Members[i].Address == q.address {
				stamps = append(stamps, linked.Members[i].Stamps...)
			}
		}
	}
	return stamps
}

// follow sets the classes of the sums: they have those of what they are made
// of, unless the record contradicts itself.
func (q *inquiry) follow(found []shadow.Difference, contradictions []contradiction) {
	var causes []shadow.Difference
	for i := range found {
		if !isSum(found[i].Field) {
			causes = append(causes, found[i])
		}
	}
	for i := range found {
		d := &found[i]
		contradicted := slices.ContainsFunc(contradictions, func(c contradiction) bool { return c.of == d.Field })
		if !isSum(d.Field) || d.Class != shadow.Real || contradicted {
			continue
		}
		switch {
		case d.Field == shadow.FieldPassing && q.member && q.record.Passing:
			d.Class, d.Exception = shadow.Excepted, ExceptionMember
		case d.Field == shadow.FieldPassing && q.record.summed:
			d.Class, d.Exception = shadow.Excepted, ExceptionEvidence
		case q.record.bare:
			d.Class = q.unlisted()
		default:
			q.inherit(d, causes, found)
		}
	}
}

// inherit gives a sum the worst class of its causes. Whether a score passes
// follows from the score and the threshold alone.
func (q *inquiry) inherit(d *shadow.Difference, causes, found []shadow.Difference) {
	if i := slices.IndexFunc(found, func(d shadow.Difference) bool { return d.Field == shadow.FieldScore }); len(causes) == 0 && i >= 0 &&
		d.Field == shadow.FieldPassing {
		causes = found[i : i+1]
	}
	if len(causes) == 0 {
		return
	}
	d.Class = shadow.Worst(causes)
	if i := slices.IndexFunc(causes, func(c shadow.Difference) bool { return c.Class == d.Class }); i >= 0 {
		d.Exception = causes[i].Exception
	}
}

// isSum reports whether the field follows from the stamps and the threshold.
func isSum(f shadow.Field) bool {
	return f == shadow.FieldScore || f == shadow.FieldPassing || f == shadow.FieldExpiry
}

// unlisted returns the class of a difference in a score whose stamps are not
// recorded: a stamp may have been removed since.
func (q *inquiry) unlisted() shadow.Class {
	for i := range q.snapshot.Wallets {
		for k := range q.snapshot.Wallets[i].Credentials {
			if q.after(q.snapshot.Wallets[i].Credentials[k].UpdatedAt) {
				return shadow.Changed
			}
		}
	}
	return shadow.Unconfirmed
}

// after reports whether something was written after the record, as far as
// clocks agree.
func (q *inquiry) after(t time.Time) bool { return t.After(q.at.Add(-q.skew)) }

// near reports whether something turned at about the moment of the record.
func (q *inquiry) near(t time.Time) bool { return !t.IsZero() && t.Sub(q.at).Abs() <= q.skew }

// ended is the error of the store or of the context.
func ended(err error, what string) error { return fmt.Errorf("%s: %w", what, err) }

// isScoringError reports whether a wallet, or a whole community, cannot be
// scored.
func isScoringError(err error) bool {
	var impossible *passport.ScoringError
	return errors.As(err, &impossible)
}
