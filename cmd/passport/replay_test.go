package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
)

func TestReplay(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	o.must("rescore", "1")
	o.must("rescore", "1")
	events := o.count("select count(*) from registry_event")
	report := func(args ...string) *replay.Report {
		t.Helper()
		r := decode[replay.Report](t, o.must(append([]string{"replay", "1", "--format", "json"}, args...)...))
		return &r
	}
	same := report("--terms-since", "2020-01-01", "--events", "5")
	assert.Equal(t, [4]uint64{10, 10, 5, 5}, [4]uint64{same.Verdict.Compared, same.Verdict.Agreed, uint64(same.Wallets), uint64(same.Events)})
	assert.Equal(t, shadow.Flow{Both: 10}, same.Verdict.Flow)
	present := report("--at", "now")
	assert.True(t, present.Now)
	assert.Equal(t, uint64(5), present.Verdict.Agreed)
	assert.Equal(t, int64(2), report("--after", o.listed()[2]).Wallets)
	assert.Equal(t, events, o.count("select count(*) from registry_event"))

	// Other terms: nothing is known of when they changed, or they are a bug.
	o.must("community", "put", "1", "--replace", "--name", "Demo", "--threshold", "1", "--weights", `{"Google": "1.25"}`)
	assert.Equal(t, uint64(5), report().Verdict.Count(shadow.Unconfirmed))
	assert.Equal(t, exitFound, o.run("replay", "1", "--terms-since", "2020-01-01").code)
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.DateOnly)
	assert.Equal(t, uint64(5), report("--terms-since", tomorrow).Verdict.Count(shadow.Changed))

	o.refused(exitUsage, "WithSamples", "replay", "1", "--samples", "-1")
	o.refused(exitUsage, "After got", "replay", "1", "--after", "0x1")
	o.refused(exitFailed, "passport community put", "replay", "7")
}

// A score that was changed in the database is found.
func TestReplay_Found(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3))
	o.must("rescore", "1")
	_, err := o.pool().Exec(t.Context(), `update registry_score set expiration_date = expiration_date + interval '1 day'
		where passport_id = (select id from registry_passport where address = $1)`, passporttest.Address("wallet 1"))
	require.NoError(t, err)
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	found := o.run("replay", "1", "--text", file("a.txt"), "--json", file("a.json"), "--html", file("a.html"))
	assert.Equal(t, exitFound, found.code)
	assert.Contains(t, found.err, "1 of 3 records really differ")
	assert.Contains(t, found.out, "Of 3 records 2 agree, and 1 really differ.")
	assert.Contains(t, found.out, passporttest.Address("wallet 1"))
	read := func(name string) string {
		text, err := os.ReadFile(file(name))
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, found.out, read("a.txt"))
	r := decode[replay.Report](t, read("a.json"))
	require.Len(t, r.Verdict.Classes, 1)
	assert.Equal(t, map[shadow.Field]uint64{shadow.FieldExpiry: 1, replay.FieldRecord: 1, replay.FieldEvent: 1}, r.Verdict.Classes[0].Fields)
	assert.Contains(t, read("a.html"), "</html>")
	for _, format := range []string{"text", "json", "html"} {
		a := o.run("replay", "1", "--hide-addresses", "--format", format)
		assert.NotRegexp(t, "0x[0-9a-f]{40}", a.out+a.err)
	}
	o.refused(exitFailed, "no such file", "replay", "1", "--html", file("nowhere/a.html"))
}

// A run that is interrupted goes on after the wallets of its checkpoint.
func TestReplay_Checkpoint(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	o.must("rescore", "1")
	all := decode[replay.Report](t, o.must("replay", "1", "--format", "json", "--terms-since", "720h"))
	run, err := replay.New(t.Context(), o.engine(), pgstore.New(o.pool()), 1, replay.WithTermsSince(all.TermsSince))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "replay.json")
	kept := &place{Version: checkpointVersion, Terms: replayTerms{Community: 1, At: "recorded", TermsSince: "720h"}, Report: run.Report()}
	for _, err := range run.Run(t.Context()) {
		require.NoError(t, err)
		if run.Report().Wallets == 3 {
			break
		}
	}
	require.NoError(t, replace(file, kept))
	again := []string{"replay", "1", "--format", "json", "--terms-since", "720h", "--checkpoint", file}
	o.refused(exitFailed, "is of another run", append(again, "--at", "now")...)
	resumed := o.run(again...)
	assert.Equal(t, exitDone, resumed.code, resumed.err)
	assert.Contains(t, resumed.err, "going on after "+kept.Report.After+": 3 wallets are compared")
	assert.NoFileExists(t, file)
	r := decode[replay.Report](t, resumed.out)
	assert.Equal(t, 2, r.Runs)
	r.Runs, r.At = 1, all.At
	assert.Equal(t, all, r)

	o.refused(exitFailed, "is not a checkpoint of this version", "replay", "1", "--checkpoint", o.file("other.json", `{"version": 1}`))
	o.refused(exitFailed, "writing the checkpoint: ", "replay", "1", "--checkpoint", filepath.Join(t.TempDir(), "nowhere", "x"))
}

// A fault ends a run, and the checkpoint has what was compared before.
func TestPlace_Fault(t *testing.T) {
	o := newOperator(t).withCommunity()
	run, err := replay.New(t.Context(), o.engine(), pgstore.New(o.pool()), 1)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	file := filepath.Join(t.TempDir(), "replay.json")
	f := &replayFlags{checkpoint: file, saveEvery: time.Hour}
	show, err := newProgress(io.Discard, "none")
	require.NoError(t, err)
	kept := &place{Version: checkpointVersion, Report: run.Report()}
	require.ErrorIs(t, kept.run(ctx, run, f, show), context.Canceled)
	read, err := readPlace(file, kept.Terms)
	require.NoError(t, err)
	assert.Zero(t, read.Report.Wallets)
	var log strings.Builder
	p := &program{stderr: &log}
	require.ErrorIs(t, p.replayed(f, read.Report, context.Canceled), context.Canceled)
	assert.Equal(t, "0 wallets are compared; to go on, repeat the command\n", log.String())
}
