package main

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
)

var (
	wallets = flag.Int("wallets", 400, "the number of wallets of TestRescore_Killed")
	kills   = flag.Int("kills", 4, "how often TestRescore_Killed kills a run")
)

func TestRescore(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	report := func(args ...string) report {
		t.Helper()
		r := decode[report](t, o.must(append([]string{"rescore", "1", "--format", "json"}, args...)...))
		assert.Equal(t, r.Wallets, r.Written+r.Unchanged+r.Failed)
		assert.False(t, r.EndedAt.Before(r.StartedAt))
		return r
	}
	first := report("--workers", "3", "--batch", "2")
	assert.Equal(t, []int64{5, 5, 5, 5, 0, 0}, []int64{first.Wallets, first.Written, first.First, first.Passing, first.Gained, first.Lost})
	events := o.count("select count(*) from registry_event")

	unchanged := report("--leave-unchanged", "1h", "--count")
	assert.Equal(t, []int64{5, 0, 5, 0}, []int64{unchanged.Wallets, unchanged.Written, unchanged.Unchanged, unchanged.First})
	assert.Equal(t, events, o.count("select count(*) from registry_event"))

	o.must("community", "put", "1", "--replace", "--threshold", "2")
	lost := report()
	assert.Equal(t, []int64{5, 0, 0, 5}, []int64{lost.Written, lost.Passing, lost.Gained, lost.Lost})
	o.must("community", "put", "1", "--replace", "--threshold", "1")
	text := o.run("rescore", "1", "--progress", "plain")
	assert.Regexp(t, `(?m)^wallets +5\nwritten +5\n(.*\n)+pass now +5\n  did not before +5\n`, text.out)
}

func TestRescore_Selection(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3, passporttest.ExpiresAt(time.Now().Add(48*time.Hour))))
	o.must("rescore", "1")
	for want, args := range map[int64][]string{
		0: {"--scored-before", "1h"},
		3: {"--scored-before", "2999-01-01"},
	} {
		r := decode[report](t, o.must(append([]string{"rescore", "1", "--format", "json"}, args...)...))
		assert.Equal(t, want, r.Wallets, args)
		assert.False(t, r.ScoredBefore.IsZero())
	}
	for want, age := range map[int64]string{0: "24h", 3: "72h"} {
		r := decode[report](t, o.must("rescore", "1", "--format", "json", "--expiring-before", age))
		assert.Equal(t, want, r.Wallets, age)
		assert.WithinRange(t, r.ExpiringBefore, time.Now(), time.Now().AddDate(0, 0, 4))
	}
}

func TestRescore_Rate(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(5))
	began := time.Now()
	o.must("rescore", "1", "--rate", "20")
	assert.GreaterOrEqual(t, time.Since(began), 4*time.Second/20)
}

