package pgstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Load implements [store.Store]. Its errors, by errors.Is:
// store.ErrCommunityNotFound, store.ErrInvalid for a query with a malformed or
// repeated address, store.ErrUnavailable, store.ErrInternal, store.ErrConflict
// in a transaction at SERIALIZABLE, and the context's own.
//
// It is one round trip on a pool of pgx, and a second one if the query knows
// all wallets and some have changed.
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if err := q.Validate(); err != nil {
		return nil, store.Errorf("load_snapshot", store.ErrInvalid, "%w", err)
	}
	return lagging(ctx, s.mayLag(q.MayLag), func(ctx context.Context, on executor) (*store.Snapshot, error) {
		return s.load(ctx, on, &q)
	})
}

func (s *Store) load(ctx context.Context, on executor, q *store.Query) (*store.Snapshot, error) {
	known := s.known(q)
	r := newSnapshotReader(q, known)
	if err := on.read(ctx, s.texts.load(q, known, r)...); err != nil {
		return nil, err
	}
	if len(r.unread) > 0 {
		again := s.texts.loadWallets(q, r.unread, nil, r)
		if q.LastScore {
			again = append(again, s.texts.call("load_scores", q.Community, r.unread).each(r.score))
		}
		if q.Groups {
			again = append(again, s.texts.loadGroups(q, r))
		}
		if err := on.read(ctx, again...); err != nil {
			return nil, err
		}
	}
	return r.snapshot(s.id)
}

// known returns the versions of the query that are of this store.
func (s *Store) known(q *store.Query) map[string]walletVersion {
	known := make(map[string]walletVersion, len(q.Known))
	for _, address := range q.Addresses {
		v := parseVersion(q.Known[address].Version)
		if v.store != s.id {
			continue
		}
		if v.community != q.Community {
			v.stamps = ""
		}
		known[string(address)] = v
	}
	return known
}

// load returns the calls that answer the query.
func (t texts) load(q *store.Query, known map[string]walletVersion, r *snapshotReader) []call {
	calls := []call{t.call("load_community", q.Community).each(r.community)}
	if len(q.Addresses) == 0 {
		return calls
	}
	addresses := queried(q)
	calls = append(calls, t.loadWallets(q, addresses, known, r)...)
	if q.LastScore {
		calls = append(calls, t.call("load_scores", q.Community, addresses).each(r.score))
	}
	if q.Groups {
		calls = append(calls, t.loadGroups(q, r))
	}
	if q.Points != nil {
		calls = append(calls, t.call("load_human_points", addresses,
			those(q.Points.Lists, store.MaxListName), those(q.Points.Counted, store.MaxAction)).each(r.points))
	}
	return calls
}

// queried returns the addresses of the query.
func queried(q *store.Query) []string {
	addresses := make([]string, len(q.Addresses))
	for i, address := range q.Addresses {
		addresses[i] = string(address)
	}
	return addresses
}

// loadWallets returns the calls that read the wallets and their claims. They
// read documents unless all wallets are known.
func (t texts) loadWallets(q *store.Query, addresses []string, known map[string]walletVersion, r *snapshotReader) []call {
	rows, stamps, nullifiers := []string{}, []string{}, []string{}
	for _, address := range addresses {
		version, is := known[address]
		rows, stamps = append(rows, version.rows), append(stamps, version.stamps)
		if is {
			nullifiers = append(nullifiers, those(q.Known[store.Address(address)].Nullifiers, store.MaxNullifier)...)
		}
	}
	wallets := t.call("load_ceramic_cache", q.Community, addresses, rows, stamps).each(r.row)
	if len(known) == len(addresses) {
		wallets = t.call("load_wallets", q.Community, addresses, stamps).each(r.version)
	}
	calls := []call{wallets}
	if len(nullifiers) > 0 {
		calls = append(calls, t.call("load_hash_scorer_links", q.Community, nullifiers).each(r.claim))
	}
	return calls
}

// snapshotReader puts the rows of Load together.
type snapshotReader struct {
	query    *store.Query
	known    map[string]walletVersion // without those that turned out to have changed
	changed  bool                     // there are such
	wallet   map[string]int           // the numbers of the wallets
	versions []walletVersion
	unread   []string        // the wallets whose credentials load_wallets has not read
	claims   map[string]int  // the numbers of the claims
	asked    map[string]bool // the nullifiers of the known wallets, once one has changed
	found    bool
	result   store.Snapshot
}

