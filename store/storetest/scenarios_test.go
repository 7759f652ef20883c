package storetest

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

func recorded(t *testing.T, name string) scenario {
	t.Helper()
	all := scenarios(t)
	i := slices.IndexFunc(all, func(s scenario) bool { return s.Name == name })
	require.GreaterOrEqual(t, i, 0, "no scenario is called %s", name)
	return all[i]
}

// The comparison must notice anything that is wrong in an answer or a row.
func TestScenarios_Wrong(t *testing.T) {
	const name = "a clash on one nullifier gives the others to the first owner"
	fails := func(spoil func(*scenario)) bool {
		s := recorded(t, name)
		spoil(&s)
		return Fails(func(t testing.TB) { s.check(t, brokenstore.New(), throughEngine) })
	}
	require.False(t, fails(func(*scenario) {}), "as recorded it passes")

	for what, spoil := range map[string]func(*scenario){
		"a missing row":  func(s *scenario) { s.Want.Tables["registry_stamp"] = nil },
		"another holder": func(s *scenario) { s.Want.Tables["registry_hashscorerlink"][0]["address"] = "0x0" },
		"another expiry": func(s *scenario) {
			s.Want.Tables["registry_hashscorerlink"][0]["expires_at"] = "2036-01-01T00:00:00+00:00"
		},
		"another event":       func(s *scenario) { s.Want.Tables["registry_event"][0]["action"] = "SCU" },
		"other data":          func(s *scenario) { s.Want.Tables["registry_event"][0]["data"].(row)["provider"] = "Ens" },
		"another score":       func(s *scenario) { s.Want.Tables["registry_score"][0]["score"] = "1.000000000" },
		"other evidence":      func(s *scenario) { s.Want.Tables["registry_score"][0]["evidence"].(row)["rawScore"] = "1" },
		"another stamp score": func(s *scenario) { s.Want.Tables["registry_score"][1]["stamp_scores"].(row)["Google"] = 1.25 },
		"an extra answer":     func(s *scenario) { s.Want.Steps = append(s.Want.Steps, s.Want.Steps[0]) },
		"a missing answer":    func(s *scenario) { s.Want.Steps = s.Want.Steps[:1] },
		"another status":      func(s *scenario) { s.Want.Steps[0].Status = 404 },
		"another answer": func(s *scenario) {
			s.Want.Steps[0].Body = bytes.Replace(s.Want.Steps[0].Body, []byte(`1.50000`), []byte(`1.50001`), 1)
		},
		"an extra claim": func(s *scenario) {
			s.Want.Tables["registry_hashscorerlink"] = s.Want.Tables["registry_hashscorerlink"][:1]
		},
	} {
		assert.True(t, fails(spoil), what)
	}
}

// So it must in those about linked wallets.
func TestScenarios_LinkedWrong(t *testing.T) {
	const name = "linked: the first wallet asked becomes the group's"
	fails := func(spoil func(*scenario)) bool {
		s := recorded(t, name)
		spoil(&s)
		return Fails(func(t testing.TB) { s.check(t, brokenstore.New(), throughEngine) })
	}
	require.False(t, fails(func(*scenario) {}), "as recorded it passes")

	inBody := func(old, changed string) func(*scenario) {
		return func(s *scenario) {
			body := s.Want.Steps[1].Body
			require.Contains(t, string(body), old)
			s.Want.Steps[1].Body = bytes.Replace(body, []byte(old), []byte(changed), 1)
		}
	}
	other := string(recorded(t, name).Groups[0][0])
	for what, spoil := range map[string]func(*scenario){
		"no groups":                func(s *scenario) { s.Groups = nil },
		"another canonical wallet": func(s *scenario) { s.Want.Tables[groupClaims][0]["canonical_address"] = other },
		"another group":            func(s *scenario) { s.Want.Tables[groupClaims][0]["group_key"] = other },
		"an extra claim":           func(s *scenario) { s.Want.Tables[groupClaims] = nil },
		"another source wallet":    inBody(`"source_wallet": "0x35`, `"source_wallet": "0x36`),
		"other wallets' stamps":    inBody(`"wallet_stamps": {`, `"wallet_stamps": {"0x": {},`),
		"another linked score":     inBody(`"passing_score": true`, `"passing_score": false`),
	} {
		assert.True(t, fails(spoil), what)
	}
}

// Values that the recording leaves out are compared with those that are known
// without it.
func TestScenarios_Unrecorded(t *testing.T) {
	// From that reading of the content on it is spoilt.
	const afterRequest, atTheEnd = 3, 4
	fails := func(name string, from int, spoil func(s *store.State)) bool {
		b := brokenstore.New()
		reads := 0
		b.On.State = func(context.Context) (store.State, error) {
			state := b.Good.State()
			if reads++; reads >= from {
				spoil(&state)
			}
			return state, nil
		}
		s := recorded(t, name)
		return Fails(func(t testing.TB) { s.check(t, b, throughEngine) })
	}
	const points = "human points: address lists"
	require.False(t, fails(points, 0, func(*store.State) {}), "unspoilt it passes")
	for what, c := range map[string]struct {
		scenario string
		from     int
		spoil    func(s *store.State)
	}{
		"another time of an event": {points, atTheEnd, func(s *store.State) { s.Events[0].At = noon }},
		"another time of points":   {points, atTheEnd, func(s *store.State) { s.Points[0].At = noon }},
		"half of a credential": {points, atTheEnd, func(s *store.State) {
			s.Scores[0].Counted[0].Document = bytes.Replace(s.Scores[0].Counted[0].Document, []byte(`"issuer"`), []byte(`"issued"`), 1)
		}},
		"a credential that is changed": {points, afterRequest, func(s *store.State) { s.Credentials[0].UpdatedAt = noon }},
		"members that are gone":        {points, afterRequest, func(s *store.State) { s.Lists[0].Members = nil }},
		"a multiplier that is new":     {points, afterRequest, func(s *store.State) { s.Multipliers = map[store.Address]int{alice: 2} }},
		"points that are rewritten": {"human points: multiplier and mints", atTheEnd, func(s *store.State) {
			for i := range s.Points {
				if !s.Points[i].At.Equal(scenarioNow) {
					s.Points[i].At = scenarioNow
				}
			}
		}},
		"an event after the score's": {"one clash and one already owned", atTheEnd, func(s *store.State) {
			slices.Reverse(s.Events)
		}},
	} {
		assert.True(t, fails(c.scenario, c.from, c.spoil), what)
	}
}

// Without human points every other scenario passes.
func TestScenarios_WithoutPoints(t *testing.T) {
	type plain struct{ Harness }
	for _, s := range scenarios(t) {
		if elsewhere[s.Name] == "" {
			assert.False(t, Fails(func(t testing.TB) { s.check(t, plain{brokenstore.New()}, throughEngine) }), s.Name)
		}
	}
}
