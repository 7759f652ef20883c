package histories

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ofRows takes what the rows tell: to the checker they are read by the client
// that comes after all others.
func (f *facts) ofRows(reading *Reading) {
	h := f.history
	read := Operation{Client: h.Alone, Call: reading.Call, Return: reading.Return, Step: Step{Action: "row"}, Ended: Done}
	for _, community := range []int64{FirstCommunity, SecondCommunity} {
		read.Step.Community = community
		for n := range h.Plan.Nullifiers {
			f.claim(&read, n, claimRow{reading.claim(community, n)})
		}
		for w := range h.Plan.Wallets {
			f.wallet(&read, owner(w), stands{community, reading.score(WalletPlace{community, w}), false})
		}
	}
	for w := range h.Plan.Wallets {
		for _, provider := range providers() {
			rows := 0
			for _, award := range reading.Awards {
				if award == (AwardRow{w, actionKey, provider}) {
					rows++
				}
			}
			f.point(&read, key{w, provider}, keyRows(rows))
		}
	}
}

func (r *Rows) claim(community int64, nullifier int) claim {
	for _, row := range r.Claims {
		if row.Community == community && row.Nullifier == nullifier {
			return claim{row.Wallet, row.Until}
		}
	}
	return claim{holder: nobody}
}

func (r *Rows) score(place WalletPlace) Standing {
	for _, row := range r.Scores {
		if row.WalletPlace == place {
			return row.Standing
		}
	}
	return Standing{}
}

// checkRows returns what the rows hold that does not fit together, or that no
// scoring has told of.
func (h *History) checkRows(f *facts) error {
	var faults []error
	for i := range h.Readings {
		r := &rowsCheck{Reading: &h.Readings[i], history: h, facts: f}
		r.check()
		faults = append(faults, r.faults...)
	}
	return errors.Join(faults...)
}

type rowsCheck struct {
	*Reading

	history *History
	facts   *facts
	faults  []error
}

func (r *rowsCheck) check() {
	r.faults = slices.Clone(r.Faults)
	r.oneHolder()
	for _, community := range []int64{FirstCommunity, SecondCommunity} {
		for w := range r.history.Plan.Wallets {
			at := WalletPlace{community, w}
			r.wallet(at)
			r.links(at)
		}
	}
	r.visits()
}

func (r *rowsCheck) faultf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("rows: "+format, args...))
}

// oneHolder checks that a nullifier has one holder in a community, and that
// claims and awards are of our wallets and communities.
func (r *rowsCheck) oneHolder() {
	seen := map[place]bool{}
	for _, row := range r.Claims {
		at := place{row.Community, row.Nullifier}
		if seen[at] {
			r.faultf("%v has two holders", at)
		}
		seen[at] = true
		if row.Community != FirstCommunity && row.Community != SecondCommunity {
			r.faultf("a claim is of community %d", row.Community)
		}
	}
	for _, award := range r.Awards {
		if award.Action != actionKey {
			r.faultf("%s has been given %s", walletName(award.Wallet), award.Action)
		}
	}
}

// wallet checks that score, stamps and events of one wallet in one community are
// of one scoring, and that there is an event for each scoring.
func (r *rowsCheck) wallet(at WalletPlace) {
	score, updates := r.score(at), r.updates(at)
	if n := len(updates); n > 0 && updates[n-1] != score {
		r.faultf("%v: the score is %v, the last event tells %v", at, score, updates[n-1])
	}
	var stamps []int
	for _, row := range r.Stamps {
		if row.WalletPlace == at {
			stamps = append(stamps, row.Credential)
		}
	}
	if setOf(stamps) != score.Counts || len(stamps) != score.Counts.size() {
		r.faultf("%v: the stamps are %v, the score is of %v", at, stamps, score.Counts)
	}
	r.events(at, updates)
	if qualified, passed := r.qualified(at), slices.ContainsFunc(updates, func(s Standing) bool { return s.Passing }); qualified > 1 || (qualified == 1) != passed {
		r.faultf("%v: qualified %d times, has passed: %t", at, qualified, passed)
	}
}

