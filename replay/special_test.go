package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
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

// credentialOf returns a stored credential, to be changed.
func credentialOf(s *store.State, address, provider string) *store.StoredCredential {
	return &s.Credentials[slices.IndexFunc(s.Credentials, func(c store.StoredCredential) bool {
		return string(c.Address) == address && c.Provider == provider
	})]
}

// A stamp whose claim has ended was taken over by another wallet since.
func TestRun_ClaimEnded(t *testing.T) {
	w := newTown(t, 3)
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	w.Stamp(alice, "Github", "x", passporttest.ExpiresAt(w.Clock.Now().AddDate(0, 1, 0)))
	w.Stamp(bob, "Github", "x")
	w.Clock.Advance(time.Hour)
	w.MustScore(alice)
	w.MustScore(bob)
	w.Clock.Advance(60 * 24 * time.Hour)
	w.MustScore(bob)
	w.Clock.Advance(time.Hour)
	found, r := w.replay(t, replay.WithEvents(5))
	assert.Equal(t, shadow.ClaimOrder, found[alice].Class, "%v", found[alice].Differences)
	assert.Equal(t, shadow.ClaimOrder, found[bob].Class, "the event of before: %v", found[bob].Differences)
	assert.NotZero(t, found[bob].Event)
	assert.Equal(t, uint64(2), r.Verdict.Compared-r.Verdict.Agreed)
	found, _ = w.replay(t, replay.Now())
	assert.Equal(t, shadow.ClaimOrder, found[alice].Class, "%v", found[alice].Differences)
	assert.Len(t, found, 1)
}

// A stamp that expired at about the time of the scoring may or may not count.
func TestRun_Clock(t *testing.T) {
	w := newTown(t, 3)
	alice := w.addresses[2]
	at := w.Clock.Now()
	w.Stamp(alice, "Discord", "d", passporttest.ExpiresAt(at.Add(time.Hour+time.Second)))
	w.Clock.Advance(time.Hour)
	w.MustScore(alice)
	w.Clock.Advance(time.Hour)
	w.edit(t, func(s *store.State) {
		s.Events = slices.DeleteFunc(s.Events, func(e store.StoredEvent) bool { return string(e.Address) == alice && e.At.Before(at) })
		in(func(score *store.Score) {
			rewrite("{"+github+","+google+"}", `{"Github":2,"Google":1.5}`, "3.5")(score)
			score.ExpiresAt = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		})(s, store.Address(alice))
	})
	found, _ := w.replay(t)
	assert.Equal(t, shadow.Clock, found[alice].Class, "%v", found[alice].Differences)
	found, _ = w.replay(t, replay.WithSkew(0))
	assert.Equal(t, shadow.Real, found[alice].Class, "%v", found[alice].Differences)
}

// A record that counts a stamp which never was valid is a bug. One that counts
// a stamp beyond the bounds is not.
func TestRun_LeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(c *store.StoredCredential)
		class     shadow.Class
		exception string
		ours      string
	}{
		"tampered": {func(c *store.StoredCredential) {
			c.Document = bytes.Replace(c.Document, []byte("2100-01-01"), []byte("2101-01-01"), 1)
		}, shadow.Real, "", "left out: bad_signature"},
		"too large": {func(c *store.StoredCredential) {
			c.Document = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
		}, shadow.Excepted, replay.ExceptionBounds, "left out: too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, 3)
			alice := w.addresses[2]
			w.edit(t, func(s *store.State) { c.change(credentialOf(s, alice, "Github")) })
			found, r := w.replay(t)
			o := found[alice]
			assert.Equal(t, c.class, o.Class, "%v", o.Differences)
			i := slices.IndexFunc(o.Differences, func(d shadow.Difference) bool { return d.Field == shadow.FieldStamp })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, c.ours, o.Differences[i].Ours)
			assert.Equal(t, c.exception, o.Differences[i].Exception)
			for form, text := range written(t, r) {
				assert.Contains(t, text, "left out: ", form)
			}
		})
	}
}

