package servicerows

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

func (t *tables) state() store.State {
	state := store.State{
		Communities: t.communities(),
		Lists:       t.lists(),
		Credentials: t.credentials(),
		Scores:      t.scores(),
		Events:      t.events(),
		Keys:        t.keys(),
		Usage:       t.usage(),
		PointValues: map[string]int{},
		Multipliers: map[store.Address]int{},
	}
	usernames := map[int64]string{}
	for _, r := range t.Users {
		usernames[r.ID] = r.Username
	}
	for _, r := range t.Accounts {
		state.Accounts = append(state.Accounts, store.Account{ID: r.ID, Username: usernames[r.User]})
	}
	for _, r := range t.Claims {
		holder := store.Holder{Address: r.Address, ExpiresAt: r.ExpiresAt.Time}
		state.Claims = append(state.Claims, store.StoredClaim{Claim: store.Claim{Nullifier: r.Nullifier, Holder: holder}, Community: r.Community})
	}
	for _, r := range t.GroupClaims {
		claim := store.GroupClaim{Key: r.Key, Canonical: r.Canonical, ClaimedAt: r.ClaimedAt.Time}
		state.GroupClaims = append(state.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: r.Community})
	}
	for _, r := range t.Points {
		point := store.HumanPoint{Action: r.Action, Provider: r.Provider, TxHash: r.TxHash, ChainID: r.ChainID}
		state.Points = append(state.Points, store.StoredPoint{HumanPoint: point, Address: r.Address, At: r.At.Time})
	}
	for _, r := range t.Qualified {
		state.Qualified = append(state.Qualified, store.Qualification{Address: r.Address, Community: r.Community})
	}
	for _, r := range t.Values {
		if r.Active {
			state.PointValues[r.Action] = r.Points
		}
	}
	for _, r := range t.Multipliers {
		state.Multipliers[r.Address] = r.Multiplier
	}
	return state
}

func (t *tables) communities() (communities []store.StoredCommunity) {
	types := map[int64]string{}
	for _, r := range t.Scorers {
		types[r.ID] = r.Type
	}
	terms := map[string][]weights{store.ScorerBinary: t.Binary, store.ScorerWeighted: t.Weighted}
	customizations := t.customizations()
	for _, r := range t.Communities {
		c := store.Community{
			ID: r.ID, Name: r.Name, Account: r.Account, ExternalID: r.ExternalID, Rule: r.Rule, HumanPoints: r.HumanPoints,
			Scorer: types[r.Scorer], Customization: customizations[r.ID],
		}
		for _, w := range terms[c.Scorer] {
			if w.Scorer == r.Scorer {
				c.Weights, c.Threshold = json.RawMessage(w.Weights), string(w.Threshold)
			}
		}
		communities = append(communities, store.StoredCommunity{Community: c, Deleted: !r.DeletedAt.IsZero()})
	}
	return communities
}

// customizations returns the weights by community and provider.
func (t *tables) customizations() map[int64]map[string]string {
	names, providers := map[int64]string{}, map[int64]string{}
	for _, r := range t.Lists {
		names[r.ID] = r.Name
	}
	for _, r := range t.Rulesets {
		providers[r.ID] = r.Provider
	}
	weights := map[int64]map[string]string{} // by customization
	communities := map[int64]map[string]string{}
	for _, r := range t.Customizations {
		weights[r.ID] = map[string]string{}
		communities[r.Community] = weights[r.ID]
	}
	weigh := func(customization int64, provider string, weight decimal) {
		if of, found := weights[customization]; found {
			of[provider] = string(weight)
		}
	}
	for _, r := range t.AllowLists {
		weigh(r.Customization, store.AllowListPrefix+names[r.List], r.Weight)
	}
	for _, r := range t.Customs {
		weigh(r.Customization, providers[r.Ruleset], r.Weight)
	}
	return communities
}