func newSnapshotReader(q *store.Query, known map[string]walletVersion) *snapshotReader {
	r := &snapshotReader{
		query: q, known: known, wallet: make(map[string]int, len(q.Addresses)),
		versions: make([]walletVersion, len(q.Addresses)), claims: map[string]int{},
	}
	r.result.Wallets = make([]store.Wallet, len(q.Addresses))
	for i, address := range q.Addresses {
		r.wallet[string(address)] = i
		r.result.Wallets[i].Address = address
	}
	if q.Points != nil && len(q.Addresses) > 0 {
		r.result.Points = &store.PointsSnapshot{
			Wallets: make([]store.PointsHistory, len(q.Addresses)),
			Given:   map[string]int{},
			Values:  map[string]int{},
		}
		for i := range r.result.Points.Wallets {
			r.result.Points.Wallets[i].Multiplier = 1
		}
		for _, action := range q.Points.Counted {
			r.result.Points.Given[action] = 0
		}
	}
	return r
}

// of returns the number of a queried address.
func (r *snapshotReader) of(address string) (int, error) {
	i, asked := r.wallet[address]
	if !asked {
		return 0, fmt.Errorf("a row is of %q, which was not queried", address)
	}
	return i, nil
}

// community takes the row of load_community.
func (r *snapshotReader) community(scan scanFunc) error {
	c, at := &r.result.Community, storedTime{}
	var scorer, binary, weighted, customized *string
	if err := scan(&at, &c.ExternalID, &c.HumanPoints, &c.Account, &c.Name, &c.Rule,
		&scorer, &binary, &weighted, &customized); err != nil {
		return err
	}
	r.found, c.ID, r.result.At = true, r.query.Community, at.Time
	if !r.query.At.IsZero() {
		r.result.At = within(r.query.At)
	}
	if scorer != nil {
		c.Scorer = *scorer
	}
	terms := map[string]*string{store.ScorerBinary: binary, store.ScorerWeighted: weighted}[c.Scorer]
	if terms != nil {
		if err := json.Unmarshal([]byte(*terms), &[]any{&c.Weights, &c.Threshold}); err != nil {
			return fmt.Errorf("reading the weights: %w", err)
		}
		if string(c.Weights) == "null" {
			c.Weights = nil
		}
	}
	if customized == nil {
		return nil
	}
	var lists [2][][2]string
	if err := json.Unmarshal([]byte(*customized), &lists); err != nil {
		return fmt.Errorf("reading the customized weights: %w", err)
	}
	pairs := slices.Concat(lists[:]...)
	if len(pairs) == 0 {
		return nil
	}
	c.Customization = make(map[string]string, len(pairs))
	for _, pair := range pairs {
		c.Customization[pair[0]] = pair[1]
	}
	return nil
}

// version takes a row of load_wallets.
func (r *snapshotReader) version(scan scanFunc) error {
	var address, rows, stamps string
	if err := scan(&address, &rows, &stamps); err != nil {
		return err
	}
	unchanged, err := r.setVersion(address, rows, stamps)
	if err == nil && !unchanged {
		r.unread = append(r.unread, address)
	}
	return err
}

// setVersion sets the version of a wallet by the digests of its rows and
// stamps, and reports whether it is still the known one. A wallet that has
// changed stays so, also if it has changed back when its credentials are read.
func (r *snapshotReader) setVersion(address, rows, stamps string) (unchanged bool, err error) {
	i, err := r.of(address)
	if err != nil {
		return false, err
	}
	known, is := r.known[address]
	if !is || known.rows != rows {
		r.changed = r.changed || is
		delete(r.known, address)
		r.versions[i] = walletVersion{rows: rows}
		return false, nil
	}
	if known.stamps != stamps { // another program has scored the wallet since
		known.stamps = ""
	}
	r.versions[i], r.result.Wallets[i].Unchanged = known, true
	return true, nil
}

