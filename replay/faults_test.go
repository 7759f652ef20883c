package replay_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// town is a community whose wallets were scored an hour after they got their
// stamps, some of which another one has claimed.
type town struct {
	*passporttest.World

	addresses []string
}

var townWeights = passporttest.Weights{"Google": "1.5", "Github": "2", "Discord": "0.25"}

func newTown(t testing.TB, n int, options ...passporttest.WorldOption) *town {
	t.Helper()
	w := &town{World: passporttest.NewWorld(t, append(options, townWeights, passporttest.Threshold("2"))...)}
	for i := range n {
		address := passporttest.Address(strconv.Itoa(i))
		w.addresses = append(w.addresses, address)
		for k, provider := range []string{"Google", "Github", "Discord"}[:1+i%3] {
			account := strconv.Itoa(i)
			if k == 1 && i%4 == 3 {
				account = strconv.Itoa(i - 2) // that of another wallet
			}
			w.Stamp(address, provider, account)
		}
	}
	w.Clock.Advance(time.Hour)
	for _, address := range w.addresses {
		w.MustScore(address)
		w.Clock.Advance(time.Second)
	}
	w.Clock.Advance(time.Hour)
	return w
}

// replay runs a replay, and returns the outcomes that differ and the report.
func (w *town) replay(t testing.TB, options ...replay.Option) (map[string]replay.Outcome, *replay.Report) {
	t.Helper()
	r, err := replay.New(t.Context(), w.Engine, w.Store, 1, options...)
	require.NoError(t, err)
	differ := map[string]replay.Outcome{}
	for o, err := range r.Run(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, o.Err)
		if o.Class != "" {
			differ[o.Address] = o
		}
	}
	require.True(t, r.Report().Complete)
	return differ, r.Report()
}

// edit changes the content of the store.
func (w *town) edit(t testing.TB, change func(s *store.State)) {
	t.Helper()
	state := w.Store.State()
	state.Scores, state.Events = slices.Clone(state.Scores), slices.Clone(state.Events)
	change(&state)
	require.NoError(t, w.Store.SetState(state))
}

// in changes the row and the event of a wallet's score.
func in(change func(score *store.Score)) func(s *store.State, address store.Address) {
	return func(s *store.State, address store.Address) {
		score := scoreOf(s, address)
		change(&score.Score)
		for i := range s.Events {
			if e := &s.Events[i]; e.Address == address && e.Action == store.ActionScoreUpdate {
				event, err := score.UpdateEvent(address)
				if err != nil {
					panic(err)
				}
				e.Data = event.Data
			}
		}
	}
}

func scoreOf(s *store.State, address store.Address) *store.StoredScore {
	return &s.Scores[slices.IndexFunc(s.Scores, func(s store.StoredScore) bool { return s.Address == address })]
}

// reword replaces a part of a document, which must have it.
func reword(document *json.RawMessage, old, by string) {
	text := strings.Replace(string(*document), old, by, 1)
	if text == string(*document) {
		panic(fmt.Sprintf("%s lacks %s", *document, old))
	}
	*document = json.RawMessage(text)
}

// rewrite replaces the stamps, and what follows from them if it must.
func rewrite(stamps, numbers, sum string) func(score *store.Score) {
	return func(score *store.Score) {
		score.Stamps, score.StampScores = json.RawMessage(stamps), json.RawMessage(numbers)
		score.Evidence = fmt.Appendf(nil, `{"type":"ThresholdScoreCheck","success":true,"rawScore":"%s","threshold":"2.00000"}`, sum)
	}
}

// Each wallet with number 2 of 6 has Google, Github and Discord: 3.75.
const (
	discord = `"Discord":{"score":"0.25000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"}`
	github  = `"Github":{"score":"2.00000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"}`
	google  = `"Google":{"score":"1.50000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"}`
)

