package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/page/pagetest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// alteration changes an answer, for which it may return another status.
type alteration func(answer map[string]any) (status int)

// edit is an alteration of the body alone.
func edit(change func(answer map[string]any)) alteration {
	return func(answer map[string]any) int {
		change(answer)
		return http.StatusOK
	}
}

func googleOf(answer map[string]any) map[string]any {
	return answer["stamps"].(map[string]any)["Google"].(map[string]any)
}

// faults are ten kinds of wrong answers, by the field in which they show.
var faults = map[shadow.Field]alteration{
	shadow.FieldStatus:    func(map[string]any) int { return http.StatusBadRequest },
	shadow.FieldBody:      edit(func(a map[string]any) { delete(a, "score") }),
	shadow.FieldError:     edit(func(a map[string]any) { a["error"] = "invalid weights" }),
	shadow.FieldPassing:   edit(func(a map[string]any) { a["passing_score"] = false }),
	shadow.FieldScore:     edit(func(a map[string]any) { a["score"] = "7.00002" }),
	shadow.FieldThreshold: edit(func(a map[string]any) { a["threshold"] = "20.00000" }),
	shadow.FieldExpiry:    edit(func(a map[string]any) { a["expiration_timestamp"] = "2027-01-01T00:00:00Z" }),
	shadow.FieldCanonical: edit(func(a map[string]any) {
		a["linked_score"] = map[string]any{"address": passporttest.Address("other"), "score": "1", "passing_score": true}
	}),
	shadow.FieldStamp:      edit(func(a map[string]any) { delete(a["stamps"].(map[string]any), "Google") }),
	shadow.FieldStampDedup: edit(func(a map[string]any) { googleOf(a)["dedup"] = true }),
}