func (t *tables) lists() (lists []store.AddressList) {
	members := map[int64][]store.Address{}
	for _, r := range t.Members {
		members[r.List] = append(members[r.List], r.Address)
	}
	for _, r := range t.Lists {
		lists = append(lists, store.AddressList{Name: r.Name, Members: members[r.ID]})
	}
	return lists
}

func (t *tables) credentials() (credentials []store.StoredCredential) {
	revoked := map[int64]bool{}
	for _, r := range t.Revocations {
		revoked[r.Credential] = true
	}
	for _, r := range t.Credentials {
		credentials = append(credentials, store.StoredCredential{
			Credential: store.Credential{ID: r.ID, Provider: r.Provider, Document: json.RawMessage(r.Stamp), UpdatedAt: r.UpdatedAt.Time},
			Address:    r.Address, ProofValue: r.ProofValue, IssuedAt: r.IssuedAt.Time, ExpiresAt: r.ExpiresAt.Time,
			Foreign: r.Type != ownType, Deleted: !r.DeletedAt.IsZero(), Revoked: revoked[r.ID],
		})
	}
	return credentials
}

func (t *tables) scores() (scores []store.StoredScore) {
	passports := map[int64]passport{}
	for _, r := range t.Passports {
		passports[r.ID] = r
	}
	counted := map[int64][]store.CountedCredential{}
	for _, r := range t.Stamps {
		counted[r.Passport] = append(counted[r.Passport], store.CountedCredential{Provider: r.Provider, Document: json.RawMessage(r.Credential)})
	}
	for _, r := range t.Scores {
		of := passports[r.Passport]
		if of.Community == 0 {
			continue
		}
		scores = append(scores, store.StoredScore{
			Community: of.Community, Address: of.Address, Counted: counted[r.Passport],
			Score: store.Score{
				Status: r.Status, Value: string(r.Score), ScoredAt: r.ScoredAt.Time, ExpiresAt: r.ExpiresAt.Time, Error: r.Error,
				Evidence: json.RawMessage(r.Evidence), StampScores: json.RawMessage(r.StampScores), Stamps: json.RawMessage(r.Stamps),
			},
		})
	}
	return scores
}

func (t *tables) events() (events []store.StoredEvent) {
	for _, r := range slices.SortedFunc(slices.Values(t.Events), func(a, b event) int { return cmp.Compare(a.ID, b.ID) }) {
		if r.Community != 0 {
			recorded := store.Event{Action: r.Action, Address: r.Address, Data: json.RawMessage(r.Data)}
			events = append(events, store.StoredEvent{
				RecordedEvent: store.RecordedEvent{Event: recorded, ID: r.ID, At: r.CreatedAt.Time}, Community: r.Community,
			})
		}
	}
	return events
}

func (t *tables) keys() (keys []store.Key) {
	for _, r := range t.Keys {
		keys = append(keys, store.Key{
			ID: r.ID, Prefix: r.Prefix, Hash: r.Hash, SHA256: r.SHA256, Name: r.Name, Account: r.Account,
			CreatedAt: r.Created.Time, ExpiresAt: r.ExpiresAt.Time, Revoked: r.Revoked, RateLimit: r.RateLimit,
			ReadScores: r.ReadScores, Historical: r.Historical, SubmitPassports: r.SubmitPassports, CreateScorers: r.CreateScorers,
		})
	}
	return keys
}

func (t *tables) usage() (usages []store.Usage) {
	for _, r := range slices.SortedFunc(slices.Values(t.Usage), func(a, b usage) int { return cmp.Compare(a.ID, b.ID) }) {
		usages = append(usages, store.Usage{
			KeyID: r.Key, At: r.CreatedAt.Time, Path: r.Path, BasePath: r.BasePath, Status: r.Status, Error: r.Error,
			Segments: json.RawMessage(r.Segments), Query: json.RawMessage(r.Query), Headers: json.RawMessage(r.Headers),
			Payload: json.RawMessage(r.Payload), Response: json.RawMessage(r.Response), ResponseSkipped: r.ResponseSkipped,
		})
	}
	return usages
}