// A score without stamps is compared by its sum.
func TestRun_Bare(t *testing.T) {
	w := newTown(t, 3)
	alice := w.addresses[2]
	bare := func(sum string) {
		w.edit(t, func(s *store.State) {
			in(func(s *store.Score) {
				s.Stamps, s.StampScores = nil, nil
				s.Evidence = fmt.Appendf(nil, `{"rawScore":"%s","success":true,"threshold":"2.00000"}`, sum)
			})(s, store.Address(alice))
		})
	}
	bare("3.75")
	found, _ := w.replay(t)
	require.Empty(t, found)
	bare("3.5")
	found, _ = w.replay(t)
	assert.Equal(t, shadow.Unconfirmed, found[alice].Class, "%v", found[alice].Differences)
	w.Stamp(alice, "Twitter", "x")
	found, _ = w.replay(t)
	assert.Equal(t, shadow.Changed, found[alice].Class, "%v", found[alice].Differences)
	w.edit(t, func(s *store.State) {
		in(func(s *store.Score) { reword(&s.Evidence, `"success":true`, `"success":false`) })(s, store.Address(alice))
	})
	found, _ = w.replay(t)
	assert.Equal(t, shadow.Real, found[alice].Class, "%v", found[alice].Differences)
}

// Events are read in every form that they have had.
func TestRun_EventForms(t *testing.T) {
	w := newTown(t, 3)
	type object = map[string]json.RawMessage
	fields := func(data json.RawMessage) json.RawMessage {
		var event object
		require.NoError(t, json.Unmarshal(data, &event))
		return event["fields"]
	}
	listed := func(data json.RawMessage) json.RawMessage { return slices.Concat([]byte("["), data, []byte("]")) }
	failed := func(data json.RawMessage) json.RawMessage {
		reword(&data, `"error":null`, `"error":"TypeError"`)
		return data
	}
	for name, form := range map[string]func(data json.RawMessage) json.RawMessage{
		"flat": fields, "list": listed, "flat in a list": func(data json.RawMessage) json.RawMessage { return listed(fields(data)) },
		"with an old error": func(data json.RawMessage) json.RawMessage { return listed(failed(data)) },
	} {
		t.Run(name, func(t *testing.T) {
			was := w.Store.State()
			w.edit(t, func(s *store.State) {
				for i := range s.Events {
					if e := &s.Events[i]; e.Action == store.ActionScoreUpdate {
						e.Data = form(slices.Clone(e.Data))
					}
				}
			})
			found, _ := w.replay(t, replay.WithEvents(5))
			assert.Empty(t, found)
			require.NoError(t, w.Store.SetState(was))
		})
	}
}

// Many events of a wallet are read page by page, as far as they are wanted.
func TestRun_ManyEvents(t *testing.T) {
	w := newTown(t, 1)
	for range 60 {
		w.MustScore(w.addresses[0])
		w.Clock.Advance(time.Minute)
	}
	for _, n := range []int64{0, 1, 30, 60, 1000} {
		_, r := w.replay(t, replay.WithEvents(int(n)))
		assert.Equal(t, min(n, 60), r.Events, n)
		assert.Equal(t, r.Verdict.Compared, r.Verdict.Agreed)
	}
}

// Scorings during a run are left out.
func TestRun_ScoredSince(t *testing.T) {
	w := newTown(t, 3)
	r, err := replay.New(t.Context(), w.Engine, w.Store, 1, replay.WithEvents(5), replay.Now())
	require.NoError(t, err)
	w.Clock.Advance(time.Hour)
	w.Stamp(w.addresses[1], "Twitter", "x")
	w.MustScore(w.addresses[1])
	w.fail(t, w.addresses[0])
	for o, err := range r.Run(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, o.Err)
		require.NotEqual(t, w.addresses[1], o.Address)
	}
	assert.Equal(t, int64(2), r.Report().Wallets)
	assert.Equal(t, uint64(1), r.Report().Verdict.Count(shadow.Recorded))
	shown := written(t, r.Report())
	assert.Contains(t, shown["text"], "Community 1: recorded scores, and decisions as of now\nOf 3 records 2 agree, and 0 really differ.\n")
}
