package memstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// data is the content, indexed by what the methods look it up by.
type data struct {
	accounts    []store.Account
	communities map[int64]*store.StoredCommunity
	lists       map[string][]store.Address      // sorted
	credentials map[store.Address][]*credential // in the order of their ids
	byProof     map[string][]*credential
	scores      map[place]store.StoredScore
	claims      map[int64]map[string]store.Holder     // by community and nullifier
	groups      map[int64]map[string]store.GroupClaim // by community and key
	groupKeys   map[place]map[string]bool             // of the claims that name the address
	events      map[place][]store.RecordedEvent       // in the order of their ids
	points      map[store.Address][]store.StoredPoint
	given       map[string]int            // the number of points by action
	qualified   map[store.Address][]int64 // sorted
	values      map[string]int
	multipliers map[store.Address]int
	keys        map[string]*store.Key // by prefix
	keyIDs      map[string]*store.Key
	usage       []store.Usage

	lastCredential, lastEvent int64
}

// place is an address in a community.
type place struct {
	address   store.Address
	community int64
}

type credential struct {
	store.StoredCredential

	nullifiers []string
	digest     [sha256.Size]byte // of what a version stands for
	tooLarge   bool
}

func newData() *data {
	return &data{
		communities: map[int64]*store.StoredCommunity{},
		lists:       map[string][]store.Address{},
		credentials: map[store.Address][]*credential{},
		byProof:     map[string][]*credential{},
		scores:      map[place]store.StoredScore{},
		claims:      map[int64]map[string]store.Holder{},
		groups:      map[int64]map[string]store.GroupClaim{},
		groupKeys:   map[place]map[string]bool{},
		events:      map[place][]store.RecordedEvent{},
		points:      map[store.Address][]store.StoredPoint{},
		given:       map[string]int{},
		qualified:   map[store.Address][]int64{},
		keys:        map[string]*store.Key{},
		keyIDs:      map[string]*store.Key{},
	}
}

// newCredential returns an error if the document is not JSON that can be
// stored.
func newCredential(stored store.StoredCredential) (*credential, error) {
	document, err := store.CanonicalJSON(stored.Document)
	if err != nil {
		return nil, err
	}
	stored.Document, stored.UpdatedAt = document, store.Microseconds(stored.UpdatedAt)
	stored.IssuedAt, stored.ExpiresAt = store.Microseconds(stored.IssuedAt), store.Microseconds(stored.ExpiresAt)
	c := &credential{StoredCredential: stored, tooLarge: store.TooLarge(document)}
	if !c.tooLarge {
		c.nullifiers = store.Nullifiers(stored.Address, stored.Provider, document)
	}
	return c, nil
}

// insert adds a credential whose id and time are set.
func (d *data) insert(c *credential) {
	c.digest = sha256.Sum256(fmt.Appendf(nil, "%d %d %s", c.ID, c.UpdatedAt.UnixMicro(), c.Document))
	d.lastCredential = max(d.lastCredential, c.ID)
	d.credentials[c.Address] = append(d.credentials[c.Address], c)
	d.byProof[c.ProofValue] = append(d.byProof[c.ProofValue], c)
}

// live returns the live credentials of the address, in the order of their ids.
func (d *data) live(address store.Address) []*credential {
	dead := func(c *credential) bool { return c.Deleted || c.Revoked }
	return slices.DeleteFunc(slices.Clone(d.credentials[address]), dead)
}

// read returns the live credentials that Load reads, newest first: those among
// the [store.MaxCredentials] newest that are not deleted, and the next one.
func (d *data) read(address store.Address) (read []*credential, excess *credential) {
	for _, c := range slices.Backward(d.credentials[address]) {
		if !c.Deleted {
			read = append(read, c)
		}
		if len(read) > store.MaxCredentials {
			excess = c
			break
		}
	}
	return slices.DeleteFunc(read, func(c *credential) bool { return c.Revoked }), excess
}

// bounded returns the credentials, newest first, without the documents beyond
// the bounds of package store.
func bounded(read []*credential, excess *credential) []store.Credential {
	bounded := make([]store.Credential, len(read))
	total := 0
	for i, c := range read {
		bounded[i] = c.Credential
		switch {
		case c.tooLarge:
			bounded[i].Document, bounded[i].Omitted = nil, store.OmittedTooLarge
		case c == excess || total+len(c.Document) > store.MaxWalletBytes:
			bounded[i].Document, bounded[i].Omitted = nil, store.OmittedTooMany
			total = store.MaxWalletBytes
		default:
			total += len(c.Document)
		}
	}
	return bounded
}

// version returns the fingerprint of the credentials that Load reads, and of
// whether it omits the last one.
func version(read []*credential, excess *credential) string {
	digest := sha256.New()
	for _, c := range read {
		digest.Write(c.digest[:])
		if c == excess {
			digest.Write([]byte("omitted"))
		}
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// community returns a community that is not deleted.
func (d *data) community(id int64) (*store.StoredCommunity, error) {
	c, found := d.communities[id]
	if !found || c.Deleted {
		return nil, fail(store.ErrCommunityNotFound, "there is no community %d", id)
	}
	return c, nil
}

func (d *data) setClaim(community int64, claim store.Claim) {
	if d.claims[community] == nil {
		d.claims[community] = map[string]store.Holder{}
	}
	claim.ExpiresAt = store.Microseconds(claim.ExpiresAt)
	d.claims[community][claim.Nullifier] = claim.Holder
}

// addEvent adds an event whose id is set.
func (d *data) addEvent(event store.StoredEvent) {
	event.At, event.Data = store.Microseconds(event.At), bytes.Clone(event.Data)
	d.lastEvent = max(d.lastEvent, event.ID)
	at := place{event.Address, event.Community}
	d.events[at] = append(d.events[at], event.RecordedEvent)
}

func (d *data) addPoint(point store.StoredPoint) {
	point.At = store.Microseconds(point.At)
	d.points[point.Address] = append(d.points[point.Address], point)
	d.given[point.Action]++
}

func (d *data) qualify(address store.Address, community int64) {
	if at, found := slices.BinarySearch(d.qualified[address], community); !found {
		d.qualified[address] = slices.Insert(d.qualified[address], at, community)
	}
}

func (d *data) addKey(key store.Key) {
	key.CreatedAt, key.ExpiresAt = store.Microseconds(key.CreatedAt), store.Microseconds(key.ExpiresAt)
	d.keys[key.Prefix], d.keyIDs[key.ID] = &key, &key
}

// cloneScore returns the score with documents of its own.
func cloneScore(score store.Score) store.Score {
	score.ScoredAt, score.ExpiresAt = store.Microseconds(score.ScoredAt), store.Microseconds(score.ExpiresAt)
	score.Evidence = bytes.Clone(score.Evidence)
	score.StampScores, score.Stamps = bytes.Clone(score.StampScores), bytes.Clone(score.Stamps)
	return score
}

// cloneUsage returns the usage with documents of its own, in canonical form.
func cloneUsage(u store.Usage) store.Usage {
	u.At = store.Microseconds(u.At)
	for _, document := range []*json.RawMessage{&u.Segments, &u.Query, &u.Headers, &u.Payload, &u.Response} {
		if text, err := store.CanonicalJSON(*document); err == nil {
			*document = text
		} else {
			*document = bytes.Clone(*document)
		}
	}
	return u
}

func cloneCommunity(c store.StoredCommunity) store.StoredCommunity {
	c.Customization, c.Weights = maps.Clone(c.Customization), bytes.Clone(c.Weights)
	return c
}
