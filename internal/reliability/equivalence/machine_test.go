package equivalence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// machine drives both stores. Its methods, but Check, are the operations.
type machine struct {
	ctx   context.Context
	sides [2]*side
	// clock shows the moment of scorings.
	clock *passporttest.Clock
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

// believing is a verifier that takes every proof but one.
type believing struct{}

// Verify implements passport.Verifier.
func (believing) Verify(_ context.Context, s *credential.Signed, _ time.Time) error {
	if s.ProofValue == "0x03" {
		return &credential.Error{Reason: credential.ReasonBadSignature, Detail: "it is the third"}
	}
	return nil
}

// asks runs an operation that only reads on both sides, and compares the answers.
func (m *machine) asks(t *rapid.T, op string, call func(s *side) (any, error)) {
	told := [2]string{}
	for i, s := range m.sides {
		answer, err := call(s)
		told[i] = s.outcome(answer, err)
		m.tally.add(op, err)
	}
	m.agree(t, op, told)
}

// writes runs an operation that may write on both sides, and compares the answers
// and the rows. What both refuse changes nothing: were it otherwise on one side,
// the next comparison would show it.
func (m *machine) writes(t *rapid.T, op string, call func(s *side) (any, error)) {
	var answers [2]any
	var errs [2]error
	for i, s := range m.sides {
		answers[i], errs[i] = call(s)
		m.tally.add(op, errs[i])
	}
	if errs[0] == nil || errs[1] == nil {
		m.rows(t, op, errs)
	}
	m.agree(t, op, [2]string{m.sides[0].outcome(answers[0], errs[0]), m.sides[1].outcome(answers[1], errs[1])})
}

func (s *side) outcome(answer any, err error) string {
	if err != nil {
		return kind(err)
	}
	return s.book.tell(answer)
}

func (m *machine) agree(t *rapid.T, op string, told [2]string) {
	if told[0] != told[1] {
		mem, pg := strings.Split(told[0], "\n"), strings.Split(told[1], "\n")
		t.Fatalf("%s: the answers differ\nmemstore: %s\npgstore:  %s", op,
			strings.Join(without(mem, pg), "\n          "), strings.Join(without(pg, mem), "\n          "))
	}
}

// rows reads all rows on both sides, and compares them.
func (m *machine) rows(t *rapid.T, op string, errs [2]error) {
	var lines [2]map[string][]string
	for i, s := range m.sides {
		document, err := s.rows(m.ctx)
		if err == nil {
			s.book, lines[i], err = readBook(document, m.own)
		}
		if err != nil {
			t.Fatalf("reading the rows of %s: %v", s.name, err)
		}
	}
	if differ := compare(lines[0], lines[1]); differ != "" {
		t.Fatalf("%s: the rows differ (errors: %v; %v)%s", op, errs[0], errs[1], differ)
	}
}

// Check is called between operations, which compare by themselves.
func (m *machine) Check(*rapid.T) {}

// account returns the number of the account of the user on that side.
func (s *side) account(username string) int64 {
	switch username {
	case "":
		return 0
	case "below 0":
		return -1
	}
	for id, name := range s.book.names["account_account"] {
		if name == "account of "+username {
			var number int64
			_, _ = fmt.Sscan(id, &number)
			return number
		}
	}
	return 1 << 40
}

// id returns the number of the row at that place in the table; a place that is
// not there has a number that is not either.
func (s *side) id(table string, place int) int64 {
	ids := s.book.ids[table]
	switch {
	case place < 0:
		return int64(place)
	case place < len(ids):
		return ids[place]
	case len(ids) > 0:
		return ids[len(ids)-1] + int64(place-len(ids)) + 1
	}
	return int64(place) + 1
}

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
	text := choice[string]{
		[]string{"1", "2", "3", "ext", "é"}, []string{"01", "+1", "1 ", "", "99999999999999999999", "\x00", "\xff", "１"},
	}.draw(t, "scorer")
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
	var added []store.NewCredential
	for range rapid.IntRange(0, 3).Draw(t, "number of credentials") {
		added = append(added, newCredential(t, address, m.clock.Now()))
	}
	m.writes(t, "AddCredentials", func(s *side) (any, error) { return nil, s.AddCredentials(m.ctx, address, added...) })
}

