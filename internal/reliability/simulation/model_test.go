package simulation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// model is the service, written as plainly as possible, without regard to
// speed, failure or other clients. It follows a change once the store has made
// it.
type model struct {
	communities map[int64]*terms
	credentials []*stored // in the order in which they were stored
	holders     map[nullifier]store.Holder
	scorings    map[place][]*scoring
	lists       map[string]map[store.Address]bool
	// everOn are the lists that an address was ever on.
	everOn    map[string]map[store.Address]bool
	awards    []award
	qualified map[place]bool

	// pointsFrom is the beginning of the human points program, nil for none.
	pointsFrom *time.Time
}

type (
	// place is an address in a community.
	place struct {
		community int64
		address   store.Address
	}
	// nullifier is one in a community.
	nullifier struct {
		community int64
		text      string
	}
	// award is one that was given.
	award struct {
		address store.Address
		store.HumanPoint
	}
)

// terms are those of a community.
type terms struct {
	store.Community

	deleted bool
}

// stored is a row of a credential.
type stored struct {
	*filed

	address          store.Address
	deleted, revoked bool
}

// scoring is one that was written.
type scoring struct {
	*decision

	address store.Address
	awards  []store.HumanPoint
}

// decision is the outcome of one scoring.
type decision struct {
	at time.Time
	// live are the credentials that were read, by the place of their row.
	live []int
	// fails is set when the community cannot be scored.
	fails          error
	fates          map[string]fate // by provider
	raw, threshold *big.Rat
	passing        bool
	// earns reports whether the scoring earns human points.
	earns   bool
	expires time.Time
	counted map[string]*filed
	// claims are the claims as the scoring wants them, of the wallet and of
	// others, but for live ones of the wallet that stay as they are.
	claims map[string]store.Holder
	// held are those of them that were in the way.
	held map[string]bool
}

// fate is the outcome of a credential.
type fate struct {
	outcome passport.Outcome
	reason  passport.Reason
	weight  *big.Rat
}

func newModel() *model {
	return &model{
		communities: map[int64]*terms{},
		holders:     map[nullifier]store.Holder{},
		scorings:    map[place][]*scoring{},
		lists:       map[string]map[store.Address]bool{},
		everOn:      map[string]map[store.Address]bool{},
		qualified:   map[place]bool{},
	}
}

// exists reports whether the community is there and not deleted.
func (m *model) exists(community int64) bool {
	c, found := m.communities[community]
	return found && !c.deleted
}

