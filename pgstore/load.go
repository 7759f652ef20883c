package pgstore

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// load returns the call that answers the query.
func (s *statements) load(q *store.Query) call {
	var at any // NULL: the database's clock
	if !q.At.IsZero() {
		at = moment(q.At)
	}
	addresses := append([]string{}, q.Addresses...) // not NULL when there is none
	if q.Points == nil {
		return s.loadSnapshot.with(q.Community, addresses, at)
	}
	return s.loadSnapshotAndPoints.with(q.Community, addresses, at,
		those(q.Points.Lists, store.MaxListName), those(q.Points.Counted, store.MaxAction))
}

// snapshotReader puts the rows of loadSnapshot together.
type snapshotReader struct {
	query  *store.Query
	wallet map[string]int
	found  bool
	result store.Snapshot
}

func newSnapshotReader(q *store.Query) *snapshotReader {
	r := &snapshotReader{query: q, wallet: make(map[string]int, len(q.Addresses))}
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
	}
	return r
}

// snapshotRow is one row of the answer; which columns tell something depends on
// its part.
type snapshotRow struct {
	part          string
	address       string
	number        int64
	moment, until storedMoment
	text          [5]string
	document      []byte // the largest texts: taken over, not copied
}

func (r *snapshotReader) row(scan scanFunc) error {
	var row snapshotRow
	t := &row.text
	if err := scan(&row.part, &row.address, &row.number, &row.moment, &row.until,
		&t[0], &t[1], &t[2], &t[3], &t[4], &row.document); err != nil {
		return err
	}
	switch row.part {
	case "community":
		return r.community(&row)
	case "weight":
		r.weight(&row)
		return nil
	case "claim": // held by anyone
		r.result.Claims = append(r.result.Claims, store.Claim{
			Nullifier: t[0], Address: row.address, ExpiresAt: row.until.Time,
		})
		return nil
	case "given":
		r.result.Points.Given[t[0]] = int(row.number)
		return nil
	case "value":
		r.result.Points.Values[t[0]] = int(row.number)
		return nil
	}
	i, asked := r.wallet[row.address]
	if !asked {
		return fmt.Errorf("a row of part %q is of %q, which was not asked for", row.part, row.address)
	}
	return r.ofWallet(i, &row)
}

func (r *snapshotReader) community(row *snapshotRow) (err error) {
	r.found = true
	r.result.At = row.moment.Time
	r.result.Community.ID = r.query.Community
	r.result.Community.HumanPoints = row.number != 0
	r.result.Community.Name = row.text[0]
	r.result.Community.Rule = row.text[1]
	r.result.Community.Scorer = row.text[2]
	r.result.Community.Weights = document(row.text[3])
	r.result.Community.Threshold = row.text[4]
	r.result.Community.ExternalID = row.address
	r.result.Community.Account, err = strconv.ParseInt(string(row.document), 10, 64)
	return err
}

// weight takes a weight of the customization. A key may be there twice: the
// row that was made last wins, which comes last.
func (r *snapshotReader) weight(row *snapshotRow) {
	if r.result.Community.Overlay == nil {
		r.result.Community.Overlay = map[string]string{}
	}
	r.result.Community.Overlay[row.text[0]] = row.text[1]
}

// ofWallet takes a row about one of the queried addresses.
func (r *snapshotReader) ofWallet(i int, row *snapshotRow) error {
	t := &row.text
	switch wallet := &r.result.Wallets[i]; row.part {
	case "wallet":
		wallet.Version = t[0]
	case "credential":
		c := store.Credential{ID: row.number, Provider: t[0], Omitted: store.Omission(t[1]), UpdatedAt: row.moment.Time}
		if c.Omitted == "" {
			c.Stamp = row.document
		}
		wallet.Credentials = append(wallet.Credentials, c)
	case "score":
		wallet.Score = &store.Score{
			Status: store.Status(t[0]), Value: t[1], Error: t[2],
			Evidence: document(t[3]), StampScores: document(t[4]), Stamps: document(string(row.document)),
			ScoredAt: row.moment.Time, ExpiresAt: row.until.Time,
		}
	case "award":
		history := &r.result.Points.Wallets[i]
		history.Awards = append(history.Awards, store.Award{
			Action: t[0], Provider: t[1], TxHash: t[2], ChainID: int(row.number),
		})
	case "qualified":
		history := &r.result.Points.Wallets[i]
		history.Communities = append(history.Communities, row.number)
	case "list":
		history := &r.result.Points.Wallets[i]
		history.Lists = append(history.Lists, t[0])
	default:
		return fmt.Errorf("a row is of the unknown part %q", row.part)
	}
	return nil
}

// snapshot returns what was read, in an order that does not depend on the
// database's plan or collation.
func (r *snapshotReader) snapshot() (*store.Snapshot, error) {
	if !r.found {
		return nil, store.Errorf("load_community", store.ErrCommunityNotFound, "there is no community %d", r.query.Community)
	}
	for i := range r.result.Wallets {
		wallet := &r.result.Wallets[i]
		if wallet.Version == "" {
			return nil, store.Errorf("load_snapshot", store.ErrFault, "no row about %s", wallet.Address)
		}
		slices.SortFunc(wallet.Credentials, func(a, b store.Credential) int { return cmp.Compare(a.Provider, b.Provider) })
	}
	slices.SortFunc(r.result.Claims, func(a, b store.Claim) int { return cmp.Compare(a.Nullifier, b.Nullifier) })
	if r.result.Points != nil {
		for _, action := range r.query.Points.Counted {
			r.result.Points.Given[action] += 0 // also what no row can be of
		}
		for i := range r.result.Points.Wallets {
			sortHistory(&r.result.Points.Wallets[i])
		}
	}
	return &r.result, nil
}

func sortHistory(history *store.PointsHistory) {
	slices.SortFunc(history.Awards, store.CompareAwards)
	slices.Sort(history.Communities)
	slices.Sort(history.Lists)
}