// row takes a row of load_ceramic_cache. The text of a document is taken over,
// not copied.
func (r *snapshotReader) row(scan scanFunc) error {
	var part, address, text, omitted string
	var id int64
	var at storedTime
	var document []byte
	if err := scan(&part, &address, &id, &at, &text, &omitted, &document); err != nil {
		return err
	}
	if part == "claim" { // of any holder
		r.addClaim(text, address, at.Time)
		return nil
	}
	if part == "wallet" {
		_, err := r.setVersion(address, text, omitted)
		return err
	}
	i, err := r.of(address)
	if err != nil {
		return err
	}
	wallet := &r.result.Wallets[i]
	c := store.Credential{ID: id, Provider: text, Omitted: store.Omission(omitted), UpdatedAt: at.Time}
	if c.Omitted == "" {
		c.Document = document
	}
	wallet.Credentials = append(wallet.Credentials, c)
	return nil
}

// claim takes a row of load_hash_scorer_links, after those of the wallets. The
// nullifiers of wallets that turned out to have changed are not asked for.
func (r *snapshotReader) claim(scan scanFunc) error {
	var nullifier, address string
	var expires storedTime
	if err := scan(&nullifier, &address, &expires); err != nil {
		return err
	}
	if r.changed && !r.asks(nullifier) {
		return nil
	}
	r.addClaim(nullifier, address, expires.Time)
	return nil
}

// asks reports whether the nullifier is one of a known wallet.
func (r *snapshotReader) asks(nullifier string) bool {
	if r.asked == nil {
		r.asked = map[string]bool{}
		for address := range r.known {
			for _, nullifier := range r.query.Known[store.Address(address)].Nullifiers {
				r.asked[nullifier] = true
			}
		}
	}
	return r.asked[nullifier]
}

// addClaim adds a claim. One that is read again takes the place of the first.
func (r *snapshotReader) addClaim(nullifier, address string, expires time.Time) {
	claim := store.Claim{Nullifier: nullifier, Holder: store.Holder{Address: store.Address(address), ExpiresAt: expires}}
	if i, again := r.claims[nullifier]; again {
		r.result.Claims[i] = claim
		return
	}
	r.claims[nullifier] = len(r.result.Claims)
	r.result.Claims = append(r.result.Claims, claim)
}

// score takes a row of load_scores.
func (r *snapshotReader) score(scan scanFunc) error {
	var address, status, evidence, stampScores, stamps string
	var scored, expires storedTime
	var s store.Score
	if err := scan(&address, &status, &s.Value, &s.Error, &evidence, &stampScores, &stamps, &scored, &expires); err != nil {
		return err
	}
	s.Status, s.ScoredAt, s.ExpiresAt = store.Status(status), scored.Time, expires.Time
	s.Evidence, s.StampScores, s.Stamps = document(evidence), document(stampScores), document(stamps)
	i, err := r.of(address)
	if err != nil {
		return err
	}
	r.result.Wallets[i].LastScore = &s
	return nil
}

// points takes a row of load_human_points.
func (r *snapshotReader) points(scan scanFunc) error {
	var part, address, text1, text2, text3 string
	var number int64
	if err := scan(&part, &address, &number, &text1, &text2, &text3); err != nil {
		return err
	}
	switch part {
	case "given":
		r.result.Points.Given[text1] = int(number)
		return nil
	case "value":
		r.result.Points.Values[text1] = int(number)
		return nil
	}
	i, err := r.of(address)
	if err != nil {
		return err
	}
	history := &r.result.Points.Wallets[i]
	switch part {
	case "point":
		history.Points = append(history.Points, store.HumanPoint{
			Action: text1, Provider: text2, TxHash: text3, ChainID: int(number),
		})
	case "qualified":
		history.Communities = append(history.Communities, number)
	case "multiplier":
		history.Multiplier = int(number)
	case "list":
		history.Lists = append(history.Lists, text1)
	}
	return nil
}

// snapshot returns what the store with the id has read.
func (r *snapshotReader) snapshot(id string) (*store.Snapshot, error) {
	if !r.found {
		return nil, store.Errorf("load_community", store.ErrCommunityNotFound, "there is no community %d", r.query.Community)
	}
	for i := range r.result.Wallets {
		wallet, version := &r.result.Wallets[i], &r.versions[i]
		if version.rows == "" {
			return nil, store.Errorf("load_snapshot", store.ErrInternal, "no row about %s", wallet.Address)
		}
		if !wallet.Unchanged {
			version.store, version.ids = id, readable(wallet.Credentials)
		}
		wallet.Version = version.String()
	}
	if r.result.Points != nil {
		for i := range r.result.Points.Wallets {
			slices.Sort(r.result.Points.Wallets[i].Communities)
		}
	}
	return &r.result, nil
}