// last is the last scoring of the address, nil if there was none.
func (m *model) last(at place) *scoring {
	if all := m.scorings[at]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// stands reports whether the scoring passed, and neither has it expired nor
// lacks the wallet one of its stamps.
func (m *model) stands(s *scoring, address store.Address, at time.Time) bool {
	if s == nil || !s.passing || !s.expires.IsZero() && !at.Before(s.expires) {
		return false
	}
	wallet := m.wallet(address)
	for provider := range s.counted {
		if wallet[provider] == nil {
			return false
		}
	}
	return true
}

// decideAll returns the outcomes of scorings of the addresses, each of which
// finds the claims as those before it have left them.
func (m *model) decideAll(community int64, addresses []store.Address, at time.Time) []*decision {
	tried := *m
	tried.holders = maps.Clone(m.holders)
	decisions := make([]*decision, len(addresses))
	for i, address := range addresses {
		decisions[i] = tried.decide(community, address, at)
		for n, h := range decisions[i].claims {
			tried.holders[nullifier{community, n}] = h
		}
	}
	return decisions
}

// decide returns the outcome of a scoring of the address at that time.
func (m *model) decide(community int64, address store.Address, at time.Time) *decision {
	d := &decision{
		at: at, live: m.live(address), raw: new(big.Rat),
		fates: map[string]fate{}, counted: map[string]*filed{}, claims: map[string]store.Holder{}, held: map[string]bool{},
	}
	weights, err := m.communities[community].weigh()
	if err != nil {
		d.fails = err
		return d
	}
	d.threshold = number(m.communities[community].Threshold)

	wallet := m.wallet(address)
	clashing := func(n string) bool {
		h, claimed := m.holders[nullifier{community, n}]
		return claimed && h.Address != address && h.ExpiresAt.After(at)
	}
	for _, provider := range slices.Sorted(maps.Keys(wallet)) {
		f := wallet[provider]
		switch reason := f.reason(at); {
		case reason != "":
			d.fates[provider] = fate{outcome: passport.LeftOut, reason: reason}
		case slices.ContainsFunc(f.nullifiers, clashing):
			d.fates[provider] = fate{outcome: passport.Deduplicated}
		default:
			d.count(f, weights[provider])
			m.claim(d, community, address, f)
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(wallet)) {
		if d.fates[provider].outcome != passport.Deduplicated {
			continue
		}
		f := wallet[provider]
		owner := m.holders[nullifier{community, f.nullifiers[slices.IndexFunc(f.nullifiers, clashing)]}]
		for _, n := range f.nullifiers {
			h, claimed := m.holders[nullifier{community, n}]
			_, taken := d.claims[n]
			switch {
			case clashing(n):
				d.claims[n], d.held[n] = h, true
			case claimed && h.Address == address, taken:
			default:
				d.claims[n] = owner
			}
		}
	}
	maps.DeleteFunc(d.claims, func(n string, to store.Holder) bool { // a live claim of its own stays as it is
		return to.Address == address && to.ExpiresAt.After(at) && to.Equal(m.holders[nullifier{community, n}])
	})
	d.passing = d.raw.Cmp(d.threshold) >= 0
	d.earns = d.passing && m.communities[community].HumanPoints && m.pointsFrom != nil && !at.Before(*m.pointsFrom)
	return d
}

func (d *decision) count(f *filed, weight *big.Rat) {
	if weight == nil {
		weight = new(big.Rat)
	}
	d.fates[f.Provider] = fate{outcome: passport.Counted, weight: weight}
	d.counted[f.Provider] = f
	d.raw.Add(d.raw, weight)
	if d.expires.IsZero() || f.expires.Before(d.expires) {
		d.expires = f.expires
	}
}

// claim decides that the address claims what the credential lists: until it
// expires, unless an earlier claim of the address or another credential lasts
// longer.
func (m *model) claim(d *decision, community int64, address store.Address, f *filed) {
	for _, n := range f.nullifiers {
		until := f.expires
		for _, h := range []store.Holder{m.holders[nullifier{community, n}], d.claims[n]} {
			if h.Address == address && h.ExpiresAt.After(until) {
				until = h.ExpiresAt
			}
		}
		d.claims[n] = store.Holder{Address: address, ExpiresAt: until}
	}
}

// live returns the places of the credentials that may count.
func (m *model) live(address store.Address) []int {
	var live []int
	for i, row := range m.credentials {
		if row.address == address && !row.deleted && !row.revoked {
			live = append(live, i)
		}
	}
	return live
}

// wallet returns the credentials that may count, by provider.
func (m *model) wallet(address store.Address) map[string]*filed {
	wallet := map[string]*filed{}
	for _, i := range m.live(address) {
		wallet[m.credentials[i].Provider] = m.credentials[i].filed
	}
	return wallet
}

// weigh returns the weights, or the reason why there are none.
func (t *terms) weigh() (map[string]*big.Rat, error) {
	if t.Rule != "" && t.Rule != "LIFO" {
		return nil, passport.ErrUnsupportedRule
	}
	var listed map[string]any
	if err := json.Unmarshal(t.Weights, &listed); err != nil {
		return nil, passport.ErrInvalidWeights
	}
	weights := map[string]*big.Rat{}
	for provider, weight := range listed {
		weights[provider] = number(fmt.Sprint(weight))
		if weights[provider] == nil {
			return nil, passport.ErrInvalidWeights
		}
	}
	for provider, weight := range t.Customization {
		weights[provider] = number(weight)
	}
	return weights, nil
}

// number returns the number that the text spells, nil if it spells none.
func number(text string) *big.Rat {
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return n
}

// claims are the claimed nullifiers, in order.
func (m *model) claims() []nullifier {
	return slices.SortedFunc(maps.Keys(m.holders), func(a, b nullifier) int {
		return cmp.Or(cmp.Compare(a.community, b.community), cmp.Compare(a.text, b.text))
	})
}

// rival is the first of the wallets that has a credential with the nullifier
// and does not hold it; empty if none has.
func (m *model) rival(n nullifier, wallets []store.Address) store.Address {
	for _, address := range wallets {
		for _, f := range m.wallet(address) {
			if address != m.holders[n].Address && f.reason(m.holders[n].ExpiresAt) == "" && slices.Contains(f.nullifiers, n.text) {
				return address
			}
		}
	}
	return ""
}

// The following methods are called after a change that the store has made.

func (m *model) put(c store.Community) { m.communities[c.ID] = &terms{Community: c} }

func (m *model) added(address store.Address, credentials []*filed) {
	for _, f := range credentials {
		m.deleted(address, f.Provider)
		m.credentials = append(m.credentials, &stored{filed: f, address: address})
	}
}

// deleted returns how many rows were marked.
func (m *model) deleted(address store.Address, providers ...string) int {
	n := 0
	for _, row := range m.credentials {
		if row.address == address && !row.deleted && slices.Contains(providers, row.Provider) {
			row.deleted = true
			n++
		}
	}
	return n
}

// revoked returns how many rows were revoked.
func (m *model) revoked(proofs ...string) int {
	n := 0
	for _, row := range m.credentials {
		if !row.revoked && slices.Contains(proofs, row.ProofValue) {
			row.revoked = true
			n++
		}
	}
	return n
}

func (m *model) listed(name string, addresses []store.Address) {
	m.lists[name] = map[store.Address]bool{}
	for _, address := range addresses {
		m.lists[name][address] = true
		if m.everOn[name] == nil {
			m.everOn[name] = map[store.Address]bool{}
		}
		m.everOn[name][address] = true
	}
}

// scored follows a scoring.
func (m *model) scored(at place, s *scoring) {
	d := s.decision
	m.scorings[at] = append(m.scorings[at], s)
	if d.fails != nil {
		return
	}
	for n, h := range d.claims {
		m.holders[nullifier{at.community, n}] = h
	}
	if d.earns {
		m.qualified[at] = true
	}
	for _, a := range s.awards {
		m.awards = append(m.awards, award{at.address, a})
	}
}
