package pgstore

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// load returns the call that answers the query.
func (t texts) load(q *store.Query) call {
	at := timeOrNull(q.At) // NULL: the database's clock
	addresses := make([]string, len(q.Addresses))
	for i, address := range q.Addresses {
		addresses[i] = string(address)
	}
	if q.Points == nil {
		c := t.call("load_snapshot", q.Community, addresses, at)
		c.sql = t[withoutPoints]
		return c
	}
	return t.call("load_snapshot", q.Community, addresses, at,
		those(q.Points.Lists, store.MaxListName), those(q.Points.Counted, store.MaxAction))
}

// snapshotReader puts the rows of load_snapshot together.
type snapshotReader struct {
	query  *store.Query
	wallet map[store.Address]int
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
		r.result.Claims = append(r.result.Claims, store.Claim{
			Nullifier: t[0], Holder: store.Holder{Address: store.Address(row.address), ExpiresAt: row.at.Time},
		})
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
		wallet.Version = t[0]
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

// snapshot returns what was read.
func (r *snapshotReader) snapshot() (*store.Snapshot, error) {
	if !r.found {
		return nil, store.Errorf("load_community", store.ErrCommunityNotFound, "there is no community %d", r.query.Community)
	}
	for i := range r.result.Wallets {
		wallet := &r.result.Wallets[i]
		if wallet.Version == "" {
			return nil, store.Errorf("load_snapshot", store.ErrInternal, "no row about %s", wallet.Address)
		}
		wallet.Version = version(wallet.Version, wallet.Credentials)
	}
	if r.result.Points != nil {
		for i := range r.result.Points.Wallets {
			slices.Sort(r.result.Points.Wallets[i].Communities)
		}
	}
	return &r.result, nil
}
