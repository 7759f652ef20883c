package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/whatif"
)

func TestWhatif(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	o.must("rescore", "1")
	events := o.count("select count(*) from registry_event")
	report := func(args ...string) whatif.Report {
		t.Helper()
		return decode[whatif.Report](t, o.must(append([]string{"whatif", "1", "--format", "json"}, args...)...))
	}
	same := report("--threshold", "1.5")
	assert.Equal(t, [4]int64{5, 5, 5, 5}, [4]int64{same.Compared, same.Recorded.Passing, same.Present.Passing, same.New.Passing})
	higher := report("--threshold", "1.51")
	assert.Equal(t, whatif.Flow{PassFail: 5}, higher.Flow)
	weights := report("--weights", `{"Google": "0.5"}`)
	assert.Equal(t, int64(5), weights.Lowered.Wallets)
	assert.Equal(t, "1", weights.Lowered.Greatest.String())
	fromFile := report("--weights-file", o.file("weights.json", `{"Google": "0.5"}`))
	fromFile.At, fromFile.Change = weights.At, weights.Change
	assert.Equal(t, document(t, weights), document(t, fromFile))
	customized := report("--customization", `{"Google": 2.25}`)
	assert.Equal(t, "11.25", customized.Providers["Google"].New.Contribution.String())
	distrusted := report("--issuer", passporttest.NewIssuer().DID())
	assert.Zero(t, distrusted.New.Passing)
	later := report("--threshold", "1", "--at", "2999-01-01")
	assert.Zero(t, later.Present.Passing)
	assert.Equal(t, events, o.count("select count(*) from registry_event"))

	o.refused(exitUsage, "threshold", "whatif", "1", "--threshold", "high")
	o.refused(exitUsage, "WithSamples", "whatif", "1", "--threshold", "1", "--samples", "-1")
	o.refused(exitFailed, "passport community put", "whatif", "7", "--threshold", "1")
	o.refused(exitFailed, "no such file", "whatif", "1", "--weights-file", "/nowhere")
	o.refused(exitFailed, "no such file", "whatif", "1", "--threshold", "1", "--addresses", "/nowhere")
}

func document(t *testing.T, r whatif.Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

func TestWhatif_Output(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3))
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	lost := o.run("whatif", "1", "--threshold", "2", "--fail-on-loss",
		"--text", file("a.txt"), "--json", file("a.json"), "--html", file("a.html"))
	assert.Equal(t, exitFound, lost.code)
	assert.Contains(t, lost.err, "3 of 3 wallets pass and would not")
	assert.Contains(t, lost.out, "Of 3 wallets 3 pass now and 0 would pass: 0 would gain and 3 would lose.")
	assert.Contains(t, lost.out, passporttest.Address("wallet 1"))
	read := func(name string) string {
		text, err := os.ReadFile(file(name))
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, lost.out, read("a.txt"))
	assert.Len(t, decode[whatif.Report](t, read("a.json")).Losing, 3)
	assert.Contains(t, read("a.html"), "</html>")
	assert.Equal(t, exitDone, o.run("whatif", "1", "--threshold", "1.2", "--fail-on-loss").code)

	for _, format := range []string{"text", "json", "html"} {
		assert.NotRegexp(t, "0x[0-9a-f]{40}", o.must("whatif", "1", "--threshold", "2", "--hide-addresses", "--format", format))
	}
	o.refused(exitFailed, "no such file", "whatif", "1", "--threshold", "2", "--html", file("nowhere/a.html"))
}

func TestWhatif_Addresses(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3))
	list := o.file("list", passporttest.Address("wallet 2")+"\n\nrubbish\x1b[2J\n  "+passporttest.Address("wallet 0")+"\r\n")
	partly := o.run("whatif", "1", "--threshold", "2", "--addresses", list, "--format", "json")
	assert.Equal(t, exitPartly, partly.code)
	assert.Contains(t, partly.err, "rubbish�[2J: ")
	assert.Contains(t, partly.err, "1 of 3 wallets could not be compared")
	r := decode[whatif.Report](t, partly.out)
	assert.Equal(t, [2]int64{2, 1}, [2]int64{r.Compared, r.FailedByKind[store.KindInvalid]})
	o.refused(exitFailed, "token too long", "whatif", "1", "--threshold", "2", "--addresses", o.file("long", strings.Repeat("x", 1<<17)))
}

