package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written tells the tables that a request writes, among those of which the
// recording has rows: those of a scoring, and the keys.
func written(table string) bool {
	return strings.HasPrefix(table, "registry_") || table == "account_accountapikey"
}

// normalised rewrites rows the way the wanted ones are written: without ids
// and moments of writing, passports told by their address, credentials by what
// identifies them.
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
	drop("registry_score")
	drop("registry_stamp")
	drop("registry_event", "created_at")
	drop("registry_hashscorerlink")
	drop("registry_humanpoints", "timestamp")
	drop("registry_humanpointscommunityqualifiedusers")
	drop("registry_passport", "requires_calculation")
	for _, r := range tables["account_accountapikey"] {
		for name := range r {
			if !slices.Contains([]string{"id", "prefix", "revoked", "hashed_key_sha256"}, name) {
				delete(r, name)
			}
		}
	}
	return tables
}

// untouched demands that a request has left all tables as they were but those
// that it writes.
func (w *world) untouched(before map[string][]row, recorded map[string][]row) {
	w.t.Helper()
	after := w.tables()
	for table := range after {
		if _, is := recorded[table]; is && written(table) {
			continue
		}
		assert.Equal(w.t, inUse(table, before[table]), inUse(table, after[table]), table)
	}
}

// inUse leaves out the points that are not configured: a store may keep a row
// for them, to lock it.
func inUse(table string, rows []row) []row {
	if table != "registry_humanpointsconfig" {
		return rows
	}
	used := []row{}
	for _, r := range rows {
		if r["active"] != false {
			used = append(used, r)
		}
	}
	return used
}

// unrecorded holds the columns that the recording leaves out, or tells in part,
// to what is known of them: ids refer to the rows that they should, whole
// credentials are stored, what is new is of the moment of the scoring, and what
// was there is as it was.
func (w *world) unrecorded(before map[string][]row) {
	w.t.Helper()
	after := w.tables()
	for _, r := range added(before, after, "registry_passport") {
		assert.Equal(w.t, false, r["requires_calculation"], "of a new passport")
	}
	for _, r := range added(before, after, "registry_event") {
		assert.True(w.t, w.matches("<now>", r["created_at"]), "an event of %v", r["created_at"])
	}
	for _, r := range added(before, after, "registry_humanpoints") {
		assert.True(w.t, w.matches("<now>", r["timestamp"]), "points of %v", r["timestamp"])
	}
	for _, table := range []string{"registry_passport", "registry_event", "registry_humanpoints", "registry_humanpointscommunityqualifiedusers"} {
		kept := byID(after[table])
		for _, r := range before[table] {
			assert.Equal(w.t, r, kept[r["id"]], "%s: a row that was there", table)
		}
	}
	for _, r := range after["registry_stamp"] {
		w.storedWhole(r, after)
	}
	w.eventsInOrder(after["registry_event"])
	w.eventsRefer(after)
}

func byID(rows []row) map[any]row {
	all := map[any]row{}
	for _, r := range rows {
		all[r["id"]] = r
	}
	return all
}

// added returns the rows of the table that are new.
func added(before, after map[string][]row, table string) (rows []row) {
	old := byID(before[table])
	for _, r := range after[table] {
		if old[r["id"]] == nil {
			rows = append(rows, r)
		}
	}
	return rows
}

// storedWhole demands that a stamp holds the credential of its address as it
// came in, to the last member.
func (w *world) storedWhole(stamp row, tables map[string][]row) {
	w.t.Helper()
	address := byID(tables["registry_passport"])[stamp["passport_id"]]["address"]
	for _, r := range tables["ceramic_cache_ceramiccache"] {
		if r["address"] == address && r["provider"] == stamp["provider"] && reflect.DeepEqual(r["stamp"], stamp["credential"]) {
			return
		}
	}
	assert.Fail(w.t, "a stamp that is no credential of its address", "%v", stamp)
}

// eventsInOrder demands that the events of a scoring come in the order in which
// they happen: what was deduplicated, then the score.
func (w *world) eventsInOrder(events []row) {
	w.t.Helper()
	last := map[any]row{} // by address
	for _, r := range events {
		if previous := last[r["address"]]; previous != nil {
			require.Less(w.t, previous["id"], r["id"], "rows come in the order of their ids")
		}
		last[r["address"]] = r
	}
	for address, r := range last {
		assert.Equal(w.t, "SCU", r["action"], "the last event of %v", address)
	}
}

// eventsRefer demands that the events of scores name the rows that they are
// about.
func (w *world) eventsRefer(tables map[string][]row) {
	w.t.Helper()
	type place struct{ address, community any }
	passports, scores := map[place]row{}, map[any]row{}
	for _, r := range tables["registry_passport"] {
		passports[place{r["address"], r["community_id"]}] = r
	}
	for _, r := range tables["registry_score"] {
		scores[r["passport_id"]] = r
	}
	for _, r := range tables["registry_event"] {
		data, _ := r["data"].(row)
		fields, _ := data["fields"].(row)
		if r["action"] != "SCU" {
			continue
		}
		passport := passports[place{r["address"], r["community_id"]}]
		require.NotNil(w.t, passport, "an event of nobody: %v", r)
		assert.Equal(w.t, passport["id"], fields["passport"])
		assert.Equal(w.t, scores[passport["id"]]["id"], data["pk"])
	}
}
