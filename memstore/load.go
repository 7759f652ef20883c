package memstore

import (
	"context"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	return view(ctx, s, "load_snapshot", q.Validate(), func(d *data) (*store.Snapshot, error) {
		community, err := d.community(q.Community)
		if err != nil {
			return nil, err
		}
		at := store.Microseconds(q.At)
		if q.At.IsZero() {
			if at, err = s.clock(); err != nil {
				return nil, err
			}
		}
		snapshot := d.snapshot(&q)
		if most := store.MaxGroupClaims * len(q.Addresses); len(snapshot.GroupClaims) > most {
			return nil, fail(store.ErrInternal, "more than %d group claims name the addresses", most)
		}
		snapshot.At, snapshot.Community = at, cloneCommunity(*community).Community
		return snapshot, nil
	})
}

func (d *data) snapshot(q *store.Query) *store.Snapshot {
	snapshot := &store.Snapshot{Wallets: make([]store.Wallet, 0, len(q.Addresses))}
	claims := d.claims[q.Community]
	listed := map[string]bool{}
	list := func(nullifiers []string) {
		for _, nullifier := range nullifiers {
			holder, claimed := claims[nullifier]
			if claimed && !listed[nullifier] {
				listed[nullifier] = true
				snapshot.Claims = append(snapshot.Claims, store.Claim{Nullifier: nullifier, Holder: holder})
			}
		}
	}
	for _, address := range q.Addresses {
		read, excess := d.read(address)
		wallet := store.Wallet{Address: address, Version: version(read, excess)}
		if known, is := q.Known[address]; is && known.Version == wallet.Version {
			wallet.Unchanged = true
			list(known.Nullifiers)
		} else {
			wallet.Credentials = bounded(read, excess)
			for i, c := range read {
				if wallet.Credentials[i].Omitted == "" {
					list(c.nullifiers)
				}
			}
		}
		if last, scored := d.scores[place{address, q.Community}]; scored && q.LastScore {
			wallet.LastScore = new(cloneScore(last.Score))
		}
		snapshot.Wallets = append(snapshot.Wallets, wallet)
	}
	if q.Groups {
		snapshot.GroupClaims = d.groupClaims(q.Community, q.Addresses...)
	}
	if q.Points != nil && len(q.Addresses) > 0 {
		snapshot.Points = d.pointsSnapshot(q)
	}
	return snapshot
}

func (d *data) pointsSnapshot(q *store.Query) *store.PointsSnapshot {
	points := &store.PointsSnapshot{Given: make(map[string]int, len(q.Points.Counted)), Values: maps.Clone(d.values)}
	for _, address := range q.Addresses {
		history := store.PointsHistory{
			Points: d.pointsOf(address), Communities: slices.Clone(d.qualified[address]), Multiplier: d.multiplier(address),
		}
		for _, list := range q.Points.Lists {
			if _, on := slices.BinarySearch(d.lists[list], address); on && !slices.Contains(history.Lists, list) {
				history.Lists = append(history.Lists, list)
			}
		}
		points.Wallets = append(points.Wallets, history)
	}
	for _, action := range q.Points.Counted {
		points.Given[action] = d.given[action]
	}
	return points
}

func (d *data) pointsOf(address store.Address) []store.HumanPoint {
	var points []store.HumanPoint
	for _, point := range d.points[address] {
		points = append(points, point.HumanPoint)
	}
	return points
}

func (d *data) multiplier(address store.Address) int {
	if multiplier, found := d.multipliers[address]; found {
		return multiplier
	}
	return 1
}

// LoadPoints implements [store.Points].
func (s *Store) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	return viewOf(ctx, s, "load_points", address, func(d *data, address store.Address) (*store.PointsLedger, error) {
		ledger := &store.PointsLedger{
			Points: d.pointsOf(address), Values: maps.Clone(d.values), Multiplier: d.multiplier(address),
			Eligible: len(d.qualified[address]) > 0,
		}
		slices.SortFunc(ledger.Points, store.ComparePoints)
		return ledger, nil
	})
}