func TestRescore_Checkpoint(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(9))
	file := filepath.Join(t.TempDir(), "rescore.json")
	run := []string{"rescore", "1", "--checkpoint", file, "--format", "json", "--batch", "1", "--scored-before", "2999-01-01"}
	for range 2 { // a complete run leaves no file, so the next one begins again
		assert.Zero(t, decode[report](t, o.must(run...)).Wallets, "none has a score yet")
		assert.NoFileExists(t, file)
		assert.NoFileExists(t, file+".tmp")
	}
	run = run[:len(run)-2]
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var watching sync.WaitGroup
	watching.Go(func() { // until the checkpoint has a wallet
		defer stop()
		for ctx.Err() == nil {
			var kept checkpoint
			if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &kept) == nil && kept.Report.Wallets > 0 {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	ended := o.runWith(ctx, "", append(slices.Clone(run), "--rate", "10", "--checkpoint-every", "0s")...)
	stop()
	watching.Wait()
	assert.Equal(t, exitFailed, ended.code)
	assert.Contains(t, ended.err, "to go on, repeat the command")
	assert.Empty(t, ended.out)
	kept, err := begin(file, terms{Community: 1})
	require.NoError(t, err)
	require.Positive(t, kept.Report.Wallets)
	require.Less(t, kept.Report.Wallets, int64(9))

	o.refused(exitFailed, "is of another run: that of community 1, not of community 2", "rescore", "2", "--checkpoint", file)
	o.refused(exitFailed, "not of community 1 --scored-before 1h", "rescore", "1", "--checkpoint", file, "--scored-before", "1h")
	o.refused(exitFailed, "not of community 1 --leave-unchanged 1h0m0s", "rescore", "1", "--checkpoint", file, "--leave-unchanged", "1h")
	resumed := o.run(append(run, "--rate", "1000")...)
	assert.Contains(t, resumed.err, "going on after "+string(kept.After))
	r := decode[report](t, resumed.out)
	assert.Equal(t, []int64{9, 9, 2}, []int64{r.Wallets, r.Written, int64(r.Runs)})

	for name, text := range map[string]string{
		"empty": "", "no JSON": "{", "another file": `{"a": 1}`, "another version": `{"version": 2}`,
		"an address": `{"version": 1, "terms": {"community": 1}, "after": "0x1", "runs": 1, "report": {"failed_by_kind": {}}}`,
		"a count":    `{"version": 1, "terms": {"community": 1}, "after": "", "runs": 1, "report": {"failed_by_kind": {}, "wallets": 5}}`,
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		o.refused(exitFailed, "is not a checkpoint of this version of the command", "rescore", "1", "--checkpoint", file)
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, text, string(after), name)
	}
	o.refused(exitFailed, "writing the checkpoint: ", "rescore", "1", "--checkpoint", filepath.Join(t.TempDir(), "nowhere", "rescore.json"))
}

// However often a run is killed, each wallet is scored, and none again that the
// checkpoint had.
func TestRescore_Killed(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(*wallets))
	file := filepath.Join(t.TempDir(), "rescore.json")
	pool := o.pool()
	scorings := func(upTo string) (n int) {
		t.Helper()
		require.NoError(t, pool.QueryRow(t.Context(),
			`select count(*) from registry_event where action = 'SCU' and address collate "C" <= $1`, upTo).Scan(&n))
		return n
	}
	before := map[string]int{} // scorings up to an address
	done := int64(0)
	rate := max(300, *wallets/10)
	for range *kills {
		command := o.child(t, file, rate)
		require.NoError(t, command.Start())
		at := done + rand.Int64N(int64(*wallets)/int64(*kills+1)) + 1
		waitFor(t, command, file, at)
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
		kept := read(t, file)
		require.NotEmpty(t, kept.After)
		for upTo, n := range before {
			assert.Equal(t, n, scorings(upTo), "wallets up to %s were scored again", upTo)
		}
		before[string(kept.After)], done = scorings(string(kept.After)), kept.Report.Wallets
		assert.GreaterOrEqual(t, int64(before[string(kept.After)]), done)
	}
	command := o.child(t, file, 1_000_000)
	command.Stdout, command.Stderr = nil, nil
	out, err := command.Output()
	require.NoError(t, err)
	r := decode[report](t, string(out))
	assert.EqualValues(t, *wallets, r.Wallets)
	assert.Equal(t, *kills+1, r.Runs)
	for upTo, n := range before {
		assert.Equal(t, n, scorings(upTo), "wallets up to %s were scored again", upTo)
	}
	assert.Equal(t, *wallets, o.count("select count(distinct address) from registry_event where action = 'SCU'"))
	assert.Equal(t, *wallets, o.count("select count(*) from registry_score where status = 'DONE'"))
	assert.NoFileExists(t, file)
}

// child returns the command as a process.
func (o *operator) child(t *testing.T, file string, rate int) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "rescore", "1", "--checkpoint", file, "--checkpoint-every", "5ms",
		"--batch", "10", "--rate", strconv.Itoa(rate), "--format", "json")
	command.Env = []string{asCommand + "=1"}
	for name, value := range o.environment {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// waitFor waits until the checkpoint has that many wallets. The file must be
// whole at any moment.
func waitFor(t *testing.T, command *exec.Cmd, file string, done int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(file); err == nil && read(t, file).Report.Wallets >= done {
			return
		}
	}
	require.FailNow(t, "it does not come to that", "%v: %d wallets", command.Args, done)
}

func read(t *testing.T, file string) (kept checkpoint) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &kept))
	return kept
}