// primary serves the operator's database by package passporthttp, with an
// alteration for some wallets. It returns the URL, and sets the key.
func (o *operator) primary(alter func(address string) alteration) string {
	o.t.Helper()
	o.environment[primaryKey] = strings.TrimSpace(o.must("key", "create", "--community", "1", "--read-scores", "--unlimited"))
	db := pgstore.New(o.pool())
	keys, err := apikey.New(db)
	require.NoError(o.t, err)
	handler, err := passporthttp.New(o.engine(), db, passporthttp.WithKeys(keys))
	require.NoError(o.t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change := alter(path.Base(r.URL.Path))
		if change == nil {
			handler.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		handler.ServeHTTP(recorded, r)
		var answer map[string]any
		decoder := json.NewDecoder(recorded.Body)
		decoder.UseNumber()
		assert.NoError(o.t, decoder.Decode(&answer))
		status := change(answer)
		body, err := json.Marshal(answer)
		assert.NoError(o.t, err)
		maps.Copy(w.Header(), recorded.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	o.t.Cleanup(server.Close)
	return server.URL
}

func unaltered(string) alteration { return nil }

func TestShadow(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(30))
	run := []string{"shadow", "1", "--primary", o.primary(unaltered), "--format", "json", "--fail-on-real"}
	v := decode[shadow.Verdict](t, o.must(append(run, "--records", "--workers", "4", "--fail-above", "0.1")...))
	assert.Equal(t, [4]uint64{30, 30, 60, 0}, [4]uint64{v.Compared, v.Agreed, v.Records, v.Failed})
	assert.Equal(t, shadow.Flow{Both: 30}, v.Flow)
	assert.Equal(t, 30, o.count("select count(*) from registry_event where action = 'SCU'"), "the primary's own")

	few := o.run(append(run, "--fail-above", "0.01")...)
	assert.Equal(t, exitFound, few.code)
	assert.Contains(t, few.err, "too few comparisons, or too many differences: 0 real differences in 30 settled")
	assert.Equal(t, 60, o.count("select count(*) from registry_event where action = 'SCU'"))
	assert.NotContains(t, few.err+few.out, o.environment[primaryKey])
}

// Exactly the faults of the primary are reported, in all forms.
func TestShadow_Faults(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(100))
	faulty, next := map[string]shadow.Field{}, 3
	for field := range faults {
		faulty[passporttest.Address(fmt.Sprint("wallet ", next))] = field
		next += 9
	}
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	run := []string{"shadow", "1", "--primary", o.primary(func(address string) alteration { return faults[faulty[address]] }), "--samples", "100"}
	found := o.run(append(run, "--fail-on-real", "--workers", "3", "--text", file("a.txt"), "--json", file("a.json"), "--html", file("a.html"))...)
	assert.Equal(t, exitFound, found.code, found.err)
	assert.Contains(t, found.err, "10 real differences in 100 settled comparisons: below ")
	read := func(name string) string {
		text, err := os.ReadFile(file(name))
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, found.out, read("a.txt"))
	v := decode[shadow.Verdict](t, read("a.json"))
	require.Len(t, v.Classes, 1)
	reported := map[string]shadow.Field{}
	for _, sample := range v.Classes[0].Samples {
		require.Len(t, sample.Differences, 1)
		reported[sample.Address] = sample.Differences[0].Field
	}
	assert.Equal(t, faulty, reported)
	pagetest.SelfContained(t, read("a.html"))
	assert.Contains(t, read("a.html"), "<h1>Community 1 beside 127.0.0.1:")
	hidden := o.must(append(run, "--hide-addresses", "--once", "--json", file("a.json"), "--html", file("a.html"))...)
	for _, text := range []string{hidden, read("a.json"), read("a.html")} {
		assert.NotRegexp(t, "0x[0-9a-f]{40}", text)
		assert.Contains(t, text, "unconfirmed")
	}

	excuses := `[{"name": "old", "until": "2999-01-01T00:00:00Z", "field": "threshold", "primary": "20.00000"},
		{"name": "over", "until": "2020-01-01T00:00:00Z", "field": "score"}]`
	v = decode[shadow.Verdict](t, o.must(append(run, "--format", "json", "--exceptions", o.file("excuses", excuses))...))
	assert.Equal(t, [2]uint64{9, 1}, [2]uint64{v.Count(shadow.Real), v.Count(shadow.Excepted)})
	o.refused(exitUsage, "lacks a name", append(run, "--database-url", "postgres://127.0.0.1:1/none", "--exceptions", o.file("excuses", `[{}]`))...)
	o.refused(exitFailed, "no such file", append(run, "--exceptions", "/nowhere")...)
}

func TestShadow_Addresses(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(20))
	url := o.primary(unaltered)
	list := strings.Join(o.listed(), "\n") + "\n\nrubbish\x1b[2J\n"
	partly := o.runWith(t.Context(), list, "shadow", "1", "--primary", url, "--addresses", "-", "--format", "json", "--rate", "1000")
	assert.Equal(t, exitPartly, partly.code)
	assert.Contains(t, partly.err, "rubbish�[2J: ")
	assert.Contains(t, partly.err, "1 of 21 wallets could not be compared")
	v := decode[shadow.Verdict](t, partly.out)
	assert.Equal(t, map[store.Kind]uint64{store.KindInvalid: 1}, v.FailedByKind)
	some := decode[shadow.Verdict](t, o.must("shadow", "1", "--primary", url, "--sample", "0.5", "--format", "json"))
	assert.InDelta(t, 10, some.Compared, 7)
	again := decode[shadow.Verdict](t, o.must("shadow", "1", "--primary", url, "--sample", "0.5", "--format", "json", "--addresses",
		o.file("list", strings.Join(o.listed(), "\n"))))
	assert.Equal(t, some.Compared, again.Compared)
	hidden := o.runWith(t.Context(), list, "shadow", "1", "--primary", url, "--addresses", "-", "--hide-addresses")
	assert.NotContains(t, hidden.err, "rubbish")
}

func TestShadow_Refused(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3))
	url := o.primary(unaltered)
	o.refused(exitFailed, "passport community put", "shadow", "7", "--primary", url)
	o.refused(exitFailed, "community not found", "shadow", "1", "--primary", url, "--scorer", "9")
	key := o.environment[primaryKey]
	o.environment[primaryKey] = "secret-" + key
	o.refused(exitFailed, "The primary takes the API key in PASSPORT_PRIMARY_KEY", "shadow", "1", "--primary", url)
	o.environment[primaryKey] = "secret key\n"
	o.refused(exitUsage, "WithAPIKey", "shadow", "1", "--primary", url)
	delete(o.environment, primaryKey)
	o.refused(exitFailed, "The primary takes the API key in PASSPORT_PRIMARY_KEY", "shadow", "1", "--primary", url)
	o.environment[primaryKey] = key
	o.refused(exitUsage, "WithWorkers", "shadow", "1", "--primary", url, "--workers", "101")
	away := o.run("shadow", "1", "--primary", "http://127.0.0.1:1", "--timeout", "100ms")
	assert.Equal(t, exitPartly, away.code)
	assert.Contains(t, away.err, "3 of 3 wallets could not be compared")
}