// links checks that the claims are those that the last score stands on. What
// counts is held until the last of its credentials expires, unless that moment
// has come: then it may be another's, or given to the wallet anew. Of what does
// not count the wallet has not taken everything, and nothing that it lists is
// free. Each change of such a claim would have come with another score.
func (r *rowsCheck) links(at WalletPlace) {
	score, plan := r.score(at), r.history.Plan
	until := map[int]time.Duration{}
	for _, i := range score.Counts.members() {
		for _, n := range plan.Credentials[i].Nullifiers {
			until[n] = max(until[n], plan.Credentials[i].Expires)
		}
	}
	for n, end := range until {
		c := r.claim(at.Community, n)
		if held := c.holder == at.Wallet && c.until >= end; !held && (c.holder == nobody || end > r.At) {
			r.faultf("%v counts on n%d until +%v, which is %v", at, n, end, c)
		}
	}
	for _, i := range score.Lost.members() {
		all := true
		for _, n := range plan.Credentials[i].Nullifiers {
			c := r.claim(at.Community, n)
			all = all && c.holder == at.Wallet && r.taken(at, n, c.until)
			if c.holder == nobody {
				r.faultf("%v: c%d lists n%d, which is free", at, i, n)
			}
		}
		if all {
			r.faultf("%v: c%d does not count, but the wallet has taken all that it lists", at, i)
		}
	}
}

// taken tells whether a scoring of the wallet has taken the nullifier until that
// moment: otherwise it was given to it, at the end of the claim that was in the
// way.
func (r *rowsCheck) taken(at WalletPlace, n int, until time.Duration) bool {
	for i, s := range r.facts.scorings {
		op := &r.history.Operations[i]
		if (WalletPlace{op.Step.Community, op.Step.Wallet}) != at {
			continue
		}
		if f, is := r.facts.nullifier(op, s, n).(took); is && f.until == until {
			return true
		}
	}
	return false
}

// events checks that there is one event for each scoring that is done, at most
// one for each that is unknown, and one for each credential that was lost.
func (r *rowsCheck) events(at WalletPlace, updates []Standing) {
	rest, unknown := slices.Clone(updates), 0
	for i := range r.history.Operations {
		op := &r.history.Operations[i]
		if op.Step.Action != Score || op.Call > r.Call || (WalletPlace{op.Step.Community, op.Step.Wallet}) != at {
			continue
		}
		switch op.Ended {
		case Unknown:
			unknown++
		case Done:
			told := r.facts.scorings[i].Standing
			if place := slices.Index(rest, told); place >= 0 {
				rest = slices.Delete(rest, place, place+1)
			} else {
				r.faultf("%v: no event tells of the scoring %v", at, told)
			}
		case Failed:
		}
	}
	if len(rest) > unknown {
		r.faultf("%v: %d events too many, such as %v", at, len(rest)-unknown, rest[0])
	}
	lost := map[int]int{} // those that are alike are alike to their events
	for _, update := range updates {
		for _, i := range update.Lost.members() {
			lost[r.history.Plan.like(r.history.Plan.Credentials[i])]++
		}
	}
	if told := r.deduplicated(at); !maps.Equal(told, lost) {
		r.faultf("%v: events tell of lost credentials (number of each): %v, the scores of %v", at, told, lost)
	}
}

// updates are what the SCU events tell, in order.
func (r *rowsCheck) updates(at WalletPlace) []Standing {
	var told []Standing
	for _, event := range r.Events {
		if event.WalletPlace == at && event.Action == "SCU" {
			told = append(told, event.Standing)
		}
	}
	return told
}

// deduplicated are what the LDP events tell: how often which credential.
func (r *rowsCheck) deduplicated(at WalletPlace) map[int]int {
	told := map[int]int{}
	for _, event := range r.Events {
		if event.WalletPlace == at && event.Action == "LDP" {
			told[event.Credential]++
		}
	}
	return told
}

func (r *rowsCheck) qualified(at WalletPlace) int {
	n := 0
	for _, place := range r.Qualified {
		if place == at {
			n++
		}
	}
	return n
}

// visits checks that the host's own rows are there for the scorings that are
// done, and for no other that failed.
func (r *rowsCheck) visits() {
	if !r.Hosted {
		return
	}
	for i := range r.history.Operations {
		op := &r.history.Operations[i]
		if op.Visit == "" || op.Call > r.Call || op.Ended == Unknown {
			continue
		}
		if there := slices.Contains(r.Visits, op.Visit); there != (op.Ended == Done) {
			r.faultf("the host's row of a scoring that ended as %q is there: %t", op.Ended, there)
		}
	}
}
