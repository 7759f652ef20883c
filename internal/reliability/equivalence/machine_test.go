package equivalence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// machine drives both stores. Its exported methods, but Check, are the
// operations.
type machine struct {
	ctx   context.Context
	sides [2]*side
	// clock is that of scorings.
	clock *passporttest.Clock
	kin   *kin
	own   time.Time
	tally tally
}

// tally counts how often each operation ended how.
type tally map[string]map[string]int

func (t tally) add(op string, err error) {
	if t[op] == nil {
		t[op] = map[string]int{}
	}
	how, _, _ := strings.Cut(kind(err), ": ")
	if how, _, _ = strings.Cut(how, " of 0x"); how != "" {
		t[op][how]++
	}
}

// believing is a verifier that accepts every proof but one.
type believing struct{}

// Verify implements passport.Verifier.
func (believing) Verify(_ context.Context, s *credential.Signed, _ time.Time) error {
	if s.ProofValue == "0x03" {
		return &credential.Error{Reason: credential.ReasonBadSignature, Detail: "it is the third"}
	}
	return nil
}

// asks runs an operation that only reads on both sides, and compares the
// answers.
func (m *machine) asks(t *rapid.T, op string, call func(s *side) (any, error)) {
	var texts [2]string
	for i, s := range m.sides {
		answer, err := call(s)
		texts[i] = s.outcome(answer, err)
		m.tally.add(op, err)
	}
	m.agree(t, op, texts)
}

// writes runs an operation that may write on both sides, and compares the
// answers and the content. If both refuse, the next comparison shows whether
// both have changed nothing.
func (m *machine) writes(t *rapid.T, op string, call func(s *side) (any, error)) {
	var answers [2]any
	var errs [2]error
	for i, s := range m.sides {
		answers[i], errs[i] = call(s)
		m.tally.add(op, errs[i])
	}
	if errs[0] == nil || errs[1] == nil {
		m.compare(t, op, errs)
	}
	m.agree(t, op, [2]string{m.sides[0].outcome(answers[0], errs[0]), m.sides[1].outcome(answers[1], errs[1])})
}

func (s *side) outcome(answer any, err error) string {
	if err != nil {
		return kind(err)
	}
	return s.text(answer)
}

func (m *machine) agree(t *rapid.T, op string, texts [2]string) {
	if texts[0] != texts[1] {
		mem, other := strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n")
		t.Fatalf("%s: the answers differ\nmemstore:  %s\nthe other: %s", op,
			strings.Join(without(mem, other), "\n           "), strings.Join(without(other, mem), "\n           "))
	}
}

// without returns the lines that the other does not have; all, if it has all.
func without(lines, other []string) []string {
	only := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(other, l) })
	if len(only) == 0 {
		return lines
	}
	return only
}

// compare compares the content of both sides.
func (m *machine) compare(t *rapid.T, op string, errs [2]error) {
	var states [2]store.State
	for i, s := range m.sides {
		state, err := s.state(m.ctx)
		if err != nil {
			t.Fatalf("reading the content of %s: %v", s.name, err)
		}
		s.naming, s.claims = readNaming(&state, m.own), state.Claims
		states[i] = s.comparable(state)
	}
	if different := storetest.Compare(states[0], states[1]); len(different) > 0 {
		t.Fatalf("%s: the contents differ (errors: %v; %v), wanted is memstore's:\n%s", op, errs[0], errs[1], strings.Join(different, "\n"))
	}
}

// Check is called between operations, which compare by themselves.
func (m *machine) Check(*rapid.T) {}

// actions are the operations, some of them more often than others.
func (m *machine) actions() map[string]func(*rapid.T) {
	actions := rapid.StateMachineActions(m)
	for i := range 4 {
		actions[fmt.Sprintf("Apply %d", i)] = m.Apply
		actions[fmt.Sprintf("Score %d", i)] = m.Score
		actions[fmt.Sprintf("AddCredentials %d", i)] = m.AddCredentials
	}
	for i := range 2 {
		actions[fmt.Sprintf("Latest %d", i)] = m.Latest
		actions[fmt.Sprintf("FindCommunity %d", i)] = m.FindCommunity
	}
	return actions
}

// The operations.

func (m *machine) PassTime(t *rapid.T) {
	m.clock.Advance(whens.draw(t, "time"))
}

func (m *machine) PutCommunity(t *rapid.T) {
	c, user := community(t), accounts.draw(t, "account")
	m.writes(t, "PutCommunity", func(s *side) (any, error) {
		c.Account = s.account(user)
		return nil, s.PutCommunity(m.ctx, c)
	})
}

