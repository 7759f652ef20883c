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

// model is what a world must come to: the service, written as plainly as it goes,
// with no thought of speed, failure or anyone else at work. It learns of a
// change once the store has made it.
type model struct {
	communities map[int64]*terms
	credentials []*stored // in the order in which they were stored
	holders     map[nullifier]holder
	scorings    map[place][]*scoring
	lists       map[string]map[string]bool
	// everOn are the lists that an address was ever on.
	everOn    map[string]map[string]bool
	awards    []award
	qualified map[place]bool

	// pointsFrom is the beginning of the human points program, nil for none.
	pointsFrom *time.Time
	// latest is the latest moment of any scoring.
	latest time.Time
}

type (
	// place is an address in a community.
	place struct {
		community int64
		address   string
	}
	// nullifier is one in a community.
	nullifier struct {
		community int64
		text      string
	}
	// holder is who claims a nullifier, and until when.
	holder struct {
		address string
		until   time.Time
	}
	// award is one that was given.
	award struct {
		address string
		store.Award
	}
)

// terms are what a community asks of a wallet.
type terms struct {
	store.Community

	deleted bool
}

// stored is a row of a credential.
type stored struct {
	*filed

	address          string
	deleted, revoked bool
}

// scoring is one that was written.
type scoring struct {
	*decision

	awards []store.Award
}

// decision is what one scoring comes to.
type decision struct {
	at time.Time
	// live are the credentials that were read, by the place of their row.
	live []int
	// fails is set when the community cannot be scored.
	fails          error
	fates          map[string]fate // by provider
	raw, threshold *big.Rat
	passing        bool
	// earns tells whether the scoring earns human points.
	earns        bool
	expires      time.Time
	counted      map[string]*filed
	claims, held map[string]holder
}

// fate is what becomes of a credential.
type fate struct {
	outcome passport.Outcome
	reason  passport.Reason
	weight  *big.Rat
}

func newModel() *model {
	return &model{
		communities: map[int64]*terms{},
		holders:     map[nullifier]holder{},
		scorings:    map[place][]*scoring{},
		lists:       map[string]map[string]bool{},
		everOn:      map[string]map[string]bool{},
		qualified:   map[place]bool{},
	}
}

// exists tells whether the community is there and not deleted.
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

// stands reports whether the scoring passed and neither it nor one of its stamps
// has gone at the moment.
func (m *model) stands(s *scoring, address string, at time.Time) bool {
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

// decide says what a scoring of the address comes to at the moment.
func (m *model) decide(community int64, address string, at time.Time) *decision {
	d := &decision{
		at: at, live: m.live(address), raw: new(big.Rat),
		fates: map[string]fate{}, counted: map[string]*filed{}, claims: map[string]holder{}, held: map[string]holder{},
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
		return claimed && h.address != address && h.until.After(at)
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
				d.held[n] = h
			case claimed && h.address == address, taken:
			default:
				d.claims[n] = owner
			}
		}
	}
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
func (m *model) claim(d *decision, community int64, address string, f *filed) {
	for _, n := range f.nullifiers {
		until := f.expires
		for _, h := range []holder{m.holders[nullifier{community, n}], d.claims[n]} {
			if h.address == address && h.until.After(until) {
				until = h.until
			}
		}
		d.claims[n] = holder{address, until}
	}
}

// live returns where the rows are of the credentials that may count.
func (m *model) live(address string) []int {
	var live []int
	for i, row := range m.credentials {
		if row.address == address && !row.deleted && !row.revoked {
			live = append(live, i)
		}
	}
	return live
}

// wallet returns the credentials that may count, by provider.
func (m *model) wallet(address string) map[string]*filed {
	wallet := map[string]*filed{}
	for _, i := range m.live(address) {
		wallet[m.credentials[i].Provider] = m.credentials[i].filed
	}
	return wallet
}

// weigh returns the weights, or why there are none.
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
	for provider, weight := range t.Overlay {
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

// rival is the first of the wallets that has a credential with the nullifier and
// does not hold it; empty if none has.
func (m *model) rival(n nullifier, wallets []string) string {
	for _, address := range wallets {
		for _, f := range m.wallet(address) {
			if address != m.holders[n].address && f.reason(m.holders[n].until) == "" && slices.Contains(f.nullifiers, n.text) {
				return address
			}
		}
	}
	return ""
}

// What follows learns of a change that was made.

func (m *model) put(c store.Community) { m.communities[c.ID] = &terms{Community: c} }

func (m *model) added(address string, credentials []*filed) {
	for _, f := range credentials {
		m.deleted(address, f.Provider)
		m.credentials = append(m.credentials, &stored{filed: f, address: address})
	}
}

// deleted returns how many rows were marked.
func (m *model) deleted(address string, providers ...string) int {
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

func (m *model) listed(name string, addresses []string) {
	m.lists[name] = map[string]bool{}
	for _, address := range addresses {
		m.lists[name][address] = true
		if m.everOn[name] == nil {
			m.everOn[name] = map[string]bool{}
		}
		m.everOn[name][address] = true
	}
}

// scored learns of a scoring that was decided so, and written.
func (m *model) scored(at place, d *decision, receipt *store.WalletReceipt) {
	m.scorings[at] = append(m.scorings[at], &scoring{d, receipt.Awards})
	if d.at.After(m.latest) {
		m.latest = d.at
	}
	if d.fails != nil {
		return
	}
	for n, h := range d.claims {
		m.holders[nullifier{at.community, n}] = h
	}
	if d.earns {
		m.qualified[at] = true
	}
	for _, a := range receipt.Awards {
		m.awards = append(m.awards, award{at.address, a})
	}
}