func (m *machine) DeleteCredentials(t *rapid.T) {
	address, chosen := addresses.draw(t, "address"), some(t, providers, 0, 3, "providers")
	m.writes(t, "DeleteCredentials", func(s *side) (any, error) { return s.DeleteCredentials(m.ctx, address, chosen...) })
}

func (m *machine) RevokeCredentials(t *rapid.T) {
	chosen := some(t, proofs, 0, 2, "proofs")
	m.writes(t, "RevokeCredentials", func(s *side) (any, error) { return s.RevokeCredentials(m.ctx, chosen...) })
}

func (m *machine) ListCredentials(t *rapid.T) {
	address, page := addresses.draw(t, "address"), drawPage(t)
	m.asks(t, "ListCredentials", func(s *side) (any, error) {
		return s.ListCredentials(m.ctx, address, page.on(s, "ceramic_cache_ceramiccache"))
	})
}

func (m *machine) Load(t *rapid.T) { m.load(t, m.query(t)) }

func (m *machine) load(t *rapid.T, q store.Query) {
	m.asks(t, "Load", func(s *side) (any, error) {
		snapshot, err := s.Load(m.ctx, q)
		if err == nil {
			s.read = snapshot
		}
		return snapshot, err
	})
}

func (m *machine) query(t *rapid.T) store.Query {
	q := store.Query{
		Community: communities.draw(t, "community"), At: m.clock.Now(),
		Addresses: rapid.OneOf(
			rapid.SliceOfNDistinct(rapid.SampledFrom([]string{alice, bob, carol}), 1, 3, rapid.ID),
			rapid.Just([]string{alice}),
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

// Apply writes changes to what was read last, which may be a while ago.
func (m *machine) Apply(t *rapid.T) {
	if m.sides[0].read == nil || !oneIn(t, 4, "read a while ago") {
		m.load(t, m.query(t))
	}
	if m.sides[0].read == nil {
		t.Skip("nothing was read")
	}
	draft := drawDraft(t, m.sides[0].read, m.clock.Now())
	m.writes(t, "Apply", func(s *side) (any, error) { return s.Apply(m.ctx, draft.on(s)) })
}

func (m *machine) Score(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.writes(t, "Score", func(s *side) (any, error) { return s.engine.Score(m.ctx, id, address) })
}

func (m *machine) Preview(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "Preview", func(s *side) (any, error) { return s.engine.Preview(m.ctx, id, address) })
}

func (m *machine) Latest(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "Latest", func(s *side) (any, error) { return s.engine.Latest(m.ctx, id, address) })
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
	m.asks(t, "ListEvents", func(s *side) (any, error) { return s.ListEvents(m.ctx, id, address, page.on(s, "registry_event")) })
}

func (m *machine) ListClaims(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "ListClaims", func(s *side) (any, error) { return s.ListClaims(m.ctx, id, address) })
}

func (m *machine) LoadPoints(t *rapid.T) {
	address := addresses.draw(t, "address")
	m.asks(t, "LoadPoints", func(s *side) (any, error) { return s.LoadPoints(m.ctx, address) })
}

func (m *machine) FindKey(t *rapid.T) {
	prefix := prefixes.draw(t, "prefix")
	m.asks(t, "FindKey", func(s *side) (any, error) { return s.FindKey(m.ctx, prefix) })
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

func (m *machine) AddUses(t *rapid.T) {
	var uses []store.Use
	for range rapid.IntRange(0, 3).Draw(t, "number of uses") {
		uses = append(uses, drawUse(t))
	}
	m.writes(t, "AddUses", func(s *side) (any, error) { return nil, s.AddUses(m.ctx, uses...) })
}

// EndedContext runs an operation whose context has ended before it.
func (m *machine) EndedContext(t *rapid.T) {
	ctx, cancel := context.WithCancelCause(m.ctx)
	cancel(errors.New("enough"))
	address := addresses.draw(t, "address")
	operation := rapid.IntRange(0, 6).Draw(t, "operation")
	m.writes(t, "EndedContext", func(s *side) (any, error) {
		switch operation {
		case 0:
			return s.engine.Score(ctx, 1, address)
		case 1:
			return nil, s.AddCredentials(ctx, address)
		case 2:
			return s.ListClaims(ctx, 1, address)
		case 3:
			return nil, s.PutAddressList(ctx, "team")
		case 4:
			return nil, s.AddUses(ctx)
		case 5:
			return s.FindKey(ctx, "none")
		}
		return s.RevokeCredentials(ctx)
	})
}
