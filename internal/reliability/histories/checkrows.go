package histories

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ofRows takes what the rows tell in the end: to the checker they are read by
// one more client, after all others.
func (f *facts) ofRows() {
	h := f.history
	last := Operation{Client: h.Alone, Step: Step{Action: "row"}, Ended: Done}
	for i := range h.Operations {
		last.Call = max(last.Call, h.Operations[i].Return+1)
	}
	last.Return = last.Call + 1
	for _, community := range []int64{FirstCommunity, SecondCommunity} {
		last.Step.Community = community
		for n := range h.Plan.Nullifiers {
			f.claim(&last, n, claimRow{h.Rows.claim(community, n)})
		}
		for w := range h.Plan.Wallets {
			f.wallet(&last, owner(w), stands{community, h.Rows.score(WalletPlace{community, w}), false})
		}
	}
	for w := range h.Plan.Wallets {
		for _, provider := range providers() {
			rows := 0
			for _, award := range h.Rows.Awards {
				if award == (AwardRow{w, actionKey, provider}) {
					rows++
				}
			}
			f.point(&last, key{w, provider}, keyRows(rows))
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
	r := &rowsCheck{History: h, facts: f, faults: slices.Clone(h.Rows.Faults)}
	r.oneHolder()
	for _, community := range []int64{FirstCommunity, SecondCommunity} {
		for w := range h.Plan.Wallets {
			r.wallet(WalletPlace{community, w})
		}
	}
	r.visits()
	return errors.Join(r.faults...)
}

type rowsCheck struct {
	*History

	facts  *facts
	faults []error
}

func (r *rowsCheck) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("rows: "+format, args...))
}

// oneHolder checks that a nullifier has one holder in a community, and that
// claims and awards are of our wallets and communities.
func (r *rowsCheck) oneHolder() {
	seen := map[place]bool{}
	for _, row := range r.Rows.Claims {
		at := place{row.Community, row.Nullifier}
		if seen[at] {
			r.fault("%v has two holders", at)
		}
		seen[at] = true
		if row.Community != FirstCommunity && row.Community != SecondCommunity {
			r.fault("a claim is of community %d", row.Community)
		}
	}
	for _, award := range r.Rows.Awards {
		if award.Action != actionKey {
			r.fault("%s has been given %s", walletName(award.Wallet), award.Action)
		}
	}
}

// wallet checks that score, stamps and events of one wallet in one community are
// of one scoring, and that there is an event for each scoring.
func (r *rowsCheck) wallet(at WalletPlace) {
	name := fmt.Sprintf("%s in %d", walletName(at.Wallet), at.Community)
	score, updates := r.Rows.score(at), r.updates(at)
	if n := len(updates); n > 0 && updates[n-1] != score {
		r.fault("%s: the score is %+v, the last event tells %+v", name, score, updates[n-1])
	}
	var stamps []int
	for _, row := range r.Rows.Stamps {
		if row.WalletPlace == at {
			stamps = append(stamps, row.Credential)
		}
	}
	if setOf(stamps) != score.Counts || len(stamps) != score.Counts.size() {
		r.fault("%s: the stamps are %v, the score is of %v", name, stamps, score.Counts)
	}
	r.events(at, name, updates)
	if qualified, passed := r.qualified(at), slices.ContainsFunc(updates, func(s Standing) bool { return s.Passing }); qualified > 1 || (qualified == 1) != passed {
		r.fault("%s: qualified %d times, has passed: %t", name, qualified, passed)
	}
}

// events checks that there is one event for each scoring that is done, at most
// one for each that is unknown, and one for each credential that was lost.
func (r *rowsCheck) events(at WalletPlace, name string, updates []Standing) {
	rest, unknown := slices.Clone(updates), 0
	for i := range r.Operations {
		op := &r.Operations[i]
		if op.Step.Action != Score || (WalletPlace{op.Step.Community, op.Step.Wallet}) != at {
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
				r.fault("%s: no event tells of the scoring %+v", name, told)
			}
		case Failed:
		}
	}
	if len(rest) > unknown {
		r.fault("%s: %d events too many, such as %+v", name, len(rest)-unknown, rest[0])
	}
	lost := map[int]int{} // those that are alike are alike to their events
	for _, update := range updates {
		for _, i := range update.Lost.members() {
			lost[r.Plan.like(r.Plan.Credentials[i])]++
		}
	}
	if told := r.deduplicated(at); !maps.Equal(told, lost) {
		r.fault("%s: events tell of lost credentials (number of each): %v, the scores of %v", name, told, lost)
	}
}

// updates are what the SCU events tell, in order.
func (r *rowsCheck) updates(at WalletPlace) []Standing {
	var told []Standing
	for _, event := range r.Rows.Events {
		if event.WalletPlace == at && event.Action == "SCU" {
			told = append(told, event.Standing)
		}
	}
	return told
}

// deduplicated are what the LDP events tell: how often which credential.
func (r *rowsCheck) deduplicated(at WalletPlace) map[int]int {
	told := map[int]int{}
	for _, event := range r.Rows.Events {
		if event.WalletPlace == at && event.Action == "LDP" {
			told[event.Credential]++
		}
	}
	return told
}

func (r *rowsCheck) qualified(at WalletPlace) int {
	n := 0
	for _, place := range r.Rows.Qualified {
		if place == at {
			n++
		}
	}
	return n
}

// visits checks that the host's own rows are there for the scorings that are
// done, and for no other that failed.
func (r *rowsCheck) visits() {
	if !r.Rows.Hosted {
		return
	}
	for i := range r.Operations {
		op := &r.Operations[i]
		if op.Visit == "" || op.Ended == Unknown {
			continue
		}
		if there := slices.Contains(r.Rows.Visits, op.Visit); there != (op.Ended == Done) {
			r.fault("the host's row of a scoring that %s is there: %t", op.Ended, there)
		}
	}
}
