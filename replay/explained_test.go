package replay_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// A change since the scoring explains what differs, and is no bug.
func TestRun_Explained(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(t *testing.T, w *town, alice string)
		options   []replay.Option
		class     shadow.Class
		exception string
	}{
		"a new stamp": {change: func(_ *testing.T, w *town, alice string) { w.Stamp(alice, "Twitter", "a") }, class: shadow.Changed},
		"a replaced stamp": {change: func(_ *testing.T, w *town, alice string) {
			w.Stamp(alice, "Google", "another", passporttest.ExpiresAt(w.Clock.Now().AddDate(0, 1, 0)))
		}, class: shadow.Changed},
		"a removed stamp": {change: func(t *testing.T, w *town, alice string) {
			w.edit(t, func(s *store.State) {
				s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool {
					return string(c.Address) == alice && c.Provider == "Google"
				})
			})
		}, class: shadow.Changed},
		"a stamp of the same second": {change: func(t *testing.T, w *town, alice string) {
			w.edit(t, func(s *store.State) {
				at := scoreOf(s, store.Address(alice)).ScoredAt
				in(rewrite("{"+github+","+discord+"}", `{"Github":2,"Discord":0.25}`, "2.25"))(s, store.Address(alice))
				for i := range s.Credentials {
					if c := &s.Credentials[i]; string(c.Address) == alice && c.Provider == "Google" {
						c.UpdatedAt = at.Add(-time.Second / 2)
					}
				}
			})
		}, class: shadow.Changed},
		"a claim that moved": {change: func(t *testing.T, w *town, alice string) {
			bob := passporttest.Address("bob")
			w.edit(t, func(s *store.State) { dropClaims(s, alice) })
			w.Stamp(bob, "Google", "2")
			w.MustScore(bob)
			w.Clock.Advance(time.Hour)
		}, class: shadow.ClaimOrder},
		"a claim that is gone": {change: func(t *testing.T, w *town, alice string) {
			w.edit(t, func(s *store.State) {
				in(rewrite("{"+github+","+google+`,"Discord":{"score":"0","dedup":true,"expiration_date":"2100-01-01T00:00:00+00:00"}}`,
					`{"Google":1.5,"Github":2}`, "3.5"))(s, store.Address(alice))
				dropClaims(s, alice)
				s.Events = append(s.Events, store.StoredEvent{Community: 1, RecordedEvent: store.RecordedEvent{
					ID: 1 << 40, At: w.Clock.Now(), Event: store.Event{Action: store.ActionDeduplicated, Address: store.Address(alice), Data: []byte(`{"provider":"Discord"}`)},
				}})
				swapLast(s)
			})
		}, class: shadow.Unconfirmed},
		"a failed scoring": {change: func(t *testing.T, w *town, alice string) { w.fail(t, alice) }, class: shadow.Recorded},
		"a faulty stamp": {change: func(t *testing.T, w *town, alice string) {
			w.edit(t, func(s *store.State) {
				for i := range s.Credentials {
					if c := &s.Credentials[i]; string(c.Address) == alice && c.Provider == "Google" {
						c.Document = []byte(`{"credentialSubject":1}`)
					}
				}
			})
			w.fail(t, alice)
		}, class: shadow.Excepted, exception: replay.ExceptionMalformed},
		"one account in two stamps": {change: func(t *testing.T, w *town, alice string) {
			w.Stamp(alice, "Twitter", "x", passporttest.Nullifiers("v0:one"))
			w.Stamp(alice, "Linkedin", "x", passporttest.Nullifiers("v0:one"))
			w.fail(t, alice)
		}, class: shadow.Excepted, exception: replay.ExceptionMalformed},
		"terms that cannot be read": {change: func(t *testing.T, w *town, _ string) {
			w.edit(t, func(s *store.State) { s.Communities[0].Rule = "FIFO" })
		}, class: shadow.Unconfirmed},
		"an issuer that is not trusted": {change: func(t *testing.T, w *town, _ string) {
			engine, err := passport.New(w.Store, passport.WithTrustedIssuers(passporttest.NewIssuer().DID()), passport.WithClock(w.Clock.Now))
			require.NoError(t, err)
			w.Engine = engine
		}, class: shadow.Unconfirmed},
		"a score as of now": {change: func(_ *testing.T, w *town, _ string) {
			w.Clock.Set(time.Date(2100, 1, 2, 0, 0, 0, 0, time.UTC))
		}, options: []replay.Option{replay.Now()}, class: shadow.Clock},
		"rounding": {change: func(t *testing.T, w *town, alice string) {
			w.edit(t, func(s *store.State) {
				in(func(s *store.Score) { reword(&s.Evidence, `"3.75"`, `"3.7500000000000004"`) })(s, store.Address(alice))
			})
		}, class: shadow.Rounding},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, 3)
			alice := w.addresses[2]
			c.change(t, w, alice)
			found, report := w.replay(t, c.options...)
			o := found[alice]
			assert.Equal(t, c.class, o.Class, "%v", o.Differences)
			assert.Zero(t, report.Real(), "%v", found)
			if c.exception != "" {
				assert.Equal(t, map[string]int64{c.exception: 1}, report.Exceptions)
			}
			w.spoil(t, alice)
			found, _ = w.replay(t, c.options...)
			if o := found[alice]; !o.ScoredAt.IsZero() {
				assert.Equal(t, shadow.Real, o.Class, "a record that contradicts itself is a bug, whatever has changed: %v", o.Differences)
			}
		})
	}
}

