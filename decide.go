package passport

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// decision is what a scoring came to: what the caller is told and what the
// store is to write.
type decision struct {
	result  Result
	changes store.Changes
}

// decide turns a snapshot and the examined credentials of its one wallet into
// a decision. It is pure: the same arguments give the same decision, so a
// preview is a decision that is not applied, and a retry is the same again.
//
// Its errors are the community's fault, and are recorded.
func decide(snapshot *store.Snapshot, candidates []candidate, terms terms, program *HumanPoints) (*decision, error) {
	wallet := &snapshot.Wallets[0]
	address := Address(wallet.Address)
	rulings, claimed, held := lifo(address, snapshot.At, claimantsOf(candidates), snapshot.Claims)
	d := &decision{
		result: Result{
			Community: snapshot.Community.ID,
			Address:   address,
			Threshold: terms.threshold,
			ScoredAt:  snapshot.At,
			Stamps:    make([]Stamp, 0, len(candidates)),
		},
		changes: store.Changes{
			Community: snapshot.Community.ID,
			At:        snapshot.At,
			Wallets:   []store.WalletChanges{{Address: wallet.Address, Version: wallet.Version}},
			Claims:    claimed,
			Held:      held,
		},
	}
	var earners []earner
	for i := range candidates {
		c := &candidates[i]
		if !c.valid {
			d.leaveOut(c)
			continue
		}
		ruled := rulings[0]
		rulings = rulings[1:]
		if ruled.deduplicated {
			d.deduplicate(c, ruled.until)
			continue
		}
		if err := d.count(c, terms); err != nil {
			return nil, err
		}
		earners = append(earners, earner{provider: c.row.Provider, nullifiers: c.said.Nullifiers, legacy: c.said.Legacy})
	}
	d.result.Passing = d.result.Score.Cmp(terms.threshold) >= 0
	d.award(snapshot, earners, program)
	var err error
	d.changes.Wallets[0].Score, err = scoreRow(&d.result)
	return d, err
}

// claimantsOf are the valid candidates, in their order.
func claimantsOf(candidates []candidate) []claimant {
	var claimants []claimant
	for i := range candidates {
		if c := &candidates[i]; c.valid {
			claimants = append(claimants, claimant{nullifiers: c.said.Nullifiers, expiresAt: c.said.ExpiresAt})
		}
	}
	return claimants
}

// leaveOut tells of a credential that is not valid.
func (d *decision) leaveOut(c *candidate) {
	d.result.Stamps = append(d.result.Stamps, Stamp{
		Provider: c.row.Provider, Outcome: LeftOut, ExpiresAt: c.said.ExpiresAt, Reason: c.reason, Why: c.why,
	})
}

// deduplicate tells of a credential of which another wallet holds a nullifier.
func (d *decision) deduplicate(c *candidate, until time.Time) {
	d.result.Stamps = append(d.result.Stamps, Stamp{
		Provider: c.row.Provider, Outcome: Deduplicated, ExpiresAt: c.said.ExpiresAt, ClaimedUntil: until,
		Why: "claimed by another wallet until " + day(until),
	})
	writes := &d.changes.Wallets[0]
	writes.Events = append(writes.Events, deduplicatedEvent(d.result.Community, d.result.Address, c))
}

// count adds a credential that is valid and not deduplicated to the result.
func (d *decision) count(c *candidate, terms terms) error {
	stamp := Stamp{Provider: c.row.Provider, Outcome: Counted, ExpiresAt: c.said.ExpiresAt}
	weight, weighed := terms.weights[c.row.Provider]
	if !weighed {
		stamp.Why = "the community gives this provider no weight"
	}
	stamp.Weight = weight
	var err error
	if d.result.Score, err = d.result.Score.add(weight); err != nil {
		return fmt.Errorf("%w: adding %s for %.100q: %w", ErrInvalidWeights, weight, c.row.Provider, err)
	}
	if e := d.result.ExpiresAt; e.IsZero() || c.said.ExpiresAt.Before(e) {
		d.result.ExpiresAt = c.said.ExpiresAt
	}
	d.result.Stamps = append(d.result.Stamps, stamp)
	writes := &d.changes.Wallets[0]
	writes.Stamps = append(writes.Stamps, store.Stamp{Provider: c.row.Provider, Credential: c.row.Stamp, CredentialID: c.row.ID})
	return nil
}

// award adds the human points that a passing score earns.
func (d *decision) award(snapshot *store.Snapshot, earners []earner, program *HumanPoints) {
	if program == nil || !snapshot.Community.HumanPoints || !d.result.Passing || snapshot.At.Before(program.Start) {
		return
	}
	writes, history, given := &d.changes.Wallets[0], &snapshot.Points.Wallets[0], snapshot.Points.Given
	writes.Qualified, writes.Awards = program.award(d.result.Community, earners, history, given)
	d.result.Points = points(foresee(writes.Awards, writes.Qualified, history, given), snapshot.Points.Values)
}

// failure is the change set of a scoring that the community made impossible.
func failure(snapshot *store.Snapshot, cause error) *store.Changes {
	return &store.Changes{
		Community: snapshot.Community.ID,
		At:        snapshot.At,
		Wallets: []store.WalletChanges{{
			Address: snapshot.Wallets[0].Address,
			Version: snapshot.Wallets[0].Version,
			Score:   store.Score{Status: store.StatusError, Error: cause.Error()},
		}},
	}
}

// The documents below are those that the service writes, member by member.

// stampScore tells what became of a valid credential.
type stampScore struct {
	Score      string `json:"score"`
	Dedup      bool   `json:"dedup"`
	Expiration string `json:"expiration_date"`
}

// places is the number of decimals of scores and thresholds in those
// documents.
const places = 5

func scoreRow(result *Result) (store.Score, error) {
	score := store.Score{Status: store.StatusDone, Value: "0", ScoredAt: result.ScoredAt, ExpiresAt: result.ExpiresAt}
	if result.Passing {
		score.Value = "1"
	}
	numbers := make(map[string]json.Number, len(result.Stamps))
	stamps := make(map[string]stampScore, len(result.Stamps))
	for _, s := range result.Stamps {
		if s.Outcome == LeftOut {
			continue
		}
		stamps[s.Provider] = stampScore{
			Score: s.Weight.Fixed(places), Dedup: s.Outcome == Deduplicated, Expiration: store.FormatTime(s.ExpiresAt),
		}
		if s.Outcome == Counted {
			numbers[s.Provider] = json.Number(s.Weight.jsonNumber())
		}
	}
	documents := []struct {
		to   *[]byte
		from any
	}{
		{&score.Evidence, evidence{thresholdEvidence, result.Passing, result.Score.String(), result.Threshold.Fixed(places)}},
		{&score.StampScores, numbers},
		{&score.Stamps, stamps},
	}
	for _, document := range documents {
		var err error
		if *document.to, err = json.Marshal(document.from); err != nil {
			return store.Score{}, fmt.Errorf("writing the score's JSON: %w", err)
		}
	}
	return score, nil
}

func deduplicatedEvent(community int64, address Address, c *candidate) store.Event {
	data, _ := json.Marshal(struct { //nolint:errchkjson // texts and a number: cannot fail
		Nullifiers []string `json:"nullifiers"`
		Provider   string   `json:"provider"`
		Community  int64    `json:"community_id"`
	}{c.said.Nullifiers, c.row.Provider, community})
	return store.Event{Action: store.ActionDeduplicated, Address: string(address), Data: data}
}

// microseconds is the precision of every moment that is stored or compared.
func microseconds(moment time.Time) time.Time { return moment.UTC().Truncate(time.Microsecond) }
