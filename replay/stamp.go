package replay

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// explainStamp explains a difference of a stamp. A credential that was written
// after the record, or is gone, explains all of them but another weight.
func (q *inquiry) explainStamp(ctx context.Context, d *shadow.Difference) (err error) {
	theirs, has := q.record.Stamps[d.Provider]
	own, have := q.ours.Stamps[d.Provider]
	planned := q.planned(d.Provider)
	switch newest := q.newest(d.Provider); {
	case d.Field == shadow.FieldStampScore && theirs.Deduplicated == own.Deduplicated:
		d.Class = q.terms()
	case newest == nil || q.after(newest.UpdatedAt):
		d.Class = shadow.Changed
	case !has && planned.Source != "" && planned.Source != q.address && !q.record.sources[planned.Source]:
		d.Class = shadow.Unconfirmed // that wallet may have been linked since
	case d.Field == shadow.FieldStampExpiry: // stays real
	case q.near(planned.ExpiresAt) || q.near(planned.ClaimedUntil):
		d.Class = shadow.Clock
	case has && !have:
		q.explainLeftOut(d, &planned)
	case !has: // stays real
	default: // in who has claimed it, and so in what it adds
		d.Class, err = q.claimed(ctx, d.Provider, &theirs)
	}
	return err
}

// planned returns the stamp of the provider: the first one that counts, or else
// the last one.
func (q *inquiry) planned(provider string) (stamp passport.Stamp) {
	for _, s := range q.stamps() {
		if s.Provider == provider && stamp.Outcome != passport.Counted {
			stamp = s
		}
	}
	return stamp
}

// newest returns the credential of the provider that was written last, nil if
// there is none.
func (q *inquiry) newest(provider string) (newest *store.Credential) {
	for i := range q.snapshot.Wallets {
		w := &q.snapshot.Wallets[i]
		if q.member && w.Address != q.address {
			continue
		}
		for k := range w.Credentials {
			if c := &w.Credentials[k]; c.Provider == provider && (newest == nil || c.UpdatedAt.After(newest.UpdatedAt)) {
				newest = c
			}
		}
	}
	return newest
}

// explainLeftOut explains that a recorded stamp is left out.
func (q *inquiry) explainLeftOut(d *shadow.Difference, planned *passport.Stamp) {
	if planned.Reason == "" {
		return
	}
	d.Ours = "left out: " + string(planned.Reason)
	switch reason := planned.Reason; {
	case reason == passport.ReasonProviderMismatch:
		d.Class, d.Exception = shadow.Excepted, ExceptionProvider
	case slices.Contains(beyond, reason):
		d.Class, d.Exception = shadow.Excepted, ExceptionBounds
	case reason == passport.ReasonUntrustedIssuer:
		d.Class = q.terms()
	}
}

// beyond are the reasons for which a credential is beyond the bounds.
var beyond = []passport.Reason{passport.ReasonTooManyCredentials, credential.ReasonTooLarge, credential.ReasonTooManyNullifiers}

// claimed returns the class of a difference in who has claimed a stamp whose
// credential is the same.
func (q *inquiry) claimed(ctx context.Context, provider string, theirs *shadow.Stamp) (shadow.Class, error) {
	var own, others []store.Claim
	for i := range q.snapshot.Claims {
		claim := q.snapshot.Claims[i]
		if !slices.Contains(q.nullifiers(provider), claim.Nullifier) {
			continue
		}
		if claim.Address == q.address {
			own = append(own, claim)
		} else if claim.ExpiresAt.After(q.at) {
			others = append(others, claim)
		}
	}
	if theirs.Deduplicated {
		switch {
		case len(own) == 0:
			return shadow.Unconfirmed, nil // the claim of the other wallet is gone
		case q.last:
			return shadow.Real, nil // it has the stamp, and has not been scored since
		}
		return shadow.ClaimOrder, nil
	}
	if !theirs.ExpiresAt.After(q.moment) {
		return shadow.ClaimOrder, nil // its claim has ended since
	}
	for _, claim := range others {
		counted, err := q.counted(ctx, claim.Address, provider)
		if err != nil || counted {
			return shadow.Real, err // two wallets had it at once
		}
	}
	if len(others) == 0 {
		return shadow.Real, nil
	}
	return shadow.ClaimOrder, nil
}

// nullifiers returns those of the provider's credentials.
func (q *inquiry) nullifiers(provider string) (all []string) {
	for i := range q.snapshot.Wallets {
		w := &q.snapshot.Wallets[i]
		for k := range w.Credentials {
			if c := &w.Credentials[k]; c.Provider == provider {
				all = append(all, store.Nullifiers(w.Address, provider, c.Document)...)
			}
		}
	}
	return all
}

// counted reports whether the stamp of the provider counted for the holder at
// the moment of the record.
func (q *inquiry) counted(ctx context.Context, holder store.Address, provider string) (bool, error) {
	if !holder.Valid() {
		return false, nil
	}
	event, err := q.rows.ScoreAt(ctx, q.community, holder, q.at)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, ended(err, "reading a score of another wallet")
	}
	held := parse(event.Data)
	stamp, has := held.Stamps[provider]
	return has && !stamp.Deduplicated && (stamp.ExpiresAt.IsZero() || stamp.ExpiresAt.After(q.at)), nil
}

// turns reports whether a decision may be another one at the other moment:
// whether a stamp, claim or score expires between both.
func turns(plan *passport.Plan, a, b time.Time) bool {
	if b.Before(a) {
		a, b = b, a
	}
	between := func(t time.Time) bool { return !t.IsZero() && !t.Before(a) && !t.After(b) }
	stampTurns := func(stamps []passport.Stamp) bool {
		return slices.ContainsFunc(stamps, func(s passport.Stamp) bool { return between(s.ExpiresAt) || between(s.ClaimedUntil) })
	}
	r := plan.Result
	if stampTurns(r.Stamps) || r.Before != nil && between(r.Before.ExpiresAt) {
		return true
	}
	if r.Linked != nil && (between(r.Linked.ExpiresAt) ||
		slices.ContainsFunc(r.Linked.Members, func(m passport.Member) bool { return stampTurns(m.Stamps) })) {
		return true
	}
	return slices.ContainsFunc(plan.Changes.Claims, func(c store.ClaimSwap) bool { return between(c.From.ExpiresAt) })
}
