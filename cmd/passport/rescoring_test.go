package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// A moment that is relative to the start of the run stays when it is resumed.
func TestCheckpoint_Moment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rescore.json")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, err := begin(file, terms{Community: 1, ScoredBefore: "1h", Moment: at})
	require.NoError(t, err)
	again, err := begin(file, terms{Community: 1, ScoredBefore: "1h", Moment: at.Add(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, store.AddressQuery{Community: 1, ScoredBefore: at}, again.query())
}

// rescores is an engine that yields these outcomes, and the error.
type rescores struct {
	outcomes []passport.Scored
	err      error
}

func (r rescores) Rescore(context.Context, store.AddressQuery, ...passport.BulkOption) iter.Seq2[passport.Scored, error] {
	return func(yield func(passport.Scored, error) bool) {
		for _, scored := range r.outcomes {
			if !yield(scored, nil) {
				return
			}
		}
		if r.err != nil {
			yield(passport.Scored{}, r.err)
		}
	}
}

// outcomes are a wallet that passes, and one that fails.
func outcomes() []passport.Scored {
	return []passport.Scored{
		{Address: passporttest.Address("good"), Result: &passport.Result{Passing: true}},
		{Address: passporttest.Address("bad"), Err: fmt.Errorf("\x1b[2J: %w", store.ErrConflict)},
	}
}

func TestRescoring_Failures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rescore.json")
	f := &rescoreFlags{workers: 1, batch: 1, checkpoint: file, format: "json"}
	place, err := begin(file, terms{Community: 1})
	require.NoError(t, err)
	var out, log bytes.Buffer
	show, err := newProgress(&log, "none")
	require.NoError(t, err)
	r := rescoring{engine: rescores{outcomes: outcomes()}, flags: f, place: place, show: show, meter: newMeter(place)}
	require.NoError(t, r.run(t.Context()))
	assert.Contains(t, log.String(), passporttest.Address("bad")+": �[2J: conflict\n")
	p := &program{stdout: &out, stderr: &log}
	err = p.concluded(f, place, nil)
	require.ErrorIs(t, err, errPartly)
	require.ErrorContains(t, err, "1 of 2 wallets could not be scored")
	got := decode[report](t, out.String())
	assert.Equal(t, map[store.Kind]int64{store.KindConflict: 1}, got.Refusals)
	assert.Equal(t, passporttest.Address("bad"), got.Failures[0].Address)
	assert.NoFileExists(t, file)
}

// The checkpoint of a run that a fault ends has what was done before.
func TestRescoring_Fault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rescore.json")
	f := &rescoreFlags{workers: 1, batch: 1, checkpoint: file, saveEvery: time.Hour}
	place, err := begin(file, terms{Community: 1})
	require.NoError(t, err)
	show, err := newProgress(io.Discard, "none")
	require.NoError(t, err)
	r := rescoring{engine: rescores{outcomes(), store.ErrUnavailable}, flags: f, place: place, show: show, meter: newMeter(place)}
	err = r.run(t.Context())
	require.ErrorIs(t, err, store.ErrUnavailable)
	var out, log bytes.Buffer
	p := &program{stdout: &out, stderr: &log}
	require.ErrorIs(t, p.concluded(f, place, err), store.ErrUnavailable)
	assert.Empty(t, out.String())
	kept, err := begin(file, terms{Community: 1})
	require.NoError(t, err)
	assert.Equal(t, passporttest.Address("bad"), string(kept.After))
	assert.EqualValues(t, 2, kept.Report.Wallets)
}

func TestMeter(t *testing.T) {
	c := &checkpoint{After: "0x4" + passport.Address(strings.Repeat("0", 39))}
	c.Report.Wallets, c.Report.Failed, c.Report.Unchanged = 300, 2, 7
	m := &meter{marks: []mark{{time.Now().Add(-10 * time.Second), 200}}}
	assert.InDelta(t, 0.25, m.fraction(c), 1e-9)
	assert.Equal(t, "300 of about 1200 wallets, 10/s, 1m30s left, 7 unchanged, 2 failed", m.text(c))
	c.Total = 600
	m = &meter{marks: []mark{{time.Now().Add(-10 * time.Second), 200}}}
	assert.InDelta(t, 0.5, m.fraction(c), 1e-9)
	assert.Equal(t, "300 of 600 wallets, 10/s, 30s left, 7 unchanged, 2 failed", m.text(c))
	c = &checkpoint{After: "0x01" + passport.Address(strings.Repeat("0", 38))}
	c.Report.Wallets = 19
	assert.Equal(t, "19 wallets, 0/s", newMeter(c).text(c), "too few for an estimate")
	assert.Equal(t, "0 wallets, 0/s", newMeter(&checkpoint{}).text(&checkpoint{}))
	assert.InDelta(t, 120_000, about(123_456), 0)
}

func TestProgress(t *testing.T) {
	text := func() string { return "5 of 10" }
	for mode, want := range map[string]string{"none": "", "plain": " 50 % 5 of 10\nnote\n", "bar": "50% "} {
		var out bytes.Buffer
		show, err := newProgress(&out, mode)
		require.NoError(t, err)
		show.shown = time.Time{}
		show.update(0.5, text)
		show.notef("note")
		if mode == "none" {
			want = "note\n"
		}
		assert.Contains(t, out.String(), want, mode)
		show.end()
		show.end()
		length := out.Len()
		show.shown = time.Time{}
		show.update(0.6, text)
		assert.Equal(t, length, out.Len(), "nothing is shown after the end")
	}
}
