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
	for _, s := range scenarios(t) {
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
		return Fails(func(t testing.TB) { s.check(t, memory{memstore.New()}, throughEngine) })
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

// spoilt is a store whose rows are not what they should be.
type spoilt struct {
	memory

	spoil func(tables map[string][]row)
	reads int
	// from is the number of the reading from which on they are spoilt.
	from int
}

func (s *spoilt) Rows(ctx context.Context) ([]byte, error) {
	document, err := s.memory.Rows(ctx)
	if s.reads++; err != nil || s.reads < s.from {
		return document, err
	}
	var tables map[string][]row
	if err := json.Unmarshal(document, &tables); err != nil {
		return nil, err
	}
	s.spoil(tables)
	return json.Marshal(tables)
}

// What the recording does not tell is compared with what is known without it.
func TestAScenarioNoticesWhatTheRecordingDoesNotTell(t *testing.T) {
	const afterRequest, atTheEnd = 3, 4
	fails := func(name string, from int, spoil func(tables map[string][]row)) bool {
		s := recorded(t, name)
		return Fails(func(t testing.TB) {
			s.check(t, &spoilt{memory: memory{memstore.New()}, spoil: spoil, from: from}, throughEngine)
		})
	}
	const points = "human points: address lists"
	require.False(t, fails(points, 0, func(map[string][]row) {}), "unspoilt it passes")
	for what, c := range map[string]struct {
		scenario string
		from     int
		spoil    func(tables map[string][]row)
	}{
		"another moment of an event":   {points, atTheEnd, func(r map[string][]row) { r["registry_event"][0]["created_at"] = "2026-01-01T00:00:00Z" }},
		"another moment of points":     {points, atTheEnd, func(r map[string][]row) { r["registry_humanpoints"][0]["timestamp"] = "2026-01-01T00:00:00Z" }},
		"a passport to be calculated":  {points, atTheEnd, func(r map[string][]row) { r["registry_passport"][0]["requires_calculation"] = true }},
		"an event of another score":    {points, atTheEnd, func(r map[string][]row) { r["registry_event"][0]["data"].(row)["pk"] = 99.0 }},
		"an event of another passport": {points, atTheEnd, func(r map[string][]row) { r["registry_event"][0]["data"].(row)["fields"].(row)["passport"] = 99.0 }},
		"half of a credential":         {points, atTheEnd, func(r map[string][]row) { delete(r["registry_stamp"][0]["credential"].(row), "issuer") }},
		"a credential that is changed": {points, afterRequest, func(r map[string][]row) { r["ceramic_cache_ceramiccache"][0]["updated_at"] = "2026-01-01T00:00:00Z" }},
		"a member that is gone":        {points, afterRequest, func(r map[string][]row) { r["account_addresslistmember"] = nil }},
		"a multiplier that is new": {points, afterRequest, func(r map[string][]row) {
			r["registry_humanpointsmultiplier"] = append(r["registry_humanpointsmultiplier"], row{"address": "0x", "multiplier": 2.0})
		}},
		"points that are rewritten": {"human points: multiplier and mints", atTheEnd, func(r map[string][]row) {
			r["registry_humanpoints"][0]["timestamp"] = "2026-01-02T00:00:00Z"
		}},
		"a deduplication told after the score": {"one clash and one already owned", atTheEnd, func(r map[string][]row) {
			events := r["registry_event"]
			events[0]["action"], events[1]["action"] = events[1]["action"], events[0]["action"]
			events[0]["data"], events[1]["data"] = events[1]["data"], events[0]["data"]
		}},
	} {
		assert.True(t, fails(c.scenario, c.from, c.spoil), what)
	}
}
