package replay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/page/pagetest"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

var pageFile = flag.String("page", "", "a file to write the page of TestWriteHTML to")

// written returns the report in all its forms.
func written(t *testing.T, r *replay.Report) map[string]string {
	t.Helper()
	var text, page bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.NoError(t, r.WriteHTML(&page))
	return map[string]string{"text": text.String(), "page": page.String(), "JSON": document(t, r)}
}

// varied returns the report of a town with bugs and with changes of all kinds.
func varied(t *testing.T) (*town, *replay.Report) {
	t.Helper()
	w := newTown(t, 6*(len(bugs)+2))
	w.edit(t, func(s *store.State) {
		for i := range bugs {
			bugs[i].change(s, store.Address(w.addresses[6*i+2]))
		}
		for i := range w.addresses {
			if i%5 == 4 {
				continue
			}
			score := scoreOf(s, store.Address(w.addresses[i]))
			at := score.ScoredAt.AddDate(0, -i%9, 0)
			in(func(s *store.Score) { s.ScoredAt = at })(s, store.Address(w.addresses[i]))
		}
		for i := range s.Credentials {
			s.Credentials[i].UpdatedAt = s.Credentials[i].UpdatedAt.AddDate(-1, 0, 0)
		}
	})
	for i := range w.addresses {
		switch {
		case i%12 == 3:
			w.Stamp(w.addresses[i], "Twitter", w.addresses[i])
		case i == 17 || i == 29:
			w.fail(t, w.addresses[i])
		case i == 25:
			w.edit(t, func(s *store.State) {
				in(func(s *store.Score) { reword(&s.Evidence, `"2.00000"`, `"1.00000"`) })(s, store.Address(w.addresses[i]))
			})
		}
	}
	_, r := w.replay(t)
	return w, r
}

// No form of a report holds anything of a credential or a claim.
func TestReport_Secrets(t *testing.T) {
	w, r := varied(t)
	state := w.Store.State()
	require.NotEmpty(t, state.Claims)
	for form, text := range written(t, r) {
		for _, claim := range state.Claims {
			assert.NotContains(t, text, claim.Nullifier, form)
			assert.NotContains(t, text, strings.TrimPrefix(claim.Nullifier, "v0.0.0:"), form)
		}
		assert.NotContains(t, text, "proof", form)
		assert.NotContains(t, text, "nullifier", form)
		assert.Regexp(t, address, text, form)
	}
	r.Failures = append(r.Failures, replay.Failure{Address: w.addresses[0], Kind: store.KindInternal, Error: "scoring " + w.addresses[0]})
	for form, text := range written(t, r.WithoutAddresses()) {
		assert.NotRegexp(t, address, text, form)
	}
	assert.NotEmpty(t, r.After, "the report itself has not changed")
}

var address = regexp.MustCompile(`0x[0-9a-f]{40}`)

// The page is whole, and nothing in it makes a browser load or run anything.
func TestWriteHTML(t *testing.T) {
	_, r := varied(t)
	page := written(t, r)["page"]
	if *pageFile != "" {
		require.NoError(t, os.WriteFile(*pageFile, []byte(page), 0o600))
	}
	pagetest.SelfContained(t, page)
	assert.Greater(t, strings.Count(page, "<rect"), 20)
	for _, c := range r.Verdict.Classes {
		assert.Contains(t, page, "Records of class “"+string(c.Class)+"”")
	}
	assert.Greater(t, len(r.Verdict.Classes), 3)
}

// A provider is named by a record, which may hold any text.
func TestReport_Hostile(t *testing.T) {
	hostile := "<script>alert(1)</script>\"'\x1b[2J\t{{.}}"
	w := newTown(t, 3)
	w.edit(t, func(s *store.State) {
		name, err := json.Marshal(hostile)
		require.NoError(t, err)
		in(func(s *store.Score) {
			reword(&s.Stamps, `"Google"`, string(name))
			s.Evidence = []byte(`{"rawScore":"1e200","success":true,"threshold":"-1e-200"}`)
		})(s, store.Address(w.addresses[2]))
	})
	found, r := w.replay(t)
	assert.Equal(t, shadow.Real, found[w.addresses[2]].Class)
	forms := written(t, r)
	for form, text := range forms {
		assert.NotContains(t, text, "alert(1)", form)
		assert.Contains(t, text, "(no usual name)", form)
	}
	r.Failures = []replay.Failure{{Address: hostile, Kind: store.KindInternal, Error: hostile}}
	assert.Contains(t, written(t, r)["page"], "&lt;script&gt;alert(1)")
}

