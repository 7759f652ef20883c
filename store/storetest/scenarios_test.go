package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
)

type memory struct{ *memstore.Store }

func (m memory) Seed(_ context.Context, rows []byte) error { return m.ReadRows(bytes.NewReader(rows)) }

func (m memory) Rows(context.Context) ([]byte, error) {
	var rows bytes.Buffer
	err := m.WriteRows(&rows)
	return rows.Bytes(), err
}

func recorded(t *testing.T, name string) scenario {
	t.Helper()
	var all []scenario
	require.NoError(t, json.Unmarshal(recordedScenarios, &all))
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	require.Fail(t, "no scenario is called "+name)
	return scenario{}
}

// The comparison must notice whatever is wrong in an answer or in a row.
func TestAScenarioNoticesWhatIsWrong(t *testing.T) {
	const name = "a clash on one nullifier gives the others to the first owner"
	fails := func(spoil func(*scenario)) bool {
		s := recorded(t, name)
		spoil(&s)
		return Fails(func(t testing.TB) { s.check(t, memory{memstore.New()}) })
	}
	require.False(t, fails(func(*scenario) {}), "as recorded it passes")

	for what, spoil := range map[string]func(*scenario){
		"a missing row":  func(s *scenario) { s.Want.Tables["registry_stamp"] = nil },
		"another holder": func(s *scenario) { s.Want.Tables["registry_hashscorerlink"][0]["address"] = "0x0" },
		"another expiry": func(s *scenario) {
			s.Want.Tables["registry_hashscorerlink"][0]["expires_at"] = "2036-01-01T00:00:00+00:00"
		},
		"another event":        func(s *scenario) { s.Want.Tables["registry_event"][0]["action"] = "SCU" },
		"another event's data": func(s *scenario) { s.Want.Tables["registry_event"][0]["data"].(row)["provider"] = "Ens" },
		"another score":        func(s *scenario) { s.Want.Tables["registry_score"][0]["score"] = "1.000000000" },
		"other evidence":       func(s *scenario) { s.Want.Tables["registry_score"][0]["evidence"].(row)["rawScore"] = "1" },
		"another stamp score":  func(s *scenario) { s.Want.Tables["registry_score"][1]["stamp_scores"].(row)["Google"] = 1.25 },
		"an answer too many":   func(s *scenario) { s.Want.Steps = append(s.Want.Steps, s.Want.Steps[0]) },
		"an answer too few":    func(s *scenario) { s.Want.Steps = s.Want.Steps[:1] },
		"another status":       func(s *scenario) { s.Want.Steps[0].Status = 404 },
		"another score told": func(s *scenario) {
			s.Want.Steps[0].Body = bytes.Replace(s.Want.Steps[0].Body, []byte(`1.50000`), []byte(`1.50001`), 1)
		},
		"a claim nobody wanted": func(s *scenario) {
			s.Want.Tables["registry_hashscorerlink"] = s.Want.Tables["registry_hashscorerlink"][:1]
		},
	} {
		assert.True(t, fails(spoil), what)
	}
}