// A run that is interrupted goes on after the wallets of its checkpoint.
func TestWhatif_Checkpoint(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	all := decode[whatif.Report](t, o.must("whatif", "1", "--threshold", "2", "--format", "json"))
	list := o.file("list", strings.Join(o.listed(), "\n"))
	for name, addresses := range map[string]string{"of the community": "", "of a file": list} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "whatif.json")
			kept := o.interrupted(t, file, addresses, 3)
			run := []string{"whatif", "1", "--threshold", "2", "--format", "json", "--checkpoint", file, "--addresses", addresses}
			o.refused(exitFailed, "a report of another community or change", append(run, "--threshold", "3")...)
			o.refused(exitFailed, "is of other addresses", append(run, "--addresses", "other")...)
			if addresses != "" {
				require.NoError(t, os.WriteFile(list, []byte("one\n"), 0o600))
				o.refused(exitFailed, "has changed: address 3 is not the last one", run...)
				require.NoError(t, os.WriteFile(list, []byte(strings.Join(o.listed(), "\n")), 0o600))
			}
			resumed := o.run(run...)
			assert.Equal(t, exitDone, resumed.code, resumed.err)
			assert.Contains(t, resumed.err, "going on after "+kept.After+": 3 wallets are compared")
			assert.NoFileExists(t, file)
			r := decode[whatif.Report](t, resumed.out)
			assert.Equal(t, [2]int{2, 3}, [2]int{r.Runs, int(r.Forgotten)})
			r.Runs, r.Forgotten, r.At = 1, 0, all.At
			assert.Equal(t, document(t, all), document(t, r))
		})
	}
	file := o.file("other.json", `{"version": 1}`)
	o.refused(exitFailed, "is not a checkpoint of this version", "whatif", "1", "--threshold", "2", "--checkpoint", file)
	o.refused(exitFailed, "writing the checkpoint: ", "whatif", "1", "--threshold", "2", "--checkpoint", filepath.Join(t.TempDir(), "nowhere", "x"))
}

// listed returns the addresses of the community in their order.
func (o *operator) listed() (addresses []string) {
	o.t.Helper()
	rows, err := o.pool().Query(o.t.Context(), `select distinct address collate "C" from ceramic_cache_ceramiccache order by 1`)
	require.NoError(o.t, err)
	for rows.Next() {
		var address string
		require.NoError(o.t, rows.Scan(&address))
		addresses = append(addresses, address)
	}
	require.NoError(o.t, rows.Err())
	return addresses
}

func (o *operator) engine() *passport.Engine {
	o.t.Helper()
	engine, err := passport.New(pgstore.New(o.pool()), passport.WithTrustedIssuers(o.issuer.DID()))
	require.NoError(o.t, err)
	return engine
}

// interrupted leaves the checkpoint of a run that ended after some wallets.
func (o *operator) interrupted(t *testing.T, file, addresses string, after int) *whatif.Report {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	comparison, err := whatif.New(ctx, o.engine(), 1, whatif.Change{Threshold: "2"})
	require.NoError(t, err)
	kept := &study{Version: checkpointVersion, Addresses: addresses, Report: comparison.Report()}
	n := 0
	for _, err := range comparison.CompareSelected(ctx, store.AddressQuery{}) {
		require.NoError(t, err)
		if n++; n == after {
			break
		}
	}
	require.NoError(t, replace(file, kept))
	return kept.Report
}

// A fault ends a run, and the checkpoint has what was compared before.
func TestStudy_Fault(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(60))
	comparison, err := whatif.New(t.Context(), o.engine(), 1, whatif.Change{Threshold: "2"})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	file := filepath.Join(t.TempDir(), "whatif.json")
	f := &whatifFlags{checkpoint: file, saveEvery: time.Hour}
	show, err := newProgress(io.Discard, "none")
	require.NoError(t, err)
	s := &study{Version: checkpointVersion, Report: comparison.Report()}
	require.ErrorIs(t, s.run(ctx, &program{}, comparison, f, show), context.Canceled)
	kept, err := readStudy(file, "")
	require.NoError(t, err)
	assert.Zero(t, kept.Report.Wallets)
	var log strings.Builder
	p := &program{stderr: &log}
	require.ErrorIs(t, p.compared(f, kept.Report, context.Canceled), context.Canceled)
	assert.Equal(t, "0 wallets are compared; to go on, repeat the command\n", log.String())
}
