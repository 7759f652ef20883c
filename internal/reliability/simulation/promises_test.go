package simulation

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// keepPromises demands of the rows, by themselves, what the SDK promises. It
// returns everything that is broken.
func (r *rows) keepPromises(w *world) error {
	var broken []error
	breaks := func(format string, args ...any) { broken = append(broken, fmt.Errorf(format, args...)) }
	r.oneHolder(breaks)
	r.nothingCountsTwice(breaks, w.model.latest)
	r.scoresAreSums(breaks)
	r.eventsTellTheScores(breaks)
	r.nothingAwardedTwice(breaks, w)
	return errors.Join(broken...)
}

type breakFunc func(format string, args ...any)

// oneHolder: a nullifier has at most one holder in a community, and an address
// one score.
func (r *rows) oneHolder(breaks breakFunc) {
	holders := map[nullifier]string{}
	for _, l := range r.Links {
		n := nullifier{l.Community, l.Hash}
		if other, twice := holders[n]; twice {
			breaks("%v is held by %s and by %s", n, other, l.Address)
		}
		holders[n] = l.Address
	}
	passports, scores := map[place]int{}, map[int64]int{}
	for id, at := range r.at {
		passports[at]++
		scores[id] = 0
	}
	for _, s := range r.Scores {
		scores[s.Passport]++
	}
	for at, n := range passports {
		if n != 1 {
			breaks("%v has %d passports", at, n)
		}
	}
	for id, n := range scores {
		if n != 1 {
			breaks("passport %d of %v has %d scores", id, r.at[id], n)
		}
	}
}

// signed is what a counting credential says.
type signed struct {
	Subject struct{ Nullifiers []string } `json:"credentialSubject"`
	Expires time.Time                     `json:"expirationDate"`
	Proof   struct{ ProofValue string }
}

// nothingCountsTwice: while a stamp counts, its wallet holds all its nullifiers,
// and so no other wallet's counts for the same.
func (r *rows) nothingCountsTwice(breaks breakFunc, now time.Time) {
	type claim struct {
		address string
		until   time.Time
	}
	claims := map[nullifier]claim{}
	for _, l := range r.Links {
		claims[nullifier{l.Community, l.Hash}] = claim{l.Address, l.Expires}
	}
	for _, s := range r.Stamps {
		var says signed
		if err := json.Unmarshal(s.Credential, &says); err != nil {
			breaks("a stamp of %v: %w", r.at[s.Passport], err)
		}
		if !says.Expires.After(now) {
			continue
		}
		at := r.at[s.Passport]
		for _, n := range says.Subject.Nullifiers {
			if c := claims[nullifier{at.community, n}]; n != "" && (c.address != at.address || c.until.Before(says.Expires)) {
				breaks("%s of %v counts until %v, but %s has %q until %v", s.Provider, at, says.Expires, c.address, n, c.until)
			}
		}
	}
}

// scoresAreSums: a score is the sum of the weights of its stamps, passes when it
// reaches the threshold, and lasts as long as all of them; its rows tell the same.
func (r *rows) scoresAreSums(breaks breakFunc) {
	for _, s := range r.Scores {
		at := r.at[s.Passport]
		if s.Status == string(store.StatusError) {
			rest := s.scoreFields
			rest.Status, rest.Error = "", nil
			if s.Error == nil || !reflect.ValueOf(rest).IsZero() {
				breaks("the failed score of %v is not an error alone", at)
			}
			continue
		}
		if fault := s.adds(); fault != "" {
			breaks("the score of %v: %s", at, fault)
		}
		counting, expires := map[string]bool{}, time.Time{}
		for _, stamp := range r.Stamps {
			if stamp.Passport != s.Passport {
				continue
			}
			var says signed
			_ = json.Unmarshal(stamp.Credential, &says) // looked at above
			if counting[stamp.Provider] {
				breaks("%v has two stamps of %s", at, stamp.Provider)
			}
			counting[stamp.Provider] = true
			if expires.IsZero() || says.Expires.Before(expires) {
				expires = says.Expires
			}
			if _, told := s.StampScores[stamp.Provider]; !told {
				breaks("the stamp %s of %v is not in its score", stamp.Provider, at)
			}
		}
		if len(counting) != len(s.StampScores) {
			breaks("%v has %d stamps and a score of %d", at, len(counting), len(s.StampScores))
		}
		if told := s.Expires; told == nil != expires.IsZero() || told != nil && !told.Equal(expires) {
			breaks("the score of %v lasts until %v, its stamps until %v", at, told, expires)
		}
	}
}