// A run that is interrupted goes on after the wallets of its checkpoint.
func TestShadow_Checkpoint(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(30))
	var asked atomic.Int64
	var stop atomic.Pointer[context.CancelFunc]
	url := o.primary(func(address string) alteration {
		if n := asked.Add(1); n == 10 && stop.Load() != nil {
			(*stop.Load())()
		}
		if strings.HasSuffix(address, "0") {
			return faults[shadow.FieldScore]
		}
		return nil
	})
	list := o.file("list", strings.Join(o.listed(), "\n"))
	for name, addresses := range map[string]string{"of the community": "", "of a file": list} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "shadow.json")
			run := []string{"shadow", "1", "--primary", url, "--format", "json", "--addresses", addresses, "--sample", "0.9", "--workers", "3"}
			whole := decode[shadow.Verdict](t, o.must(run...))
			run = append(run, "--checkpoint", file)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			asked.Store(0)
			stop.Store(&cancel)
			ended := o.runWith(ctx, "", run...)
			stop.Store(nil)
			assert.Equal(t, exitFailed, ended.code)
			assert.Contains(t, ended.err, "to go on, repeat the command")
			kept, err := os.ReadFile(file)
			require.NoError(t, err)
			place := decode[watch](t, string(kept))
			assert.Equal(t, uint64(place.Done), place.Verdict.Compared)
			assert.Less(t, place.Verdict.Compared, whole.Compared)

			o.refused(exitFailed, "is of another run", append(run, "--sample", "1")...)
			resumed := o.run(run...)
			assert.Equal(t, exitDone, resumed.code, resumed.err)
			assert.NoFileExists(t, file)
			v := decode[shadow.Verdict](t, resumed.out)
			assert.Equal(t, [2]uint64{whole.Compared, whole.Agreed}, [2]uint64{v.Compared, v.Agreed})
			assert.Equal(t, whole.Classes, v.Classes)
		})
	}
	o.refused(exitFailed, "is not a checkpoint", "shadow", "1", "--primary", url, "--checkpoint", o.file("other.json", "{}"))
	damaged := `{"version": 1, "terms": {"community": 1, "primary": "` + url + `", "sample": 1}, "after": "", "done": 0, "verdict": {"compared": 1}}`
	o.refused(exitUsage, "a verdict that contradicts itself", "shadow", "1", "--primary", url, "--checkpoint", o.file("damaged.json", damaged))
	o.refused(exitFailed, "writing the checkpoint: ", "shadow", "1", "--primary", url, "--checkpoint", filepath.Join(t.TempDir(), "nowhere", "x"))
}

var comparisons = flag.Int("comparisons", 200, "the comparisons of TestShadow_Races")

// While stamps come and go, wallets race for accounts and others are scored by
// the way, no difference is called real, and most records are compared.
func TestShadow_Races(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(20))
	url, wallets := o.primary(unaltered), o.listed()
	var asked strings.Builder
	for i := range *comparisons {
		fmt.Fprintln(&asked, wallets[i*7%len(wallets)])
	}
	ctx, stop := context.WithCancel(t.Context())
	var stirring sync.WaitGroup
	stirring.Go(func() { o.stir(ctx, wallets) })
	run := o.runWith(t.Context(), asked.String(), "shadow", "1", "--primary", url, "--addresses", "-", "--records", "--workers", "4",
		"--fail-on-real", "--format", "json")
	stop()
	stirring.Wait()
	require.Equal(t, exitDone, run.code, run.out+run.err)
	v := decode[shadow.Verdict](t, run.out)
	assert.Equal(t, uint64(*comparisons), v.Compared)
	assert.Greater(t, v.Records, v.Compared)
	for _, class := range v.Classes {
		t.Log(class.Class, class.Count)
	}
}

// stir gives the wallets stamps of accounts that others have too, takes some
// away, and scores, until the context ends.
func (o *operator) stir(ctx context.Context, wallets []string) {
	db, engine := pgstore.New(o.pool()), o.engine()
	for n := 0; ctx.Err() == nil; n++ {
		wallet := wallets[n%len(wallets)]
		signed, err := o.issuer.Issue(wallet, "Github", fmt.Sprint("raced", n/3)) // three wallets race for it
		assert.NoError(o.t, err)
		stamp, err := passport.ReadCredential(signed)
		assert.NoError(o.t, err)
		switch n % 4 {
		case 0:
			_, err = db.DeleteCredentials(ctx, store.Address(wallet), "Github")
		case 1:
			_, err = engine.Score(ctx, 1, wallet)
		default:
			err = db.AddCredentials(ctx, store.Address(wallet), stamp)
		}
		if ctx.Err() == nil {
			assert.NoError(o.t, err)
		}
	}
}
