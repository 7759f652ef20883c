package pgstore_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notCompared are the columns of the tables that a scoring writes which the
// scenarios do not compare with what the service wrote for the same input: the
// recording leaves them out. Each has its reason, and what holds it instead
// where the suite runs the scenarios.
var notCompared = map[string]string{
	"registry_passport.id":                           "counted by the database; events and scores must refer to it",
	"registry_passport.requires_calculation":         "false in a new row, else left as it is",
	"registry_score.id":                              "counted by the database; events must refer to it",
	"registry_stamp.id":                              "counted by the database; nothing refers to it",
	"registry_event.id":                              "counted by the database; the score's comes after those of what was deduplicated",
	"registry_event.created_at":                      "the moment of writing; with us the moment of the scoring",
	"registry_hashscorerlink.id":                     "counted by the database; nothing refers to it",
	"registry_humanpoints.id":                        "counted by the database; nothing refers to it",
	"registry_humanpoints.timestamp":                 "the moment of writing; with us the moment of the scoring",
	"registry_humanpointscommunityqualifiedusers.id": "counted by the database; nothing refers to it",
}

// comparedAs are columns that the recording has under other names.
var comparedAs = map[string][]string{
	"registry_score.passport_id": {"passport", "community_id"},
	"registry_stamp.passport_id": {"passport", "community_id"},
	// The rest of a credential is compared with the one that came in.
	"registry_stamp.credential": {"nullifiers", "proof_value"},
}

func TestScenarios_ComparedColumns(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../store/storetest/testdata/scenarios.json")
	require.NoError(t, err)
	var scenarios []struct {
		Want struct {
			Tables map[string][]map[string]json.RawMessage `json:"tables"`
		} `json:"want"`
	}
	require.NoError(t, json.Unmarshal(text, &scenarios))
	recorded := map[string]map[string]bool{}
	for _, s := range scenarios {
		for table, rows := range s.Want.Tables {
			if recorded[table] == nil {
				recorded[table] = map[string]bool{}
			}
			for _, row := range rows {
				for column := range row {
					recorded[table][column] = true
				}
			}
		}
	}

	facts := serviceFacts(t)
	var left []string
	for table, columns := range recorded {
		if !strings.HasPrefix(table, "registry_") {
			continue // no table of scoring: it must stay as it was
		}
		for _, c := range facts[table].Columns {
			name := table + "." + c.Name
			words := comparedAs[name]
			if words == nil {
				words = []string{c.Name}
			}
			for _, word := range words {
				if !columns[word] && !slices.Contains(left, name) {
					left = append(left, name)
				}
			}
		}
	}
	slices.Sort(left)
	assert.Equal(t, slices.Sorted(maps.Keys(notCompared)), left)
}