// dropClaims removes the claims of the wallet.
func dropClaims(s *store.State, address string) {
	s.Claims = slices.DeleteFunc(s.Claims, func(c store.StoredClaim) bool { return string(c.Address) == address })
}

// swapLast swaps the last two events, but for their ids.
func swapLast(s *store.State) {
	a, b := &s.Events[len(s.Events)-1], &s.Events[len(s.Events)-2]
	a.ID, b.ID = b.ID, a.ID
	*a, *b = *b, *a
}

// fail makes the score of the wallet a failed scoring.
func (w *town) fail(t testing.TB, address string) {
	t.Helper()
	w.edit(t, func(s *store.State) {
		score := scoreOf(s, store.Address(address))
		score.Score = store.Score{Status: store.StatusError, Error: "TypeError"}
		score.Counted = nil
	})
}

// spoil makes the record of the wallet contradict itself, if it is a score.
func (w *town) spoil(t testing.TB, address string) {
	t.Helper()
	w.edit(t, func(s *store.State) {
		if score := scoreOf(s, store.Address(address)); score.Status == store.StatusDone {
			in(func(s *store.Score) { s.Evidence = []byte(`{"rawScore":"9","success":true,"threshold":"2.00000"}`) })(s, store.Address(address))
		}
	})
}

// Two wallets that had a stamp at the same time are a bug.
func TestRun_CountedTwice(t *testing.T) {
	w := newTown(t, 3)
	alice, bob := w.addresses[2], passporttest.Address("bob")
	claims := w.Store.State().Claims
	w.edit(t, func(s *store.State) { dropClaims(s, alice) })
	w.Stamp(bob, "Google", "2")
	w.MustScore(bob)
	w.edit(t, func(s *store.State) { // alice was scored after bob, and its stamp counted too
		in(func(score *store.Score) { score.ScoredAt = w.Clock.Now().Add(time.Minute) })(s, store.Address(alice))
	})
	w.Clock.Advance(time.Hour)
	found, _ := w.replay(t)
	require.Len(t, found, 1)
	assert.Equal(t, shadow.Real, found[alice].Class, "%v", found[alice].Differences)
	require.NotEmpty(t, claims)
}

