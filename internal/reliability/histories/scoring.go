package histories

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/passport-sdk/passport-go"
)

// scoring is a result in the plan's terms.
type scoring struct {
	Standing

	seen  set
	fates []fate // of the valid credentials, by provider
	keys  map[string]bool
}

// fate is the outcome of a valid credential.
type fate struct {
	credential int
	counts     bool
	until      time.Duration // unless it counts
}

// understand reads a result, and checks the sum of its stamps, their dates and
// the clock. Its error has everything that is wrong.
func (h *History) understand(op *Operation) (*scoring, error) {
	u := &understanding{plan: h.Plan, op: op, scoring: scoring{keys: map[string]bool{}}}
	u.read()
	return &u.scoring, errors.Join(u.faults...)
}

type understanding struct {
	scoring

	plan   *Plan
	op     *Operation
	faults []error
}

func (u *understanding) faultf(format string, args ...any) {
	u.faults = append(u.faults, fmt.Errorf(format, args...))
}

func (u *understanding) read() {
	result := u.op.Result
	u.At, u.Passing, u.Sum = since(result.ScoredAt), result.Passing, result.Score.String()
	switch {
	case result.Unchanged && (u.At > u.op.To || u.At+Age <= u.op.From || !u.op.Step.Leave):
		u.faultf("it was left alone, and is of +%v; the clock showed +%v to +%v", u.At, u.op.From, u.op.To)
	case !result.Unchanged && (u.At < u.op.From || u.At > u.op.To):
		u.faultf("it is of +%v, the clock showed +%v to +%v", u.At, u.op.From, u.op.To)
	}
	earliest, latest := u.At, u.At // times of the decision
	if result.Unchanged {
		earliest, latest = u.op.From, u.op.To
	}
	sum, ends := 0, time.Duration(0)
	for _, stamp := range result.Stamps {
		i, known := u.plan.expiring(since(stamp.ExpiresAt))
		if !known || u.plan.Credentials[i].Wallet != u.op.Step.Wallet || u.plan.Credentials[i].Provider != stamp.Provider {
			u.faultf("it has a stamp of %s that is not the wallet's", stamp.Provider)
			continue
		}
		u.seen = u.seen.with(i)
		expires := u.plan.Credentials[i].Expires
		if left := stamp.Outcome == passport.LeftOut; left && expires > latest || !left && expires <= earliest {
			u.faultf("c%d, which expires at +%v, is %s at +%v", i, expires, stamp.Outcome, u.At)
		}
		if stamp.Outcome == passport.LeftOut {
			continue
		}
		f := fate{credential: i, counts: stamp.Outcome == passport.Counted}
		if f.counts {
			u.Counts = u.Counts.with(i)
			sum += Weights()[stamp.Provider]
			if ends == 0 || expires < ends {
				ends = expires
			}
		} else {
			u.Lost = u.Lost.with(i)
			f.until = u.until(i, since(stamp.ClaimedUntil))
		}
		u.fates = append(u.fates, f)
	}
	if !result.ExpiresAt.IsZero() {
		u.Expires = since(result.ExpiresAt)
	}
	if u.Expires != ends || u.Sum != strconv.Itoa(sum) || u.Passing != (sum >= Threshold) {
		u.faultf("its stamps come to %d, until +%v, not to %s (passing: %t), until +%v", sum, ends, u.Sum, u.Passing, u.Expires)
	}
	u.readKeys()
}

// until returns the time until which another holds a nullifier of the
// credential: it must be one at which a claim can end.
func (u *understanding) until(credential int, until time.Duration) time.Duration {
	i, found := u.plan.expiring(until)
	if !found || u.plan.Credentials[i].Wallet == u.op.Step.Wallet || until <= u.At {
		u.faultf("c%d does not count until +%v, when no claim of another ends", credential, until)
	}
	return until
}

// readKeys reads the keys that the scoring earned.
func (u *understanding) readKeys() {
	for _, award := range u.op.Result.Points {
		if award.Action != actionKey || u.keys[award.Provider] || !u.counts(award.Provider) || !u.Passing {
			u.faultf("it has earned %s of %s, for nothing or twice", award.Action, award.Provider)
		}
		u.keys[award.Provider] = true
	}
}

// actionKey is the points action of which a wallet earns one for each provider.
const actionKey = "HKY"

// counts reports whether a credential of the provider counts.
func (u *understanding) counts(provider string) bool {
	for _, f := range u.fates {
		if f.counts && u.plan.Credentials[f.credential].Provider == provider {
			return true
		}
	}
	return false
}