func (m *machine) DeleteCommunity(t *rapid.T) {
	id := communities.draw(t, "community")
	m.writes(t, "DeleteCommunity", func(s *side) (any, error) { return nil, s.DeleteCommunity(m.ctx, id) })
}

func (m *machine) FindCommunity(t *rapid.T) {
	user := choice[string]{[]string{"ann", "ann", "ben"}, accounts.odd}.draw(t, "account")
	text := scorers.draw(t, "scorer")
	m.asks(t, "FindCommunity", func(s *side) (any, error) { return s.FindCommunity(m.ctx, s.account(user), text) })
}

func (m *machine) PutAccount(t *rapid.T) {
	name := usernames.draw(t, "user")
	m.writes(t, "PutAccount", func(s *side) (any, error) {
		id, err := s.PutAccount(m.ctx, name)
		return account(id), err
	})
}

func (m *machine) PutAddressList(t *rapid.T) {
	name, members := lists.draw(t, "list"), some(t, addresses, 0, 4, "members")
	m.writes(t, "PutAddressList", func(s *side) (any, error) { return nil, s.PutAddressList(m.ctx, name, members...) })
}

func (m *machine) AddCredentials(t *rapid.T) {
	address := addresses.draw(t, "address")
	var added []store.CredentialInput
	for range rapid.IntRange(0, 3).Draw(t, "number of credentials") {
		added = append(added, input(t, address, m.clock.Now()))
	}
	m.writes(t, "AddCredentials", func(s *side) (any, error) { return nil, s.AddCredentials(m.ctx, address, added...) })
}

func (m *machine) DeleteCredentials(t *rapid.T) {
	address, chosen := addresses.draw(t, "address"), some(t, providers, 0, 3, "providers")
	// A version of pgstore stands for revoked credentials too, and may change
	// where memstore's does not.
	if m.hasRevoked(t, address) {
		for _, s := range m.sides {
			s.read = nil
		}
	}
	m.writes(t, "DeleteCredentials", func(s *side) (any, error) { return s.DeleteCredentials(m.ctx, address, chosen...) })
}

func (m *machine) hasRevoked(t *rapid.T, address store.Address) bool {
	state, err := m.sides[0].state(m.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(state.Credentials, func(c store.StoredCredential) bool { return c.Address == address && c.Revoked && !c.Deleted })
}

func (m *machine) RevokeCredentials(t *rapid.T) {
	chosen := some(t, proofs, 0, 2, "proofs")
	m.writes(t, "RevokeCredentials", func(s *side) (any, error) { return s.RevokeCredentials(m.ctx, chosen...) })
}

func (m *machine) ListCredentials(t *rapid.T) {
	address, page := addresses.draw(t, "address"), drawPage(t)
	m.asks(t, "ListCredentials", func(s *side) (any, error) {
		return s.ListCredentials(m.ctx, address, page.of(s.credentials))
	})
}

func (m *machine) Load(t *rapid.T) { m.load(t) }

// opUnchanged is a part of loading.
const opUnchanged = "Load, unchanged"

func (m *machine) load(t *rapid.T) {
	q := m.query(t)
	recalls := drawRecalls(t, q.Addresses)
	m.asks(t, "Load", func(s *side) (any, error) {
		asked := q
		asked.Known = s.known(recalls)
		snapshot, err := s.Load(m.ctx, asked)
		if err != nil {
			return nil, err
		}
		unchanged, fault := s.complete(&asked, snapshot)
		if fault != nil {
			t.Fatalf("Load: the answer of %s differs from what it must be: %v", s.name, fault)
		}
		if unchanged > 0 {
			m.tally.add(opUnchanged, nil)
		}
		s.read = snapshot
		return snapshot, nil
	})
}

func (m *machine) query(t *rapid.T) store.Query {
	q := store.Query{
		Community: communities.draw(t, "community"), At: m.clock.Now(), LastScore: oneIn(t, 2, "with last scores"), Groups: oneIn(t, 2, "with groups"),
		Addresses: rapid.OneOf(
			rapid.SliceOfNDistinct(rapid.SampledFrom([]store.Address{alice, bob, carol}), 1, 3, rapid.ID),
			rapid.Just([]store.Address{alice}),
		).Draw(t, "wallets"),
	}
	if oneIn(t, 20, "odd") {
		q.Addresses = some(t, addresses, 0, 3, "wallets")
	}
	if oneIn(t, 2, "with points") {
		q.Points = &store.PointsQuery{
			Lists:   some(t, choice[string]{usual: lists.usual}, 0, 3, "lists"),
			Counted: some(t, choice[string]{usual: []string{"MM2", "HKY", "HIM", ""}}, 0, 3, "counted"),
		}
	}
	return q
}

// Apply writes changes to the wallets that were read last, which may be a while
// ago.
func (m *machine) Apply(t *rapid.T) {
	before := m.sides[0].read
	if before == nil || !oneIn(t, 4, "read a while ago") {
		m.load(t)
	}
	if m.sides[0].read == nil {
		t.Skip("nothing was read")
	}
	draft := drawDraft(t, m.sides[0], m.sides[0].read != before, m.clock.Now())
	byReceipt := oneIn(t, 2, "go on by the receipt")
	m.writes(t, "Apply", func(s *side) (any, error) {
		changes := draft.on(s)
		receipt, err := s.Apply(m.ctx, changes)
		if err == nil {
			s.applied(changes, receipt, byReceipt)
		}
		return receipt, err
	})
}

func (m *machine) LastScore(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "LastScore", func(s *side) (any, error) { return s.LastScore(m.ctx, id, address) })
}

