package simulation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// equal demands that the rows are those that the model has come to: nothing lost
// by a failure, nothing there that nobody wrote. It returns everything that differs.
func (r *rows) equal(m *model) error {
	var differ []error
	breaks := func(format string, args ...any) { differ = append(differ, fmt.Errorf(format, args...)) }
	r.equalCredentials(breaks, m)
	r.equalLinks(breaks, m)
	r.equalScores(breaks, m)
	r.equalEvents(breaks, m)
	r.equalPoints(breaks, m)
	return errors.Join(differ...)
}

func (r *rows) equalCredentials(breaks breakFunc, m *model) {
	if len(r.Credentials) != len(m.credentials) {
		breaks("%d credentials are stored, want %d", len(r.Credentials), len(m.credentials))
		return
	}
	revoked := map[int64]bool{}
	for _, row := range r.Revocations {
		revoked[row.Credential] = true
	}
	for i, row := range r.Credentials {
		want := m.credentials[i]
		if row.Address != want.address || row.Provider != want.Provider || row.Proof != want.ProofValue ||
			(row.Deleted != nil) != want.deleted || revoked[row.ID] != want.revoked {
			breaks("credential %d is %+v, revoked %v; want %s of %s, deleted %v, revoked %v",
				i, row, revoked[row.ID], want.Provider, want.address, want.deleted, want.revoked)
		}
	}
}

func (r *rows) equalLinks(breaks breakFunc, m *model) {
	for _, l := range r.Links {
		want, claimed := m.holders[nullifier{l.Community, l.Hash}]
		if !claimed || want.address != l.Address || !want.until.Equal(l.Expires) {
			breaks("%q in community %d is held by %s until %v, want %v", l.Hash, l.Community, l.Address, l.Expires, want)
		}
	}
	if len(r.Links) != len(m.holders) {
		breaks("%d nullifiers are held, want %d", len(r.Links), len(m.holders))
	}
}

func (r *rows) equalScores(breaks breakFunc, m *model) {
	if len(r.Scores) != len(m.scorings) {
		breaks("%d scores are recorded, want %d", len(r.Scores), len(m.scorings))
	}
	stamps := map[int64]map[string]string{} // by passport and provider, the proof
	for _, s := range r.Stamps {
		var says signed
		_ = json.Unmarshal(s.Credential, &says) // looked at before
		if stamps[s.Passport] == nil {
			stamps[s.Passport] = map[string]string{}
		}
		stamps[s.Passport][s.Provider] = says.Proof.ProofValue
	}
	for _, s := range r.Scores {
		at := r.at[s.Passport]
		last := m.last(at)
		if last == nil {
			breaks("%v has a score that nobody wrote", at)
			continue
		}
		if fault := s.is(last.decision); fault != "" {
			breaks("the score of %v: %s", at, fault)
		}
		counted := map[string]string{}
		if done := m.lastDone(at); done != nil {
			for provider, f := range done.counted {
				counted[provider] = f.ProofValue
			}
		}
		if !maps.Equal(counted, stamps[s.Passport]) {
			breaks("%v has stamps of %v, want %v", at, slices.Sorted(maps.Keys(stamps[s.Passport])), slices.Sorted(maps.Keys(counted)))
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

// is tells how the score differs from what was decided.
func (s *scoreFields) is(d *decision) string {
	if d.fails != nil {
		if s.Status != string(store.StatusError) {
			return fmt.Sprintf("it is %s, and must have failed: %v", s.Status, d.fails)
		}
		return ""
	}
	if s.Status != string(store.StatusDone) {
		return "it failed, and must not have"
	}
	if number(s.Evidence.RawScore).Cmp(d.raw) != 0 || number(s.Evidence.Threshold).Cmp(d.threshold) != 0 || !s.Scored.Equal(d.at) {
		return fmt.Sprintf("%s of %s at %v, want %v of %v at %v", s.Evidence.RawScore, s.Evidence.Threshold, s.Scored, d.raw, d.threshold, d.at)
	}
	valid := 0
	for provider, want := range d.fates {
		if want.outcome == passport.LeftOut {
			continue
		}
		valid++
		stamp, told := s.Stamps[provider]
		if !told || stamp.Dedup != (want.outcome == passport.Deduplicated) {
			return fmt.Sprintf("%s must be %s", provider, want.outcome)
		}
	}
	if valid != len(s.Stamps) {
		return fmt.Sprintf("it tells of %d stamps, want %d", len(s.Stamps), valid)
	}
	return ""
}

func (r *rows) equalEvents(breaks breakFunc, m *model) {
	told := map[place][]*eventRow{}
	for i := range r.Events {
		if e := &r.Events[i]; e.Action == store.ActionScoreUpdate {
			at := place{e.Community, e.Address}
			told[at] = append(told[at], e)
		}
	}
	for at, scorings := range m.scorings {
		done := slices.DeleteFunc(slices.Clone(scorings), func(s *scoring) bool { return s.fails != nil })
		if len(told[at]) != len(done) {
			breaks("%v has %d events, and was scored %d times", at, len(told[at]), len(done))
			continue
		}
		for i, s := range done {
			if fault := told[at][i].Data.Fields.is(s.decision); fault != "" {
				breaks("event %d of %v: %s", i, at, fault)
			}
			if !told[at][i].Created.Equal(s.at) {
				breaks("event %d of %v is of %v, want %v", i, at, told[at][i].Created, s.at)
			}
		}
		delete(told, at)
	}
	if len(told) > 0 {
		breaks("%d addresses have events, and were not scored", len(told))
	}
}

func (r *rows) equalPoints(breaks breakFunc, m *model) {
	if len(r.Points) != len(m.awards) {
		breaks("%d points are given, the receipts tell of %d", len(r.Points), len(m.awards))
		return
	}
	for i, p := range r.Points {
		if a := m.awards[i]; p.Address != a.address || p.Action != a.Action || p.Provider != a.Provider || p.TxHash != a.TxHash {
			breaks("point %d is %v, the receipt tells of %v", i, p, a)
		}
	}
	if len(r.Qualified) != len(m.qualified) {
		breaks("%d qualified, want %d", len(r.Qualified), len(m.qualified))
	}
	for _, q := range r.Qualified {
		if !m.qualified[place{q.Community, q.Address}] {
			breaks("%s must not have qualified in community %d", q.Address, q.Community)
		}
	}
}
