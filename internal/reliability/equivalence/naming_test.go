package equivalence

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// naming identifies the rows of a side by their place or key in the place of
// the ids that the store gave them, and the times of the store's own clock.
type naming struct {
	credentials, events []int64 // in order
	usernames           map[int64]string
	// own is when the stores began to work: times from then to now are of their
	// own clocks. The sequences use times that lie years ahead.
	own time.Time
}

// readNaming returns the naming of the content.
func readNaming(state *store.State, own time.Time) *naming {
	n := &naming{usernames: map[int64]string{}, own: own}
	for _, c := range state.Credentials {
		n.credentials = append(n.credentials, c.ID)
	}
	for _, e := range state.Events {
		n.events = append(n.events, e.ID)
	}
	slices.Sort(n.credentials)
	slices.Sort(n.events)
	for _, account := range state.Accounts {
		n.usernames[account.ID] = account.Username
	}
	return n
}

// account returns the id of the user's account on that side.
func (n *naming) account(username string) int64 {
	switch username {
	case "":
		return 0
	case "below 0":
		return -1
	}
	for id, name := range n.usernames {
		if name == username {
			return id
		}
	}
	return 1 << 40
}

// id returns the id at that place, counted from 1, and one that is not there
// for another place.
func id(ids []int64, place int) int64 {
	switch {
	case place <= 0:
		return int64(place)
	case place <= len(ids):
		return ids[place-1]
	case len(ids) > 0:
		return ids[len(ids)-1] + int64(place-len(ids))
	}
	return int64(place)
}

// place returns the place of the id, counted from 1, 0 if it is not there.
func place(ids []int64, id int64) int64 { return int64(slices.Index(ids, id)) + 1 }

// byOwnClock stands for every time of a store's own clock.
var byOwnClock = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (n *naming) time(t time.Time) time.Time {
	if !t.Before(n.own) && t.Before(n.own.Add(365*24*time.Hour)) {
		return byOwnClock
	}
	return t.UTC()
}

// accountID returns the id that every side gives to the account.
func (n *naming) accountID(id int64) int64 {
	var usernames []string
	for _, username := range n.usernames {
		usernames = append(usernames, username)
	}
	slices.Sort(usernames)
	return int64(slices.Index(usernames, n.usernames[id])) + 1
}

// comparable returns the content with the ids that every side gives to its
// rows.
func (n *naming) comparable(state store.State) store.State {
	for i := range state.Accounts {
		state.Accounts[i].ID = n.accountID(state.Accounts[i].ID)
	}
	for i := range state.Communities {
		state.Communities[i].Account = n.accountID(state.Communities[i].Account)
	}
	for i := range state.Keys {
		k := &state.Keys[i]
		k.Account, k.CreatedAt = n.accountID(k.Account), n.time(k.CreatedAt)
	}
	for i := range state.Credentials {
		c := &state.Credentials[i]
		c.ID, c.UpdatedAt = place(n.credentials, c.ID), n.time(c.UpdatedAt)
	}
	for i := range state.Scores {
		// Two of one provider may count: they are stored under several types.
		slices.SortFunc(state.Scores[i].Counted, func(a, b store.CountedCredential) int {
			return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(document(a.Document), document(b.Document)))
		})
	}
	for i := range state.Usage {
		u := &state.Usage[i]
		for _, document := range []*json.RawMessage{&u.Segments, &u.Query, &u.Headers, &u.Payload, &u.Response} {
			if string(*document) == "null" {
				*document = nil // rows as JSON do not distinguish them
			}
		}
	}
	return state
}

// document returns the JSON document in its canonical form.
func document(text json.RawMessage) string {
	if text == nil {
		return "none"
	}
	canonical, err := store.CanonicalJSON(text)
	if err != nil {
		return err.Error()
	}
	return string(canonical)
}
