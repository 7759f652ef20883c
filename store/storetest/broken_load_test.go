package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// communities is a store that loads changed communities.
func communities(change func(q store.Query, c *store.Community)) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil {
				change(q, &snapshot.Community)
			}
			return snapshot, err
		}
	}
}

// wallets is a store that loads changed wallets.
func wallets(change func(w *store.Wallet)) broken {
	return snapshots(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			change(&s.Wallets[i])
		}
	})
}

// documents is a store that loads changed documents.
func documents(change func(json.RawMessage) json.RawMessage) broken {
	return wallets(func(w *store.Wallet) {
		for i := range w.Credentials {
			c := &w.Credentials[i]
			c.Document = change(c.Document)
		}
	})
}

// inFloats returns the document after a passage through float64.
func inFloats(document json.RawMessage) json.RawMessage {
	var value any
	if json.Unmarshal(document, &value) != nil {
		return document
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // what was JSON always marshals
	}
	return text
}

// about is a store that loads claims as if the subjects of credentials were
// others. The documents that it returns are not changed.
func about(change func(subject map[string]any)) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			other, err := b.Like(func(s *store.State) {
				for i := range s.Credentials {
					c := &s.Credentials[i]
					var members map[string]any
					if json.Unmarshal(c.Document, &members) != nil {
						continue
					}
					if subject, is := members["credentialSubject"].(map[string]any); is {
						change(subject)
						c.Document, _ = json.Marshal(members)
					}
				}
			}).Load(ctx, q)
			snapshot, good := b.Good.Load(ctx, q)
			if err == nil && good == nil {
				snapshot.Claims = other.Claims
			}
			return snapshot, good
		}
	}
}

// prefers is a store that does not see a credential when there is a better one
// of its wallet and provider.
func prefers(better func(a, b *store.StoredCredential) bool) broken {
	return sees(func(_ store.Query, s *store.State) {
		all := slices.Clone(s.Credentials)
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool {
			return slices.ContainsFunc(all, func(other store.StoredCredential) bool {
				return other.ID != c.ID && other.Address == c.Address && other.Provider == c.Provider && better(&other, &c)
			})
		})
	})
}

var brokenTerms = map[string]fault{
	"loads no name": {"load/the community", communities(func(_ store.Query, c *store.Community) { c.Name = "" })},
	"has one table of weights": {"load/a community with another type of scorer", communities(func(_ store.Query, c *store.Community) {
		c.Scorer = store.ScorerBinary
	})},
	"loads no other name":        {"load/another name of the community", communities(func(_ store.Query, c *store.Community) { c.ExternalID = "" })},
	"wants an address":           {"load/the community alone without an address", refusesLoads(store.ErrInvalid, func(q store.Query) bool { return len(q.Addresses) == 0 })},
	"makes a community up":       {"load/a community that does not exist", answers(store.ErrCommunityNotFound)},
	"has a plain error for none": {"load/a community that does not exist", plainly},
	"loads deleted communities":  {"load/a deleted community", sees(func(_ store.Query, s *store.State) { undelete(s) })},
	"has one rule":               {"load/another rule as it is", communities(func(_ store.Query, c *store.Community) { c.Rule = "LIFO" })},
	"takes a weight of null for 0": {"load/weights that are no decimals as they are", communities(func(_ store.Query, c *store.Community) {
		c.Weights = bytes.ReplaceAll(c.Weights, []byte("null"), []byte("0"))
	})},
	"keeps weights in float64":                  {"load/every digit of the weights", communities(func(_ store.Query, c *store.Community) { c.Weights = inFloats(c.Weights) })},
	"has a threshold of its own":                {"load/no weights and no threshold without a scorer", communities(func(_ store.Query, c *store.Community) { c.Threshold = cmp.Or(c.Threshold, "0") })},
	"has no customization":                      {"load/the customization", communities(func(_ store.Query, c *store.Community) { c.Customization = nil })},
	"has one customization for every community": {"load/no customization of another community", sees(func(_ store.Query, s *store.State) { shareCustomization(s) })},
}

func undelete(s *store.State) {
	for i := range s.Communities {
		s.Communities[i].Deleted = false
	}
}

func shareCustomization(s *store.State) {
	all := map[string]string{}
	for i := range s.Communities {
		maps.Copy(all, s.Communities[i].Customization)
		s.Communities[i].Customization = all
	}
}

