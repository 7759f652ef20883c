package pgstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// Load implements [store.Store]. Its errors, by errors.Is:
// store.ErrCommunityNotFound, store.ErrInvalid for a query with a malformed or
// repeated address, store.ErrUnavailable, store.ErrInternal, store.ErrConflict
// in a transaction at SERIALIZABLE, and the context's own.
//
// It is one round trip, and a second one if the query knows all wallets and
// some have changed.
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if err := q.Validate(); err != nil {
		return nil, store.Errorf("load_snapshot", store.ErrInvalid, "%w", err)
	}
	known := s.known(&q)
	snapshot := newSnapshotReader(&q)
	if err := s.on.read(ctx, s.texts.load(&q, q.Addresses, known).each(snapshot.row)); err != nil {
		return nil, err
	}
	if len(q.Addresses) > 0 && len(known) == len(q.Addresses) {
		if changed := snapshot.changed(); len(changed) > 0 {
			again := q
			again.Points = nil // which have been read
			if err := s.on.read(ctx, s.texts.load(&again, changed, nil).each(snapshot.row)); err != nil {
				return nil, err
			}
		}
	}
	return snapshot.snapshot(s.id)
}

// known returns the versions of the query that are of this store.
func (s *Store) known(q *store.Query) map[store.Address]walletVersion {
	known := make(map[store.Address]walletVersion, len(q.Known))
	for _, address := range q.Addresses {
		of, is := q.Known[address]
		if !is {
			continue
		}
		v := parseVersion(of.Version)
		if v.store != s.id {
			continue
		}
		if v.community != q.Community {
			v.stamps = ""
		}
		known[address] = v
	}
	return known
}

// load returns the call that answers the query about some of its addresses.
// Documents are read unless all of them are known.
func (t texts) load(q *store.Query, addresses []store.Address, known map[store.Address]walletVersion) call {
	wallets, nullifiers := newColumns(3), []string{}
	documents := len(known) < len(addresses)
	for _, address := range addresses {
		version, is := known[address]
		wallets.add(string(address), version.rows, version.stamps)
		if is {
			nullifiers = append(nullifiers, those(q.Known[address].Nullifiers, store.MaxNullifier)...)
		}
	}
	c := t.call("load_snapshot", q.Community, wallets[0], timeOrNull(q.At), wallets[1], wallets[2], nullifiers)
	if q.Points != nil {
		c.args = append(c.args, those(q.Points.Lists, store.MaxListName), those(q.Points.Counted, store.MaxAction))
	}
	c.sql = t[loadSnapshot(documents, q.LastScore, q.Points != nil)]
	return c
}

// snapshotReader puts the rows of load_snapshot together.
type snapshotReader struct {
	query  *store.Query
	wallet map[store.Address]int
	claim  map[string]int // of a second read, which replaces the claims of the first
	found  bool
	result store.Snapshot
}

func newSnapshotReader(q *store.Query) *snapshotReader {
	r := &snapshotReader{query: q, wallet: make(map[store.Address]int, len(q.Addresses))}
	r.result.Wallets = make([]store.Wallet, len(q.Addresses))
	for i, address := range q.Addresses {
		r.wallet[address] = i
		r.result.Wallets[i].Address = address
	}
	if q.Points != nil {
		r.result.Points = &store.PointsSnapshot{
			Wallets: make([]store.PointsHistory, len(q.Addresses)),
			Given:   map[string]int{},
			Values:  map[string]int{},
		}
		for _, action := range q.Points.Counted {
			r.result.Points.Given[action] = 0
		}
	}
	return r
}

// changed returns the wallets whose credentials are to be read again, and
// prepares for their rows.
func (r *snapshotReader) changed() []store.Address {
	var changed []store.Address
	for i := range r.result.Wallets {
		if wallet := &r.result.Wallets[i]; !wallet.Unchanged {
			changed = append(changed, wallet.Address)
			*wallet = store.Wallet{Address: wallet.Address}
		}
	}
	r.claim = make(map[string]int, len(r.result.Claims))
	for i := range r.result.Claims {
		r.claim[r.result.Claims[i].Nullifier] = i
	}
	return changed
}

// snapshotRow is one row of the answer; its part decides which columns it uses,
// and for what.
type snapshotRow struct {
	part     string
	address  string
	number   int64
	at       storedTime
	text     [5]string
	document []byte // the largest texts: taken over, not copied
}

