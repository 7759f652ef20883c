package simulation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// check returns everything in which the content differs from the model, so that
// nothing is lost by a failure and nothing there that was not written, and
// every invariant that is broken.
func (w *world) check(s *store.State) error {
	d := differ{model: w.model, state: s}
	rules := invariants.Rules{}
	if w.capped != nil {
		rules.Limits = map[string]int{w.capped.Action: w.capped.Limit}
	}
	for _, broken := range invariants.Check(s, rules) {
		d.addf("%s", broken)
	}
	d.credentials()
	d.claims()
	d.scores()
	d.events()
	d.points()
	return errors.Join(d.found...)
}

// differ collects differences between a content and the model.
type differ struct {
	model *model
	state *store.State
	found []error
}

func (d *differ) addf(format string, args ...any) {
	d.found = append(d.found, fmt.Errorf(format, args...))
}

func (d *differ) credentials() {
	if len(d.state.Credentials) != len(d.model.credentials) {
		d.addf("%d credentials are stored, want %d", len(d.state.Credentials), len(d.model.credentials))
		return
	}
	for i, row := range d.state.Credentials {
		want := d.model.credentials[i]
		if row.Address != want.address || row.Provider != want.Provider || row.ProofValue != want.ProofValue ||
			row.Deleted != want.deleted || row.Revoked != want.revoked {
			d.addf("credential %d is %+v; want %s of %s, deleted %v, revoked %v", i, row, want.Provider, want.address, want.deleted, want.revoked)
		}
	}
}

func (d *differ) claims() {
	for _, c := range d.state.Claims {
		if want := d.model.holders[nullifier{c.Community, c.Nullifier}]; !want.Equal(c.Holder) {
			d.addf("%q in community %d is held by %v, want %v", c.Nullifier, c.Community, c.Holder, want)
		}
	}
	if len(d.state.Claims) != len(d.model.holders) {
		d.addf("%d nullifiers are held, want %d", len(d.state.Claims), len(d.model.holders))
	}
}

func (d *differ) scores() {
	if len(d.state.Scores) != len(d.model.scorings) {
		d.addf("%d scores are recorded, want %d", len(d.state.Scores), len(d.model.scorings))
	}
	for i := range d.state.Scores {
		row := &d.state.Scores[i]
		at := place{row.Community, row.Address}
		last := d.model.last(at)
		score, err := invariants.ReadScore(row.Score)
		if last == nil || err != nil {
			d.addf("%v has a score that was not written: %w", at, err)
			continue
		}
		if fault := last.differs(score); fault != "" {
			d.addf("the score of %v: %s", at, fault)
		}
		counted, want := map[string]string{}, map[string]string{}
		for _, c := range row.Counted {
			if signed, err := invariants.ReadCredential(c.Document); err == nil {
				counted[c.Provider] = signed.Proof.ProofValue
			}
		}
		if done := d.model.lastDone(at); done != nil {
			for provider, f := range done.counted {
				want[provider] = f.ProofValue
			}
		}
		if !maps.Equal(counted, want) {
			d.addf("%v counts %v, want %v", at, slices.Sorted(maps.Keys(counted)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// lastDone is the last scoring of the address that did not fail.
func (m *model) lastDone(at place) *scoring {
	for _, s := range slices.Backward(m.scorings[at]) {
		if s.fails == nil {
			return s
		}
	}
	return nil
}

// differs says how the score differs from the decision.
func (d *decision) differs(s *invariants.Score) string {
	if d.fails != nil {
		if s.Status != store.StatusError {
			return fmt.Sprintf("it is %s, and must have failed: %v", s.Status, d.fails)
		}
		return ""
	}
	if s.Status != store.StatusDone {
		return "it failed, and must not have"
	}
	if number(s.Evidence.RawScore).Cmp(d.raw) != 0 || number(s.Evidence.Threshold).Cmp(d.threshold) != 0 || !s.ScoredAt.Equal(d.at) {
		return fmt.Sprintf("%s of %s at %v, want %v of %v at %v", s.Evidence.RawScore, s.Evidence.Threshold, s.ScoredAt, d.raw, d.threshold, d.at)
	}
	valid := 0
	for provider, want := range d.fates {
		if want.outcome == passport.LeftOut {
			continue
		}
		valid++
		stamp, recorded := s.Stamps[provider]
		if !recorded || stamp.Dedup != (want.outcome == passport.Deduplicated) {
			return fmt.Sprintf("%s must be %s", provider, want.outcome)
		}
	}
	if valid != len(s.Stamps) {
		return fmt.Sprintf("it has %d stamps, want %d", len(s.Stamps), valid)
	}
	return ""
}

func (d *differ) events() {
	recorded := map[place][]*store.StoredEvent{}
	for i := range d.state.Events {
		if e := &d.state.Events[i]; e.Action == store.ActionScoreUpdate {
			at := place{e.Community, e.Address}
			recorded[at] = append(recorded[at], e)
		}
	}
	for at, scorings := range d.model.scorings {
		done := slices.DeleteFunc(slices.Clone(scorings), func(s *scoring) bool { return s.fails != nil })
		events := recorded[at]
		if len(events) != len(done) {
			d.addf("%v has %d events, and was scored %d times", at, len(events), len(done))
			continue
		}
		for i, s := range done {
			score, err := invariants.ReadEvent(events[i].Data)
			if err != nil || s.differs(score) != "" {
				d.addf("event %d of %v, %s, is not of its scoring", i, at, events[i].Data)
			}
			if !events[i].At.Equal(s.at) {
				d.addf("event %d of %v is of %v, want %v", i, at, events[i].At, s.at)
			}
		}
		delete(recorded, at)
	}
	if len(recorded) > 0 {
		d.addf("%d addresses have events, and were not scored", len(recorded))
	}
}

// points compares the points with the receipts, and checks that those for the
// members of a list are of addresses that were on it once.
func (d *differ) points() {
	var got, want []award
	for _, p := range d.state.Points {
		got = append(got, award{p.Address, p.HumanPoint})
		list := map[string]string{"SOG": "SeasonedPassportOGs", "TCO": "TheChosenOnes", "MM2": "MetaMaskOG2"}[p.Action]
		if list != "" && !d.model.everOn[list][p.Address] {
			d.addf("%s has been given %s, and was never on %s", p.Address, p.Action, list)
		}
	}
	want = append(want, d.model.awards...)
	for _, awards := range [][]award{got, want} {
		slices.SortFunc(awards, func(a, b award) int {
			return cmp.Or(cmp.Compare(a.address, b.address), store.ComparePoints(a.HumanPoint, b.HumanPoint))
		})
	}
	if !slices.Equal(got, want) {
		d.addf("the points are %v, by the receipts %v", got, want)
	}
	for _, q := range d.state.Qualified {
		if !d.model.qualified[place{q.Community, q.Address}] {
			d.addf("%s must not have qualified in community %d", q.Address, q.Community)
		}
	}
	if len(d.state.Qualified) != len(d.model.qualified) {
		d.addf("%d qualified, want %d", len(d.state.Qualified), len(d.model.qualified))
	}
}
