package servicerows

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Rows returns the rows of the state by table; every table of a state is there,
// perhaps without rows. Times are of type [time.Time], decimals are strings and
// documents of type [json.RawMessage], so that no number loses a digit. The ids
// of communities, credentials, events and keys are those of the state.
func Rows(state store.State) map[string][]map[string]any {
	w := writer{}
	for field := range reflect.TypeFor[tables]().Fields() {
		w[field.Tag.Get("json")] = []row{}
	}
	for _, a := range state.Accounts {
		w.add("auth_user", row{"id": a.ID, "username": a.Username, "is_active": true})
		w.add("account_account", row{"id": a.ID, "user_id": a.ID})
	}
	w.communities(&state)
	w.credentials(state.Credentials)
	w.scores(state.Scores)
	for _, c := range state.Claims {
		w.number("registry_hashscorerlink", row{
			"hash": c.Nullifier, "address": c.Address, "expires_at": c.ExpiresAt, "community_id": c.Community,
		})
	}
	for _, c := range state.GroupClaims {
		w.number("account_walletgroupcommunityclaim", row{
			"group_key": c.Key, "canonical_address": c.Canonical, "claimed_at": c.ClaimedAt, "community_id": c.Community,
		})
	}
	w.events(state.Events)
	w.points(&state)
	w.keys(state.Keys)
	w.usage(state.Usage)
	return w
}

// writer is the rows by table.
type writer map[string][]row

func (w writer) add(table string, r row) { w[table] = append(w[table], r) }

// number adds the row with the next id, and returns it.
func (w writer) number(table string, r row) int {
	id := len(w[table]) + 1
	r["id"] = id
	w.add(table, r)
	return id
}

// orNull returns nil, which stands for NULL, for the zero of a type.
func orNull[T comparable](value T) any {
	var zero T
	if value == zero {
		return nil
	}
	return value
}

// documentOrNull returns nil, which stands for NULL, for no document.
func documentOrNull(document json.RawMessage) any {
	if document == nil {
		return nil
	}
	return document
}

// deletedAt returns the time at which the row was deleted. No two rows of a
// table were deleted at the same time, as unique indexes demand.
func deletedAt(deleted bool, id int64) any {
	if !deleted {
		return nil
	}
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(id) * time.Microsecond)
}

func (w writer) communities(state *store.State) {
	lists := map[string]int{}
	list := func(name string) int {
		if lists[name] == 0 {
			lists[name] = w.number("account_addresslist", row{"name": name})
		}
		return lists[name]
	}
	for _, l := range state.Lists {
		for _, member := range l.Members {
			w.number("account_addresslistmember", row{"address": member, "list_id": list(l.Name)})
		}
		list(l.Name)
	}
	rulesets := map[string]int{}
	for _, c := range state.Communities {
		w.add("account_community", row{
			"id": c.ID, "name": c.Name, "account_id": c.Account, "scorer_id": c.ID, "rule": c.Rule,
			"deleted_at": deletedAt(c.Deleted, c.ID), "external_scorer_id": orNull(c.ExternalID), "human_points_program": c.HumanPoints,
		})
		if c.Scorer != "" {
			w.add("scorer_weighted_scorer", row{"id": c.ID, "type": c.Scorer})
		}
		if c.Threshold != "" {
			table := map[bool]string{true: "scorer_weighted_weightedscorer", false: "scorer_weighted_binaryweightedscorer"}[c.Scorer == store.ScorerWeighted]
			w.add(table, row{"scorer_ptr_id": c.ID, "weights": documentOrNull(c.Weights), "threshold": c.Threshold})
		}
		if len(c.Customization) == 0 {
			continue
		}
		w.add("account_customization", row{"id": c.ID, "path": c.Name, "scorer_id": c.ID})
		for _, provider := range slices.Sorted(maps.Keys(c.Customization)) {
			weight := c.Customization[provider]
			if name, is := strings.CutPrefix(provider, store.AllowListPrefix); is {
				w.number("account_allowlist", row{"weight": weight, "address_list_id": list(name), "customization_id": c.ID})
				continue
			}
			if rulesets[provider] == 0 {
				rulesets[provider] = w.number("account_customcredentialruleset", row{
					"provider_id": provider, "credential_type": "DEVEL", "definition": row{}, "name": "custom",
				})
			}
			w.number("account_customcredential", row{
				"weight": weight, "customization_id": c.ID, "platform_id": 1, "ruleset_id": rulesets[provider], "display_name": "custom",
			})
		}
	}
	if len(rulesets) > 0 {
		w.number("account_customplatform", row{"name": "custom", "platform_type": "DEVEL"})
	}
}