func (m *machine) ScoreAt(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	at := m.clock.Now().Add(whens.draw(t, "when"))
	if oneIn(t, 8, "odd") {
		at = moments.draw(t, "moment")
	}
	m.asks(t, "ScoreAt", func(s *side) (any, error) { return s.ScoreAt(m.ctx, id, address, at) })
}

func (m *machine) ListEvents(t *rapid.T) {
	id, address, page := communities.draw(t, "community"), addresses.draw(t, "address"), drawPage(t)
	m.asks(t, "ListEvents", func(s *side) (any, error) { return s.ListEvents(m.ctx, id, address, page.of(s.events)) })
}

func (m *machine) ListClaims(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "ListClaims", func(s *side) (any, error) { return s.ListClaims(m.ctx, id, address) })
}

func (m *machine) LoadPoints(t *rapid.T) {
	address := addresses.draw(t, "address")
	m.asks(t, "LoadPoints", func(s *side) (any, error) {
		ledger, err := s.LoadPoints(m.ctx, address)
		if err != nil {
			return nil, err
		}
		return []any{ledger, passport.TotalPoints(ledger), passport.PossiblePoints(ledger)}, nil
	})
}

func (m *machine) FindKey(t *rapid.T) {
	prefix := prefixes.draw(t, "prefix")
	m.asks(t, "FindKey", func(s *side) (any, error) { return s.FindKey(m.ctx, prefix) })
}

func (m *machine) FindCaller(t *rapid.T) {
	prefix, scorer := prefixes.draw(t, "prefix"), scorers.draw(t, "scorer")
	m.asks(t, "FindCaller", func(s *side) (any, error) { return s.FindCaller(m.ctx, prefix, scorer) })
}

func (m *machine) AddKey(t *rapid.T) {
	key, user := drawKey(t), accounts.draw(t, "account")
	m.writes(t, "AddKey", func(s *side) (any, error) {
		key.Account = s.account(user)
		return nil, s.AddKey(m.ctx, key)
	})
}

func (m *machine) MigrateKey(t *rapid.T) {
	id, hash := keyIDs.draw(t, "key"), hashes.draw(t, "hash")
	m.writes(t, "MigrateKey", func(s *side) (any, error) { return nil, s.MigrateKey(m.ctx, id, hash) })
}

func (m *machine) RevokeKey(t *rapid.T) {
	prefix := prefixes.draw(t, "prefix")
	m.writes(t, "RevokeKey", func(s *side) (any, error) { return nil, s.RevokeKey(m.ctx, prefix) })
}

func (m *machine) AddUsage(t *rapid.T) {
	var usages []store.Usage
	for range rapid.IntRange(0, 3).Draw(t, "number of usages") {
		usages = append(usages, drawUsage(t))
	}
	m.writes(t, "AddUsage", func(s *side) (any, error) { return nil, s.AddUsage(m.ctx, usages...) })
}

// EndedContext runs an operation whose context has ended before it.
func (m *machine) EndedContext(t *rapid.T) {
	ctx, cancel := context.WithCancelCause(m.ctx)
	cancel(errors.New("enough"))
	address := addresses.draw(t, "address")
	operation := rapid.IntRange(0, 7).Draw(t, "operation")
	m.writes(t, "EndedContext", func(s *side) (any, error) {
		switch operation {
		case 0:
			return s.engine.Score(ctx, 1, string(address))
		case 1:
			return nil, s.AddCredentials(ctx, address)
		case 2:
			return s.ListClaims(ctx, 1, address)
		case 3:
			return nil, s.PutAddressList(ctx, "team")
		case 4:
			return nil, s.AddUsage(ctx)
		case 5:
			return s.FindKey(ctx, "none")
		case 6:
			return s.LastScore(ctx, 1, address)
		}
		return s.RevokeCredentials(ctx)
	})
}
