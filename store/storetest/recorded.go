package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// written reports whether a request writes the table, among those of which the
// recording has rows: those of a scoring, and the keys.
func written(table string) bool {
	return strings.HasPrefix(table, "registry_") || table == "account_accountapikey" || table == groupClaims
}

const groupClaims = "account_walletgroupcommunityclaim"

// normalised rewrites rows the way the wanted ones are written: without ids and
// times of writing, passports by their address, credentials by what identifies
// them.
func normalised(tables map[string][]row) map[string][]row {
	passports := map[any]row{}
	for _, p := range tables["registry_passport"] {
		passports[p["id"]] = p
	}
	owner := func(r row) {
		p := passports[r["passport_id"]]
		r["passport"], r["community_id"] = p["address"], p["community_id"]
		delete(r, "passport_id")
	}
	drop := func(table string, columns ...string) {
		for _, r := range tables[table] {
			for _, name := range append(columns, "id") {
				delete(r, name)
			}
		}
	}
	for _, r := range tables["registry_score"] {
		owner(r)
		if r["score"] != nil {
			number, err := strconv.ParseFloat(fmt.Sprint(r["score"]), 64)
			if err == nil {
				r["score"] = strconv.FormatFloat(number, 'f', 9, 64)
			}
		}
	}
	for _, r := range tables["registry_stamp"] {
		owner(r)
		credential, _ := r["credential"].(row)
		subject, _ := credential["credentialSubject"].(row)
		proof, _ := credential["proof"].(row)
		r["nullifiers"], r["proof_value"] = subject["nullifiers"], proof["proofValue"]
		delete(r, "credential")
	}
	for i, r := range tables["registry_event"] {
		tables["registry_event"][i] = withoutRowIDs(r)
	}
	drop("registry_score")
	drop("registry_stamp")
	drop("registry_event", "created_at")
	drop("registry_hashscorerlink")
	drop("registry_humanpoints", "timestamp")
	drop("registry_humanpointscommunityqualifiedusers")
	drop("registry_passport", "requires_calculation")
	drop(groupClaims, "claimed_at")
	for _, r := range tables["account_accountapikey"] {
		for name := range r {
			if !slices.Contains([]string{"id", "prefix", "revoked", "hashed_key_sha256"}, name) {
				delete(r, name)
			}
		}
	}
	return tables
}

// withoutRowIDs returns the row of an event without the ids of other rows in
// its data, and any other row as it is.
func withoutRowIDs(r row) row {
	data, _ := r["data"].(row)
	fields, _ := data["fields"].(row)
	if fields != nil {
		delete(data, "pk")
		delete(fields, "passport")
	}
	return r
}

// untouched demands that a request has left everything as it was but the parts
// of which the recording has rows.
func (r *replay) untouched(before store.State, recorded map[string][]row) {
	r.t.Helper()
	after := r.state()
	for table, drop := range map[string]func(s *store.State){
		"registry_score":                              func(s *store.State) { s.Scores = nil },
		"registry_event":                              func(s *store.State) { s.Events = nil },
		"registry_hashscorerlink":                     func(s *store.State) { s.Claims = nil },
		"registry_humanpoints":                        func(s *store.State) { s.Points = nil },
		"registry_humanpointscommunityqualifiedusers": func(s *store.State) { s.Qualified = nil },
		"account_accountapikey":                       func(s *store.State) { s.Keys = nil },
		groupClaims:                                   func(s *store.State) { s.GroupClaims = nil },
	} {
		if _, is := recorded[table]; is {
			drop(&before)
			drop(&after)
		}
	}
	equalStates(r.t, before, after)
}

// unrecorded checks what the recording leaves out or shortens: whole
// credentials are recorded, the score's event is the last, everything new has
// the time of the scoring, and everything else is as it was.
func (r *replay) unrecorded(before store.State) {
	r.t.Helper()
	after := r.state()
	require.GreaterOrEqual(r.t, len(after.Events), len(before.Events))
	kept := len(before.Events)
	equalStates(r.t, store.State{Events: before.Events}, store.State{Events: after.Events[:kept]})
	last := map[store.Address]string{}
	for _, e := range after.Events[kept:] {
		assert.True(r.t, r.isNow(e.At), "an event at %v", e.At)
		last[e.Address] = e.Action
	}
	for address, action := range last {
		assert.Equal(r.t, store.ActionScoreUpdate, action, "the last event of %v", address)
	}
	for _, p := range after.Points {
		if !slices.Contains(before.Points, p) {
			assert.True(r.t, r.isNow(p.At), "points at %v", p.At)
		}
	}
	for _, claim := range after.GroupClaims {
		if !slices.Contains(before.GroupClaims, claim) {
			assert.True(r.t, r.isNow(claim.ClaimedAt), "a group's claim of %v", claim.ClaimedAt)
		}
	}
	assert.Subset(r.t, after.Points, before.Points)
	assert.Subset(r.t, after.Qualified, before.Qualified)
	for _, s := range after.Scores {
		for _, counted := range s.Counted {
			assert.True(r.t, slices.ContainsFunc(after.Credentials, func(c store.StoredCredential) bool {
				return c.Address == s.Address && c.Provider == counted.Provider && sameJSON(c.Document, counted.Document)
			}), "%s of %v is no credential of the address", counted.Provider, s.Address)
		}
	}
}