func (r *snapshotReader) row(scan scanFunc) error {
	var row snapshotRow
	t := &row.text
	if err := scan(&row.part, &row.address, &row.number, &row.at,
		&t[0], &t[1], &t[2], &t[3], &t[4], &row.document); err != nil {
		return err
	}
	switch row.part {
	case "community":
		return r.community(&row)
	case "weight": // a key may be there twice: the row that was made last comes last
		if r.result.Community.Customization == nil {
			r.result.Community.Customization = map[string]string{}
		}
		r.result.Community.Customization[t[0]] = t[1]
		return nil
	case "claim": // of any holder
		claim := store.Claim{
			Nullifier: t[0], Holder: store.Holder{Address: store.Address(row.address), ExpiresAt: row.at.Time},
		}
		if i, read := r.claim[claim.Nullifier]; read {
			r.result.Claims[i] = claim
		} else {
			r.result.Claims = append(r.result.Claims, claim)
		}
		return nil
	case "given":
		r.result.Points.Given[t[0]] = int(row.number)
		return nil
	case "value":
		r.result.Points.Values[t[0]] = int(row.number)
		return nil
	}
	i, asked := r.wallet[store.Address(row.address)]
	if !asked {
		return fmt.Errorf("a row of part %q is of %q, which was not queried", row.part, row.address)
	}
	return r.ofWallet(i, &row)
}

func (r *snapshotReader) community(row *snapshotRow) (err error) {
	r.found, r.result.At = true, row.at.Time
	c := &r.result.Community
	c.ID, c.HumanPoints, c.ExternalID = r.query.Community, row.number != 0, row.address
	c.Name, c.Rule, c.Scorer = row.text[0], row.text[1], row.text[2]
	c.Weights, c.Threshold = document(row.text[3]), row.text[4]
	c.Account, err = strconv.ParseInt(string(row.document), 10, 64)
	return err
}

// ofWallet takes a row about one of the queried addresses.
func (r *snapshotReader) ofWallet(i int, row *snapshotRow) error {
	t, wallet := &row.text, &r.result.Wallets[i]
	var history *store.PointsHistory
	if r.result.Points != nil {
		history = &r.result.Points.Wallets[i]
	}
	switch row.part {
	case "wallet":
		wallet.Unchanged, wallet.Version = row.number != 0, t[0]
	case "score":
		wallet.LastScore = &store.Score{
			Status: store.Status(t[0]), Value: t[1], Error: t[2], ScoredAt: row.at.Time,
			Evidence: document(t[3]), StampScores: document(t[4]), Stamps: row.document,
		}
	case "expiry":
		wallet.LastScore.ExpiresAt = row.at.Time
	case "credential":
		c := store.Credential{ID: row.number, Provider: t[0], Omitted: store.Omission(t[1]), UpdatedAt: row.at.Time}
		if c.Omitted == "" {
			c.Document = row.document
		}
		wallet.Credentials = append(wallet.Credentials, c)
	case "point":
		history.Points = append(history.Points, store.HumanPoint{
			Action: t[0], Provider: t[1], TxHash: t[2], ChainID: int(row.number),
		})
	case "qualified":
		history.Communities = append(history.Communities, row.number)
	case "list":
		history.Lists = append(history.Lists, t[0])
	default:
		return fmt.Errorf("a row is of the unknown part %q", row.part)
	}
	return nil
}

// snapshot returns what the store with the id has read.
func (r *snapshotReader) snapshot(id string) (*store.Snapshot, error) {
	if !r.found {
		return nil, store.Errorf("load_community", store.ErrCommunityNotFound, "there is no community %d", r.query.Community)
	}
	for i := range r.result.Wallets {
		wallet := &r.result.Wallets[i]
		switch {
		case wallet.Version == "":
			return nil, store.Errorf("load_snapshot", store.ErrInternal, "no row about %s", wallet.Address)
		case wallet.Unchanged:
			wallet.Version = r.query.Known[wallet.Address].Version
		default:
			version := walletVersion{store: id, rows: wallet.Version, ids: readable(wallet.Credentials)}
			wallet.Version = version.String()
		}
	}
	if r.result.Points != nil {
		for i := range r.result.Points.Wallets {
			slices.Sort(r.result.Points.Wallets[i].Communities)
		}
	}
	return &r.result, nil
}