func (w writer) credentials(credentials []store.StoredCredential) {
	type filing struct {
		address  store.Address
		provider string
	}
	types := map[filing]int{} // of live ones, of which no two are filed alike
	for _, c := range slices.SortedFunc(slices.Values(credentials), func(a, b store.StoredCredential) int { return cmp.Compare(a.ID, b.ID) }) {
		kind := ownType
		if c.Foreign {
			types[filing{c.Address, c.Provider}]++
			kind += types[filing{c.Address, c.Provider}]
		}
		w.add("ceramic_cache_ceramiccache", row{
			"id": c.ID, "address": c.Address, "provider": c.Provider, "stamp": c.Document, "created_at": c.UpdatedAt,
			"updated_at": c.UpdatedAt, "type": kind, "deleted_at": deletedAt(c.Deleted, c.ID),
			"expiration_date": orNull(c.ExpiresAt), "issuance_date": orNull(c.IssuedAt), "proof_value": c.ProofValue,
		})
		if c.Revoked {
			w.number("ceramic_cache_revocation", row{"proof_value": c.ProofValue, "ceramic_cache_id": c.ID})
		}
	}
}

func (w writer) scores(scores []store.StoredScore) {
	for _, s := range scores {
		passport := w.number("registry_passport", row{"community_id": s.Community, "address": s.Address, "requires_calculation": false})
		w.number("registry_score", row{
			"score": orNull(s.Value), "passport_id": passport, "error": orNull(s.Error), "status": orNull(s.Status),
			"last_score_timestamp": orNull(s.ScoredAt), "expiration_date": orNull(s.ExpiresAt),
			"evidence": documentOrNull(s.Evidence), "stamp_scores": documentOrNull(s.StampScores), "stamps": documentOrNull(s.Stamps),
		})
		for _, c := range s.Counted {
			w.number("registry_stamp", row{"provider": c.Provider, "credential": c.Document, "passport_id": passport})
		}
	}
}

func (w writer) events(events []store.StoredEvent) {
	for _, e := range events {
		w.add("registry_event", row{
			"id": e.ID, "action": e.Action, "address": e.Address, "created_at": e.At, "data": e.Data, "community_id": e.Community,
		})
	}
}

func (w writer) points(state *store.State) {
	for _, p := range state.Points {
		w.number("registry_humanpoints", row{
			"address": p.Address, "action": p.Action, "timestamp": p.At, "tx_hash": p.TxHash, "chain_id": p.ChainID, "provider": p.Provider,
		})
	}
	for _, q := range state.Qualified {
		w.number("registry_humanpointscommunityqualifiedusers", row{"address": q.Address, "community_id": q.Community})
	}
	for _, action := range slices.Sorted(maps.Keys(state.PointValues)) {
		w.number("registry_humanpointsconfig", row{"action": action, "points": state.PointValues[action], "active": true})
	}
	for _, address := range slices.Sorted(maps.Keys(state.Multipliers)) {
		w.add("registry_humanpointsmultiplier", row{"address": address, "multiplier": state.Multipliers[address]})
	}
}

func (w writer) keys(keys []store.Key) {
	for _, k := range keys {
		w.add("account_accountapikey", row{
			"id": k.ID, "prefix": k.Prefix, "hashed_key": k.Hash, "hashed_key_sha256": orNull(k.SHA256), "name": k.Name,
			"account_id": k.Account, "created": k.CreatedAt, "expiry_date": orNull(k.ExpiresAt), "revoked": k.Revoked,
			"rate_limit": orNull(k.RateLimit), "read_scores": k.ReadScores, "historical_endpoint": k.Historical,
			"submit_passports": k.SubmitPassports, "create_scorers": k.CreateScorers,
		})
	}
}

func (w writer) usage(usages []store.Usage) {
	for _, u := range usages {
		w.number("account_accountapikeyanalytics", row{
			"created_at": u.At, "path": u.Path, "api_key_id": u.KeyID, "base_path": orNull(u.BasePath), "error": orNull(u.Error),
			"headers": documentOrNull(u.Headers), "path_segments": documentOrNull(u.Segments), "payload": documentOrNull(u.Payload),
			"query_params": documentOrNull(u.Query), "response": documentOrNull(u.Response),
			"response_skipped": u.ResponseSkipped, "status_code": orNull(u.Status),
		})
	}
}