// A queued score, and one of which only the verdict is known, are not compared.
func TestRun_NotCompared(t *testing.T) {
	w := newTown(t, 6)
	w.edit(t, func(s *store.State) {
		s.Scores[0].Score = store.Score{Status: "PROCESSING"}
		s.Scores[1].Score = store.Score{Status: store.StatusDone, Value: "1"}
		s.Events = slices.DeleteFunc(s.Events, func(e store.StoredEvent) bool {
			return e.Address == s.Scores[1].Address || e.Address == s.Scores[0].Address
		})
	})
	r, err := replay.New(t.Context(), w.Engine, w.Store, 1)
	require.NoError(t, err)
	for _, err := range r.Run(t.Context()) {
		require.NoError(t, err)
	}
	v := &r.Report().Verdict
	assert.Equal(t, [3]uint64{4, 4, 2}, [3]uint64{v.Compared, v.Agreed, v.Skipped})
}

// A wallet that changes while it is decided again is decided another time, and
// a failure if it never stops.
func TestRun_Race(t *testing.T) {
	w := newTown(t, 3)
	alice := w.addresses[2]
	w.Stamp(alice, "Google", "another")
	w.Clock.Advance(time.Hour)
	for name, c := range map[string]struct {
		times int
		err   error
	}{"once": {1, nil}, "always": {1 << 30, store.ErrConflict}} {
		t.Run(name, func(t *testing.T) {
			racing := &racing{Store: w.Store, race: func() { w.Stamp(alice, "Discord", "new") }, times: c.times, of: store.Address(alice)}
			r, err := replay.New(t.Context(), w.Engine, racing, 1)
			require.NoError(t, err)
			for o, err := range r.Run(t.Context()) {
				require.NoError(t, err)
				if o.Address == alice {
					require.ErrorIs(t, o.Err, c.err)
				}
			}
			assert.Equal(t, c.err != nil, r.Report().Verdict.FailedByKind[store.KindConflict] == 1)
		})
	}
}

// racing is a store on which something happens before loads of one wallet.
type racing struct {
	*memstore.Store

	of    store.Address
	race  func()
	times int
}

func (r *racing) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if len(q.Addresses) == 1 && q.Addresses[0] == r.of && r.times > 0 {
		r.times--
		r.race()
	}
	return r.Store.Load(ctx, q)
}

// A fault of the store, or the end of the context, ends the run, and the run
// can be continued.
func TestRun_Errors(t *testing.T) {
	w := newTown(t, 120)
	_, whole := w.replay(t)
	for name, c := range map[string]struct {
		fault func(stop context.CancelFunc)
		want  error
	}{
		"context": {func(stop context.CancelFunc) { stop() }, context.Canceled},
		"store":   {func(context.CancelFunc) { w.Faults.FailLoad(1000, store.ErrUnavailable) }, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			r, err := replay.New(ctx, w.Engine, w.Store, 1)
			require.NoError(t, err)
			var ended error
			for _, err := range r.Run(ctx) {
				if ended = err; err == nil && r.Report().Wallets == 40 {
					c.fault(stop)
				}
			}
			w.Faults.FailLoad(0, nil)
			require.ErrorIs(t, ended, c.want)
			assert.False(t, r.Report().Complete)
			again, err := replay.New(t.Context(), w.Engine, w.Store, 1, replay.Continuing(through(t, r.Report())))
			require.NoError(t, err)
			for _, err := range again.Run(t.Context()) {
				require.NoError(t, err)
			}
			got := *again.Report()
			assert.Equal(t, 2, got.Runs)
			got.Runs = 1
			assert.Equal(t, document(t, whole), document(t, &got))
		})
	}
}

func document(t testing.TB, r *replay.Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

// through returns the report as it is read back from its JSON.
func through(t testing.TB, r *replay.Report) *replay.Report {
	t.Helper()
	var read replay.Report
	require.NoError(t, json.Unmarshal([]byte(document(t, r)), &read))
	return &read
}