// adds tells what is wrong with a score by itself.
func (s *scoreFields) adds() string {
	if s.Status != string(store.StatusDone) || s.Error != nil || s.Evidence == nil || s.Scored == nil {
		return "it is neither done nor failed"
	}
	sum, dedup := new(big.Rat), 0
	for provider, weight := range s.StampScores {
		stamp, told := s.Stamps[provider]
		if !told || stamp.Dedup || number(stamp.Score).Cmp(number(weight.String())) != 0 {
			return fmt.Sprintf("%s weighs %s and %s", provider, weight, stamp.Score)
		}
		sum.Add(sum, number(weight.String()))
	}
	for provider, stamp := range s.Stamps {
		if stamp.Dedup {
			dedup++
			if number(stamp.Score).Sign() != 0 {
				return provider + " is deduplicated, and weighs something"
			}
		}
	}
	raw, threshold := number(s.Evidence.RawScore), number(s.Evidence.Threshold)
	passes := raw.Cmp(threshold) >= 0
	switch {
	case len(s.StampScores)+dedup != len(s.Stamps):
		return "its stamps are not those that count and those that do not"
	case sum.Cmp(raw) != 0:
		return fmt.Sprintf("it is %s, and its stamps add up to %s", s.Evidence.RawScore, sum.FloatString(9))
	case passes != s.Evidence.Success || passes != (number(s.Score.String()).Sign() > 0):
		return fmt.Sprintf("%s of %s is told as %v, %s", s.Evidence.RawScore, s.Evidence.Threshold, s.Evidence.Success, s.Score)
	}
	return ""
}

// eventsTellTheScores: the last event of a score tells what its row does, and
// each is preceded by those of the credentials that lost.
func (r *rows) eventsTellTheScores(breaks breakFunc) {
	newest, lost := map[place]*eventRow{}, map[place]map[string]bool{}
	for i := range r.Events {
		e := &r.Events[i]
		at := place{e.Community, e.Address}
		if e.Action == store.ActionDeduplicated {
			if lost[at] == nil {
				lost[at] = map[string]bool{}
			}
			lost[at][e.Data.Provider] = true
			continue
		}
		fields := e.Data.Fields
		for provider, stamp := range fields.Stamps {
			if stamp.Dedup != lost[at][provider] {
				breaks("%v: %s lost: %v; the events say %v", at, provider, stamp.Dedup, lost[at][provider])
			}
			delete(lost[at], provider)
		}
		if len(lost[at]) > 0 {
			breaks("%v: the events tell of %v, its score does not", at, lost[at])
		}
		if fault := fields.adds(); fault != "" {
			breaks("an event of %v: %s", at, fault)
		}
		newest[at], lost[at] = e, nil
	}
	for at, providers := range lost {
		if len(providers) > 0 {
			breaks("%v: %v lost, and no score tells of it", at, providers)
		}
	}
	for _, s := range r.Scores {
		if s.Status != string(store.StatusDone) {
			continue
		}
		at := r.at[s.Passport]
		e := newest[at]
		if e == nil {
			breaks("%v has a score without an event", at)
			continue
		}
		told := e.Data.Fields.scoreFields
		told.Score = s.Score // 1 and 1.000000000, compared above
		if e.Data.PK != s.ID || e.Data.Fields.Passport != s.Passport || !reflect.DeepEqual(told, s.scoreFields) {
			breaks("the last event of %v is not of its score: %+v, %+v", at, e.Data, s)
		}
	}
}

// nothingAwardedTwice: an address gets an action once per provider, a capped one
// is given so many times, and whoever has any has passed for it.
func (r *rows) nothingAwardedTwice(breaks breakFunc, w *world) {
	passed := map[place]bool{}
	for _, e := range r.Events {
		if e.Action == store.ActionScoreUpdate && e.Data.Fields.Evidence.Success {
			passed[place{e.Community, e.Address}] = true
		}
	}
	qualified := map[string]int{}
	for _, q := range r.Qualified {
		qualified[q.Address]++
		if !passed[place{q.Community, q.Address}] {
			breaks("%s qualified in community %d, where it never passed", q.Address, q.Community)
		}
	}
	type once struct{ address, action, provider string }
	given, capped := map[once]bool{}, 0
	lists := map[string]string{"SOG": "SeasonedPassportOGs", "TCO": "TheChosenOnes", "MM2": "MetaMaskOG2"}
	for _, p := range r.Points {
		this := once{p.Address, p.Action, p.Provider}
		if given[this] {
			breaks("%v was awarded twice", this)
		}
		given[this] = true
		if p.Action == "MM2" {
			capped++
		}
		if list := lists[p.Action]; list != "" && !w.model.everOn[list][p.Address] {
			breaks("%v was awarded to one who was never on %s", this, list)
		}
		if n := qualified[p.Address]; n == 0 || p.Action == "SCB" && n < 4 {
			breaks("%v was awarded to one who qualified %d times", this, n)
		}
	}
	if w.capped == nil && capped > 0 || w.capped != nil && capped > w.capped.Limit {
		breaks("the capped award was given %d times", capped)
	}
}