// bugs are records that no scoring has made.
var bugs = []struct {
	name   string
	change func(s *store.State, address store.Address)
	field  shadow.Field // that is real, among others
}{
	{"another score", in(func(s *store.Score) { reword(&s.Evidence, `"3.75"`, `"3.85"`) }), replay.FieldRecord},
	{"a dropped stamp", in(rewrite("{"+github+","+google+"}", `{"Google":1.5,"Github":2}`, "3.5")), shadow.FieldStamp},
	{"an invented score", in(rewrite("{"+github+","+google+"}", `{"Google":1.5,"Github":2}`, "3.75")), replay.FieldRecord},
	{"another expiry", in(func(s *store.Score) { s.ExpiresAt = s.ExpiresAt.AddDate(0, 1, 0) }), shadow.FieldExpiry},
	{"no expiry", in(func(s *store.Score) { s.ExpiresAt = time.Time{} }), replay.FieldRecord},
	{
		"another expiry of a stamp", in(func(s *store.Score) { reword(&s.Stamps, "2100-01-01", "2100-01-02") }), shadow.FieldStampExpiry,
	},
	{"another verdict", in(func(s *store.Score) { reword(&s.Evidence, `"success":true`, `"success":false`) }), shadow.FieldPassing},
	{"another value", in(func(s *store.Score) { s.Value = "0" }), replay.FieldRecord},
	{"another weight in one place", in(func(s *store.Score) { reword(&s.StampScores, "1.5", "1.25") }), replay.FieldRecord},
	{"no weight in one place", in(func(s *store.Score) { reword(&s.StampScores, `"Google":1.5`, `"Gogle":1.5`) }), replay.FieldRecord},
	{"a stamp of another wallet", in(rewrite("{"+strings.Replace(github, "false", "true", 1)+","+google+","+discord+"}",
		`{"Google":1.5,"Discord":0.25}`, "1.75")), shadow.FieldStampDedup},
	{"another form", in(func(s *store.Score) { s.Evidence = json.RawMessage(`{"rawScore":true}`) }), shadow.FieldBody},
	{"another form of stamps", in(func(s *store.Score) { s.Stamps = json.RawMessage(`{"Google":1}`) }), shadow.FieldBody},
	{"no event", func(s *store.State, address store.Address) {
		s.Events = slices.DeleteFunc(s.Events, func(e store.StoredEvent) bool { return e.Address == address })
	}, replay.FieldEvent},
	{"an event of another time", func(s *store.State, address store.Address) {
		score := scoreOf(s, address)
		score.ScoredAt = score.ScoredAt.Add(time.Minute)
	}, replay.FieldEvent},
	{"an event of another score", func(s *store.State, address store.Address) {
		for i := range s.Events {
			if e := &s.Events[i]; e.Address == address && e.Action == store.ActionScoreUpdate {
				e.Data = slices.Clone(e.Data)
				reword(&e.Data, `"3.75"`, `"3.5"`)
			}
		}
	}, replay.FieldEvent},
}

// Each seeded bug is found, as real, and no other record differs.
func TestRun_Bugs(t *testing.T) {
	w := newTown(t, 6*(len(bugs)+2))
	clean, report := w.replay(t, replay.WithEvents(10))
	require.Empty(t, clean)
	require.Equal(t, uint64(len(w.addresses)), report.Verdict.Agreed)
	w.edit(t, func(s *store.State) {
		for i := range bugs {
			bugs[i].change(s, store.Address(w.addresses[6*i+2]))
		}
	})
	for name, options := range map[string][]replay.Option{"recorded": nil, "now": {replay.Now()}} {
		found, report := w.replay(t, options...)
		for i := range bugs {
			o := found[w.addresses[6*i+2]]
			assert.Equal(t, shadow.Real, o.Class, "%s, %s: %v", name, bugs[i].name, o.Differences)
			assert.True(t, slices.ContainsFunc(o.Differences, func(d shadow.Difference) bool {
				return d.Field == bugs[i].field && d.Class == shadow.Real
			}), "%s, %s: %v", name, bugs[i].name, o.Differences)
		}
		assert.Len(t, found, len(bugs))
		assert.Equal(t, uint64(len(bugs)), report.Real())
	}
}

// An event about a deduplicated stamp that is missing is found.
func TestRun_LostEvent(t *testing.T) {
	w := newTown(t, 12)
	lost := store.Address("")
	w.edit(t, func(s *store.State) {
		i := slices.IndexFunc(s.Events, func(e store.StoredEvent) bool { return e.Action == store.ActionDeduplicated })
		require.GreaterOrEqual(t, i, 0)
		lost = s.Events[i].Address
		s.Events = slices.Delete(s.Events, i, i+1)
	})
	found, _ := w.replay(t)
	require.Len(t, found, 1)
	o := found[string(lost)]
	require.Len(t, o.Differences, 1)
	assert.Equal(t, shadow.Difference{Field: replay.FieldEvent, Provider: "Github", Primary: "absent", Ours: "deduplicated", Class: shadow.Real}, o.Differences[0])
}

// With terms that are known to have been in force, other terms are a bug.
func TestRun_Terms(t *testing.T) {
	w := newTown(t, 3)
	address := store.Address(w.addresses[2])
	scored := w.Clock.Now()
	w.edit(t, func(s *store.State) {
		in(func(s *store.Score) { reword(&s.Evidence, `"2.00000"`, `"3.00000"`) })(s, address)
	})
	classOf := func(options ...replay.Option) shadow.Class {
		found, _ := w.replay(t, options...)
		require.Len(t, found, 1)
		return found[string(address)].Class
	}
	assert.Equal(t, shadow.Unconfirmed, classOf())
	assert.Equal(t, shadow.Changed, classOf(replay.WithTermsSince(scored)))
	assert.Equal(t, shadow.Real, classOf(replay.WithTermsSince(scored.Add(-24*time.Hour))))
	w.edit(t, func(s *store.State) {
		in(func(s *store.Score) {
			reword(&s.Evidence, `"3.00000"`, `"2.00000"`)
			reword(&s.Evidence, `"3.75"`, `"4"`)
			reword(&s.StampScores, "1.5", "1.75")
			reword(&s.Stamps, "1.50000", "1.75000")
		})(s, address)
	})
	assert.Equal(t, shadow.Unconfirmed, classOf())
	assert.Equal(t, shadow.Real, classOf(replay.WithTermsSince(scored.Add(-24*time.Hour))))
}