// The names of members are part of the contract.
func TestReport_JSON(t *testing.T) {
	w := newTown(t, 2)
	w.Stamp(w.addresses[0], "Github", "new")
	_, r := w.replay(t, replay.WithEvents(2), replay.WithTermsSince(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	r.Verdict.Bound = 0.5
	require.Len(t, r.Verdict.Scores, 22)
	r.Verdict.Scores = []shadow.Bin{r.Verdict.Scores[8], r.Verdict.Scores[18]}
	after := slices.Max(w.addresses)
	assert.JSONEq(t, `{
		"version": 1, "community": 1, "at": "2026-01-01T14:00:02Z", "now": false, "terms_since": "2026-01-01T00:00:00Z", "events_of": 2,
		"threshold": "2.00000", "complete": true, "runs": 1, "after": "`+after+`", "wallets": 2, "events": 0,
		"verdict": {
			"compared": 2, "agreed": 1, "dropped": 0, "skipped": 0, "failed": 0, "settled": 1, "bound": 0.5,
			"classes": [{"class": "input changed", "count": 1, "fields": {"passing": 1, "score": 1, "stamp": 1}, "samples": [{
				"community": 1, "address": "`+w.addresses[0]+`", "differences": [
					{"field": "passing", "primary": "false", "ours": "true", "class": "input changed"},
					{"field": "score", "primary": "1.5", "ours": "3.5", "class": "input changed"},
					{"field": "stamp", "provider": "Github", "primary": "absent", "ours": "present", "class": "input changed"}
				]
			}]}],
			"flow": {"both": 1, "primary": 0, "ours": 1, "neither": 0}, "scores": [{"primary": 1, "ours": 0}, {"primary": 1, "ours": 2}],
			"primary_latency": {"count": 0, "p50_ns": 0, "p90_ns": 0, "p99_ns": 0, "max_ns": 0},
			"our_latency": {"count": 0, "p50_ns": 0, "p90_ns": 0, "p99_ns": 0, "max_ns": 0}
		},
		"exceptions": {}, "months": {"2026-01": {"compared": 2, "differ": 1, "real": 0}}, "failures": []
	}`, document(t, r))
}

// A report that is not of the same run cannot be continued.
func TestContinuing_Refused(t *testing.T) {
	w := newTown(t, 3)
	_, r := w.replay(t)
	for name, c := range map[string]struct {
		spoil   func(r *replay.Report)
		options []replay.Option
		want    string
	}{
		"version":      {func(r *replay.Report) { r.Version = 2 }, nil, "version"},
		"community":    {func(r *replay.Report) { r.Community = 2 }, nil, "another community"},
		"now":          {func(*replay.Report) {}, []replay.Option{replay.Now()}, "other options"},
		"events":       {func(*replay.Report) {}, []replay.Option{replay.WithEvents(1)}, "other options"},
		"terms":        {func(*replay.Report) {}, []replay.Option{replay.WithTermsSince(time.Now())}, "other options"},
		"no addresses": {func(r *replay.Report) { *r = *r.WithoutAddresses() }, nil, "without addresses"},
		"no address":   {func(r *replay.Report) { r.After = "x" }, nil, "contradicts itself"},
		"counts":       {func(r *replay.Report) { r.Verdict.Agreed++ }, nil, "contradicts itself"},
		"scores":       {func(r *replay.Report) { r.Verdict.Scores = r.Verdict.Scores[:1] }, nil, "contradicts itself"},
		"no moment":    {func(r *replay.Report) { r.At = time.Time{} }, nil, "contradicts itself"},
		"no months":    {func(r *replay.Report) { r.Months = map[string]*replay.Month{"2026-01": nil} }, nil, "contradicts itself"},
		"no fields": {func(r *replay.Report) {
			r.Verdict.Classes = []shadow.ClassCount{{Class: shadow.Real}}
		}, nil, "contradicts itself"},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := through(t, r)
			c.spoil(spoiled)
			_, err := replay.New(t.Context(), w.Engine, w.Store, 1, append(c.options, replay.Continuing(spoiled))...)
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestNew_Invalid(t *testing.T) {
	w := newTown(t, 1)
	_, err := replay.New(t.Context(), w.Engine, w.Store, 1, replay.WithEvents(-1), replay.WithSamples(1001), replay.WithSkew(-1), replay.After("0x1"))
	for _, option := range []string{"WithEvents", "WithSamples", "WithSkew", "After"} {
		require.ErrorContains(t, err, option)
	}
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	_, err = replay.New(t.Context(), nil, nil, 1)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	_, err = replay.New(t.Context(), w.Engine, w.Store, 7)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestReport_WriteErrors(t *testing.T) {
	_, r := newTown(t, 3).replay(t)
	require.ErrorIs(t, r.WriteText(full{}), errFull)
	require.ErrorIs(t, r.WriteHTML(full{}), errFull)
}
