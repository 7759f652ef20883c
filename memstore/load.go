package memstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Load implements [store.Store]. The bytes of credentials, weights and scores
// in the snapshot are shared with the store and are to be read only; everything
// else is the caller's. Its errors, by errors.Is: store.ErrCommunityNotFound,
// store.ErrInvalid for a query with a malformed or repeated address, and the
// context's own.
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	const op = "load_snapshot"
	if err := q.Validate(); err != nil {
		return nil, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	var snapshot *store.Snapshot
	err := s.look(ctx, op, func(d *data) error {
		at, err := s.moment(op, q.At)
		if err != nil {
			return err
		}
		row, found := d.community(q.Community)
		if !found {
			return store.Errorf(op, store.ErrCommunityNotFound, "there is no community %d", q.Community)
		}
		snapshot = d.snapshot(&q, at, row)
		return nil
	})
	return snapshot, err
}

func (s *Store) moment(op string, at time.Time) (time.Time, error) {
	if at.IsZero() {
		return s.clock(op)
	}
	return microseconds(at), nil
}

func (d *data) snapshot(q *store.Query, at time.Time, community *communityRow) *store.Snapshot {
	snapshot := &store.Snapshot{At: at, Community: d.weighing(community)}
	snapshot.Wallets = make([]store.Wallet, 0, len(q.Addresses))
	var nullifiers []string
	for _, address := range q.Addresses {
		live, excess := d.live(address)
		credentials := bounded(live, excess)
		for i, row := range live {
			if credentials[i].Omitted == "" {
				nullifiers = append(nullifiers, row.nullifiers...)
			}
		}
		slices.SortFunc(credentials, func(a, b store.Credential) int { return strings.Compare(a.Provider, b.Provider) })
		snapshot.Wallets = append(snapshot.Wallets, store.Wallet{
			Address:     address,
			Version:     d.version(address),
			Credentials: credentials,
			Score:       d.score(address, q.Community),
		})
	}
	snapshot.Claims = d.claimsOn(nullifiers, q.Community)
	if q.Points != nil {
		snapshot.Points = d.pointsOf(q.Addresses, q.Points)
	}
	return snapshot
}

// live returns those of the rows that Load reads that can count: of each provider
// the one updated last.
func (d *data) live(address string) (rows []*credentialRow, excess *credentialRow) {
	rows, excess = d.read(address)
	last := map[string]*credentialRow{}
	for _, row := range rows { // of equals the first, which has the highest id
		if other, found := last[row.Provider]; !found || row.UpdatedAt.After(other.UpdatedAt) {
			last[row.Provider] = row
		}
	}
	return slices.DeleteFunc(rows, func(row *credentialRow) bool { return last[row.Provider] != row }), excess
}

// undeleted returns the credentials of the address that are not deleted.
func (d *data) undeleted(address string) []*credentialRow {
	rows := make([]*credentialRow, 0, len(d.Credentials.byAddress.find(address)))
	for _, row := range d.Credentials.byAddress.find(address) {
		if row.DeletedAt.IsZero() {
			rows = append(rows, row)
		}
	}
	return rows
}

// unrevoked removes the revoked ones from the rows.
func (d *data) unrevoked(rows []*credentialRow) []*credentialRow {
	return slices.DeleteFunc(rows, func(row *credentialRow) bool { return d.Revocations.byCredential.has(row.ID) })
}

// version is a fingerprint of the address's credentials, those that a newer one
// of the provider hides included: another set of them has another.
func (d *data) version(address string) string {
	rows, _ := d.read(address)
	text := make([]byte, 0, 16*len(rows))
	for _, row := range rows {
		text = binary.BigEndian.AppendUint64(text, uint64(row.ID)) //nolint:gosec // any injection does
		text = binary.BigEndian.AppendUint64(text, uint64(row.UpdatedAt.UnixMicro()))
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

func (d *data) score(address string, community int64) *store.Score {
	passport, found := d.Passports.byAddress.find(place{address, community})
	if !found {
		return nil
	}
	row, found := d.Scores.byPassport.find(passport.ID)
	if !found {
		return nil
	}
	status, _ := optional(row.Status)
	text, _ := optional(row.Error)
	return &store.Score{
		Status: store.Status(status), Value: row.Score.trimmed(), ScoredAt: row.LastScoreTimestamp,
		ExpiresAt: row.ExpirationDate, Error: text,
		Evidence: row.Evidence, StampScores: row.StampScores, Stamps: row.Stamps,
	}
}

func (d *data) claimsOn(nullifiers []string, community int64) []store.Claim {
	slices.Sort(nullifiers)
	var claims []store.Claim
	for _, nullifier := range slices.Compact(nullifiers) {
		if row, found := d.Claims.byNullifier.find(place{nullifier, community}); found {
			claims = append(claims, store.Claim{Nullifier: row.Hash, Address: row.Address, ExpiresAt: row.ExpiresAt})
		}
	}
	return claims
}

func (d *data) pointsOf(addresses []string, q *store.PointsQuery) *store.PointsSnapshot {
	points := &store.PointsSnapshot{
		Wallets: make([]store.PointsHistory, 0, len(addresses)),
		Given:   make(map[string]int, len(q.Counted)),
		Values:  d.pointsValues(),
	}
	for _, address := range addresses {
		points.Wallets = append(points.Wallets, d.history(address, q.Lists))
	}
	for _, action := range q.Counted {
		points.Given[action] = len(d.Points.byAction.find(action))
	}
	return points
}

// pointsValues returns the points of each active action.
func (d *data) pointsValues() map[string]int {
	values := make(map[string]int, len(d.Config.rows))
	for _, row := range d.Config.rows {
		if row.Active {
			values[row.Action] = int(row.Points)
		}
	}
	return values
}

func (d *data) history(address string, lists []string) store.PointsHistory {
	var history store.PointsHistory
	for _, row := range d.Points.byAddress.find(address) {
		history.Awards = append(history.Awards, store.Award{
			Action: row.Action, Provider: row.Provider, TxHash: row.TxHash, ChainID: int(row.ChainID),
		})
	}
	for _, row := range d.Qualified.byAddress.find(address) {
		history.Communities = append(history.Communities, row.CommunityID)
	}
	slices.Sort(history.Communities)
	names := slices.Clone(lists)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		list, found := d.Lists.byName.find(name)
		if !found {
			continue
		}
		if _, is := d.Members.byAddress.find(member{address, list.ID}); is {
			history.Lists = append(history.Lists, name)
		}
	}
	return history
}
