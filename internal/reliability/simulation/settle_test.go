package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// settle ends the trouble and scores every wallet, and once more: the repeat
// must change nothing but times and add one event each, and every wallet must
// have the points that it has earned.
func (w *world) settle(ctx context.Context, host *client) error {
	scorer := newClient(w, 0, w.engine, w.under.engine)
	scorer.name, scorer.calm = host.name, true
	for _, at := range w.places() {
		scorer.preview(ctx, at.community, at.address)
		foreseen := scorer.read
		scorer.score(ctx, at.community, at.address)
		if foreseen != nil && !foreseen.same(scorer.read) {
			return fmt.Errorf("a preview of %v saw something else than the scoring after it", at)
		}
		scorer.latest(ctx, at.community, at.address)
	}
	before, err := w.quiet()
	if err != nil {
		return fmt.Errorf("when all is calm: %w", err)
	}
	for _, at := range w.places() {
		scorer.score(ctx, at.community, at.address)
	}
	after, err := w.quiet()
	if err != nil {
		return fmt.Errorf("repeated: %w", err)
	}
	return errors.Join(converges(*before, *after), w.due())
}

// places are all wallets in all communities.
func (w *world) places() []place {
	var places []place
	for _, community := range w.communities {
		for _, address := range w.wallets {
			places = append(places, place{community, address})
		}
	}
	return places
}

// same reports whether the decisions differ in nothing but the time.
func (d *decision) same(other *decision) bool {
	return other != nil && fmt.Sprint(d.fails, d.raw, d.passing, d.expires, d.held, d.claims) ==
		fmt.Sprint(other.fails, other.raw, other.passing, other.expires, other.held, other.claims)
}

// converges demands that a repeated scoring of all wallets has changed nothing
// but the times of scores, and added nothing but events.
func converges(before, after store.State) error {
	for _, s := range []*store.State{&before, &after} {
		s.Events, s.Scores = nil, slices.Clone(s.Scores)
		for i := range s.Scores {
			s.Scores[i].ScoredAt = time.Time{}
		}
	}
	if changed := storetest.Compare(before, after); len(changed) > 0 {
		return fmt.Errorf("the repeat changed the content: %s", strings.Join(changed, "\n"))
	}
	return nil
}

// due demands that every wallet that passes has the points for what counts.
func (w *world) due() error {
	m := w.model
	has := func(address store.Address, action, provider string) bool {
		return slices.ContainsFunc(m.awards, func(a award) bool {
			return a.address == address && a.Action == action && a.Provider == provider
		})
	}
	given := 0
	for _, a := range m.awards {
		if a.Action == "MM2" {
			given++
		}
	}
	actions := map[string]string{
		"SelfStakingGold": "ISG", "TrustedCitizen": "CST", "Biometrics": "HBI", "BeginnerCommunityStaker": "CSB",
	}
	for at, scorings := range m.scorings {
		last := scorings[len(scorings)-1]
		if !m.exists(at.community) || !last.earns {
			continue
		}
		for provider := range last.counted {
			if action := actions[provider]; !has(at.address, "HKY", provider) || action != "" && !has(at.address, action, "") {
				return fmt.Errorf("%v passes with %s and has no points for it", at, provider)
			}
		}
		for list, action := range map[string]string{"SeasonedPassportOGs": "SOG", "TheChosenOnes": "TCO"} {
			if m.lists[list][at.address] && !has(at.address, action, "") {
				return fmt.Errorf("%v passes, is on %s and has no points for it", at, list)
			}
		}
		if c := w.capped; c != nil && m.lists[c.List][at.address] && given < c.Limit && !has(at.address, c.Action, "") {
			return fmt.Errorf("%v passes, is on %s and has no points for it, though only %d do", at, c.List, given)
		}
		places := 0
		for qualified := range m.qualified {
			if qualified.address == at.address {
				places++
			}
		}
		if places >= 4 && !has(at.address, "SCB", "") {
			return fmt.Errorf("%s qualified in %d communities and has no bonus", at.address, places)
		}
	}
	return nil
}
