package memstore

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// State returns the whole content. It is safe for concurrent use with every
// other method, and shares its documents with the store.
func (s *Store) State() store.State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.data.state()
}

func (d *data) state() store.State {
	state := store.State{
		Accounts: slices.Clone(d.accounts), Usage: slices.Clone(d.usage),
		PointValues: maps.Clone(d.values), Multipliers: maps.Clone(d.multipliers),
	}
	for _, c := range d.communities {
		state.Communities = append(state.Communities, cloneCommunity(*c))
	}
	sortBy(state.Communities, communityID)
	for _, name := range slices.Sorted(maps.Keys(d.lists)) {
		state.Lists = append(state.Lists, store.AddressList{Name: name, Members: slices.Clone(d.lists[name])})
	}
	for _, credentials := range d.credentials {
		for _, c := range credentials {
			state.Credentials = append(state.Credentials, c.StoredCredential)
		}
	}
	sortBy(state.Credentials, credentialID)
	for _, score := range d.scores {
		score.Counted = slices.Clone(score.Counted)
		state.Scores = append(state.Scores, score)
	}
	slices.SortFunc(state.Scores, func(a, b store.StoredScore) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Community, b.Community))
	})
	for _, community := range slices.Sorted(maps.Keys(d.claims)) {
		for _, nullifier := range slices.Sorted(maps.Keys(d.claims[community])) {
			claim := store.Claim{Nullifier: nullifier, Holder: d.claims[community][nullifier]}
			state.Claims = append(state.Claims, store.StoredClaim{Claim: claim, Community: community})
		}
	}
	for _, community := range slices.Sorted(maps.Keys(d.groups)) {
		for _, key := range slices.Sorted(maps.Keys(d.groups[community])) {
			state.GroupClaims = append(state.GroupClaims, store.StoredGroupClaim{GroupClaim: d.groups[community][key], Community: community})
		}
	}
	for at, events := range d.events {
		for _, event := range events {
			state.Events = append(state.Events, store.StoredEvent{RecordedEvent: event, Community: at.community})
		}
	}
	sortBy(state.Events, eventID)
	for _, address := range slices.Sorted(maps.Keys(d.points)) {
		state.Points = append(state.Points, d.points[address]...)
	}
	for _, address := range slices.Sorted(maps.Keys(d.qualified)) {
		for _, community := range d.qualified[address] {
			state.Qualified = append(state.Qualified, store.Qualification{Address: address, Community: community})
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(d.keys)) {
		state.Keys = append(state.Keys, *d.keys[prefix])
	}
	return state
}

func accountID(a store.Account) int64             { return a.ID }
func communityID(c store.StoredCommunity) int64   { return c.ID }
func credentialID(c store.StoredCredential) int64 { return c.ID }
func eventID(e store.StoredEvent) int64           { return e.ID }

// sortBy sorts the list, and returns it.
func sortBy[T any](list []T, id func(T) int64) []T {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return list
}

// SetState replaces the whole content. It returns a store.ErrInvalid, and
// changes nothing, if an id or a key is listed twice, the id of an account, a
// credential or an event is below 1 or above 1<<62, a document is not JSON, or
// a year is not between 0 and 9999. Anything else is kept, even if no method
// would store it.
func (s *Store) SetState(state store.State) error {
	d, err := dataOf(&state)
	if err == nil {
		err = json.NewEncoder(io.Discard).Encode(d.state())
	}
	if err != nil {
		return named("set_state", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = d
	return nil
}

func dataOf(state *store.State) (*data, error) {
	if err := checkState(state); err != nil {
		return nil, err
	}
	d := newData()
	d.accounts = sortBy(slices.Clone(state.Accounts), accountID)
	d.values, d.multipliers = maps.Clone(state.PointValues), maps.Clone(state.Multipliers)
	for _, c := range state.Communities {
		d.communities[c.ID] = new(cloneCommunity(c))
	}
	for _, list := range state.Lists {
		d.lists[list.Name] = slices.Compact(slices.Sorted(slices.Values(list.Members)))
	}
	for _, c := range sortBy(slices.Clone(state.Credentials), credentialID) {
		added, err := newCredential(c)
		if err != nil {
			return nil, fmt.Errorf("credential %d: %w", c.ID, err)
		}
		d.insert(added)
	}
	for _, score := range state.Scores {
		score.Score, score.Counted = cloneScore(score.Score), slices.Clone(score.Counted)
		for i := range score.Counted {
			score.Counted[i].Document = bytes.Clone(score.Counted[i].Document)
		}
		d.scores[place{score.Address, score.Community}] = score
	}
	for _, claim := range state.Claims {
		d.setClaim(claim.Community, claim.Claim)
	}
	for _, claim := range state.GroupClaims {
		d.addGroupClaim(claim.Community, claim.GroupClaim)
	}
	for _, event := range sortBy(slices.Clone(state.Events), eventID) {
		d.addEvent(event)
	}
	for _, point := range state.Points {
		d.addPoint(point)
	}
	for _, q := range state.Qualified {
		d.qualify(q.Address, q.Community)
	}
	for _, key := range state.Keys {
		d.addKey(key)
	}
	for _, usage := range state.Usage {
		d.usage = append(d.usage, cloneUsage(usage))
	}
	return d, nil
}

// checkState returns why SetState refuses the ids and keys, joined.
func checkState(state *store.State) error {
	return errors.Join(
		checkIDs("account", state.Accounts, accountID),
		checkIDs("credential", state.Credentials, credentialID),
		checkIDs("event", state.Events, eventID),
		unique("the user of account", state.Accounts, func(a store.Account) string { return a.Username }),
		unique("community", state.Communities, communityID),
		unique("address list", state.Lists, func(l store.AddressList) string { return l.Name }),
		unique("score", state.Scores, func(s store.StoredScore) place { return place{s.Address, s.Community} }),
		unique("claim", state.Claims, func(c store.StoredClaim) [2]any { return [2]any{c.Community, c.Nullifier} }),
		unique("group claim", state.GroupClaims, func(c store.StoredGroupClaim) [2]any { return [2]any{c.Community, c.Key} }),
		unique("the prefix of key", state.Keys, func(k store.Key) string { return k.Prefix }),
		unique("the id of key", state.Keys, func(k store.Key) string { return k.ID }),
	)
}

func checkIDs[T any](what string, list []T, id func(T) int64) error {
	for i, item := range list {
		if id(item) < 1 || id(item) > 1<<62 {
			return fmt.Errorf("the id of %s %d of the list is %d", what, i, id(item))
		}
	}
	return unique(what, list, id)
}

// unique returns an error if two of the list have one key, which may be a
// secret.
func unique[T any, K comparable](what string, list []T, key func(T) K) error {
	seen := make(map[K]bool, len(list))
	for i, item := range list {
		if seen[key(item)] {
			return fmt.Errorf("%s %d of the list is there twice", what, i)
		}
		seen[key(item)] = true
	}
	return nil
}

// Save writes the whole content as JSON.
func (s *Store) Save(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(s.State()); err != nil {
		return fmt.Errorf("saving the store: %w", err)
	}
	return nil
}

// Restore replaces the whole content with what Save has written. After an error
// nothing has changed. It returns a store.ErrInvalid for a malformed text and
// for a state that SetState refuses.
func (s *Store) Restore(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("restoring the store: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var state store.State
	if err := decoder.Decode(&state); err != nil {
		return store.Errorf("restore", store.ErrInvalid, "reading the saved store: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return store.Errorf("restore", store.ErrInvalid, "something follows the saved store")
	}
	return s.SetState(state)
}