// brokenLoads are stores whose Load is broken.
var brokenLoads = map[string]fault{
	"knows no address that it has not seen": {"load/an empty wallet for an address never seen", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil && len(snapshot.Wallets) > 0 && len(snapshot.Wallets[0].Credentials) == 0 {
				return nil, store.ErrNotFound
			}
			return snapshot, err
		}
	}},
	"loads no credential":               {"load/the credentials of the address", overlooks(func(*store.StoredCredential) bool { return true })},
	"loads everyone's credentials":      {"load/no credential of another address", mistakes(func(q store.Query, c *store.StoredCredential) { c.Address = q.Addresses[0] })},
	"loads deleted credentials":         {"load/no deleted credential", mistakes(func(_ store.Query, c *store.StoredCredential) { c.Deleted = false })},
	"loads claims of deleted ones":      {"load/no claim that a deleted or a revoked credential lists", mistakes(func(_ store.Query, c *store.StoredCredential) { c.Deleted = false })},
	"loads revoked credentials":         {"load/no revoked credential", mistakes(func(_ store.Query, c *store.StoredCredential) { c.Revoked = false })},
	"revokes by the proof value":        {"load/a credential with the proof value of a revoked one", sees(revokeByProof)},
	"loads its own credentials":         {"load/a credential that another program stored", overlooks(func(c *store.StoredCredential) bool { return c.Foreign })},
	"loads the newest of a provider":    {"load/every live credential of a provider", prefers(func(a, b *store.StoredCredential) bool { return a.ID > b.ID })},
	"hides what a deleted one replaced": {"load/an older credential than a deleted one", prefers(func(a, _ *store.StoredCredential) bool { return a.Deleted })},
	"hides expired credentials":         {"load/an expired credential", overlooks(func(c *store.StoredCredential) bool { return c.ExpiresAt.Year() < 2026 })},
	"loads credentials without a time": {"load/a credential as it is stored", wallets(func(w *store.Wallet) {
		for i := range w.Credentials {
			w.Credentials[i].UpdatedAt = time.Time{}
		}
	})},
	"keeps credentials in float64": {"load/every digit of a credential", documents(inFloats)},
	"has an order of its own": {"load/wallets in the order of the query", queries(func(q *store.Query) {
		q.Addresses = slices.Sorted(slices.Values(q.Addresses))
	})},
	"has an empty version":            {"load/a version also without credentials", wallets(func(w *store.Wallet) { w.Version = "" })},
	"changes the version by itself":   {"load/the same version of the same credentials", snapshots(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = fmt.Sprintf("%p", s) })},
	"takes addresses in any case":     {"load/a malformed address or one that is queried twice", queries(lowerAddresses)},
	"loads a repeated address once":   {"load/a malformed address or one that is queried twice", queries(func(q *store.Query) { q.Addresses = slices.Compact(slices.Sorted(slices.Values(q.Addresses))) })},
	"has a plain error for addresses": {"load/a malformed address or one that is queried twice", plainly},
	"notes what was loaded":           {"load/changes nothing", notesLoads},
	"returns points unasked":          {"load/no points unless the query asks for them", snapshots(func(_ store.Query, s *store.Snapshot) { s.Points = &store.PointsSnapshot{} })},

	"has another time":                   {"load/the time of the query", snapshots(func(_ store.Query, s *store.Snapshot) { s.At = s.At.AddDate(0, 0, 1) })},
	"keeps the zone of the query":        {"load/the time in UTC and whole microseconds", times(func(q store.Query, at time.Time) time.Time { return at.In(q.At.Location()) })},
	"keeps the nanoseconds of the query": {"load/the time in UTC and whole microseconds", times(func(q store.Query, at time.Time) time.Time { return q.At.UTC() })},
	"has a zone of its own":              {"load/the time of the store for a query without one", times(func(_ store.Query, at time.Time) time.Time { return at.In(time.FixedZone("east", 3600)) })},
	"has a clock in nanoseconds":         {"load/the time of the store for a query without one", times(func(_ store.Query, at time.Time) time.Time { return at.Add(1) })},
	"takes any time": {"load/a time that no store can hold", queries(func(q *store.Query) {
		if year := q.At.Year(); year < 1 || year > 9999 {
			q.At = time.Time{}
		}
	})},

	"leaves expired claims out": {"load/claims of anyone and expired or not", snapshots(func(q store.Query, s *store.Snapshot) {
		s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return !c.ExpiresAt.After(q.At) })
	})},
	"returns a claim for each credential": {"load/a claim once that several credentials list", snapshots(func(_ store.Query, s *store.Snapshot) { s.Claims = slices.Repeat(s.Claims, 2) })},
	"returns claims of every community": {"load/no claim of another community", sees(func(q store.Query, s *store.State) {
		for i := range s.Claims {
			s.Claims[i].Community = q.Community
		}
	})},
	"does not know hashes": {"load/the claim on the hash of an older credential", about(func(subject map[string]any) { delete(subject, "hash") })},
	"knows hashes of version 0.0.0": {"load/the claim on the hash of an older credential", about(func(subject map[string]any) {
		if hash, _ := subject["hash"].(string); !strings.HasPrefix(hash, "v0.0.0:") {
			delete(subject, "hash")
		}
	})},
	"takes a text for a list": {"load/claims in spite of malformed nullifiers", about(func(subject map[string]any) {
		if text, is := subject["nullifiers"].(string); is {
			subject["nullifiers"] = []string{text}
		}
	})},
	"refuses a credential that is no object": {"load/claims in spite of malformed nullifiers", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			for _, c := range b.Good.State().Credentials {
				if c.Document[0] != '{' {
					return nil, store.ErrInternal
				}
			}
			return b.Good.Load(ctx, q)
		}
	}},
}

func lowerAddresses(q *store.Query) {
	for i := range q.Addresses {
		q.Addresses[i] = store.Address(strings.ToLower(string(q.Addresses[i])))
	}
}

func revokeByProof(_ store.Query, s *store.State) {
	revoked := map[string]bool{}
	for _, c := range s.Credentials {
		revoked[c.ProofValue] = revoked[c.ProofValue] || c.Revoked
	}
	for i := range s.Credentials {
		s.Credentials[i].Revoked = revoked[s.Credentials[i].ProofValue]
	}
}

// times is a store whose snapshots have another time.
func times(change func(q store.Query, at time.Time) time.Time) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil {
				snapshot.At = change(q, snapshot.At)
			}
			return snapshot, err
		}
	}
}

func notesLoads(b *brokenstore.Store) {
	b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
		b.Edit(func(s *store.State) {
			note := store.Event{Action: "GET", Address: "0x", Data: []byte(strconv.FormatInt(q.Community, 10))}
			s.Events = append(s.Events, store.StoredEvent{RecordedEvent: store.RecordedEvent{Event: note, ID: int64(len(s.Events) + 1)}})
		})
		return b.Good.Load(ctx, q)
	}
}
