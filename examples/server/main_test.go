package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/demo"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(built{m}) }

// built builds the program before the tests run.
type built struct{ m *testing.M }

var binary string

func (b built) Run() int {
	folder, err := os.MkdirTemp("", "server")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "server")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	return b.m.Run()
}

// program is a running server.
type program struct {
	*exec.Cmd

	url    string
	log    bytes.Buffer // to be read once it has ended
	output *bufio.Reader
}

// start runs the program with the environment and nothing else, and waits until
// it listens.
func start(t *testing.T, environment ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.CommandContext(context.Background(), binary)}
	p.Env = append([]string{"PASSPORT_ADDR=127.0.0.1:0"}, environment...)
	p.Stderr = &p.log
	output, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	p.output = bufio.NewReader(output)
	first, err := p.output.ReadString('\n')
	require.NoError(t, err, "it ended before it listened")
	p.url = strings.TrimSpace(strings.TrimPrefix(first, "listening on "))
	return p
}

// invitation returns the key and the URL that it prints.
func (p *program) invitation(t *testing.T) (key, url string) {
	t.Helper()
	_, err := p.output.ReadString('\n')
	require.NoError(t, err)
	line, err := p.output.ReadString('\n')
	require.NoError(t, err)
	parts := regexp.MustCompile(`^  curl -H 'X-API-Key: (\S+)' (http://\S+)\n$`).FindStringSubmatch(line)
	require.NotNil(t, parts, line)
	return parts[1], parts[2]
}

// terminate ends it as an operator would, and returns its log.
func (p *program) terminate(t *testing.T) string {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	_, err := io.Copy(io.Discard, p.output)
	require.NoError(t, err)
	require.NoError(t, p.Wait(), "it ends with 0")
	return p.log.String()
}

func get(t *testing.T, url, key string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var body map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
	return response.StatusCode, body
}

func TestServer_Demo(t *testing.T) {
	server := start(t)
	key, url := server.invitation(t)
	status, body := get(t, url, key)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "3.50000", body["score"])
	assert.Equal(t, true, body["passing_score"])
	assert.Nil(t, body["points_data"])
	status, _ = get(t, server.url+"/ready", "")
	assert.Equal(t, http.StatusOK, status)

	log := server.terminate(t)
	assert.Contains(t, log, `"route":"/v2/stamps/{scorer_id}/score/{address}","status":200`)
	assert.NotContains(t, log, strings.Split(key, ".")[1], "a secret in the log")
}

// The key could replace everyone's credentials, so ingestion has to be turned
// on.
func TestServer_Ingestion(t *testing.T) {
	for setting, want := range map[string]int{"": http.StatusMethodNotAllowed, "PASSPORT_INGESTION=on": http.StatusOK} {
		server := start(t, setting)
		key, _ := server.invitation(t)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.url+"/v2/stamps/"+demo.Alice, strings.NewReader(submission(t)))
		require.NoError(t, err)
		request.Header.Set("X-Api-Key", key)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, setting)
		server.terminate(t)
	}
}

func TestServer_MetadataAndLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metadata.json")
	const platforms = `[{"id": "Github", "name": "GitHub", "groups": [{"name": "Account", "stamps": [{"name": "Github"}]}]}]`
	require.NoError(t, os.WriteFile(file, []byte(platforms), 0o600))
	server := start(t, "PASSPORT_METADATA="+file, "PASSPORT_LEFT_OUT=on", "PASSPORT_POINTS_DATA=on")
	key, url := server.invitation(t)
	_, body := get(t, server.url+"/v2/stamps/"+demo.Alice+"?include_metadata=true", key)
	assert.Contains(t, fmt.Sprint(body["items"]), "name:GitHub")
	_, body = get(t, url, key)
	assert.Equal(t, map[string]any{"Ens": map[string]any{"reason": "expired", "expiration_date": "2026-02-01T00:00:00+00:00"}}, body["left_out"])
	assert.NotNil(t, body["points_data"])
	server.terminate(t)
}

// submission returns a request body with Alice's credentials.
func submission(t *testing.T) string {
	t.Helper()
	_, wallets, err := demo.Wallets()
	require.NoError(t, err)
	list, err := json.Marshal(wallets[demo.Alice])
	require.NoError(t, err)
	return `{"credentials": ` + string(list) + `}`
}

func TestServer_PublicURL(t *testing.T) {
	for setting, base := range map[string]string{"": "/v2/stamps/", "PASSPORT_PUBLIC_URL=https://api.example.org/": "https://api.example.org/v2/stamps/"} {
		server := start(t, setting)
		key, _ := server.invitation(t)
		_, body := get(t, server.url+"/v2/stamps/"+demo.Alice+"?limit=1", key)
		assert.Regexp(t, "^"+regexp.QuoteMeta(base+demo.Alice)+`\?`, body["next"], setting)
		server.terminate(t)
	}
}

// A request that never ends delays the end after the first signal. The second
// one ends the program at once.
func TestServer_SecondSignal(t *testing.T) {
	server := start(t, "PASSPORT_INGESTION=on")
	key, _ := server.invitation(t)
	addr := strings.TrimPrefix(server.url, "http://")
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "POST /v2/stamps/%s HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", demo.Alice, key)
	require.NoError(t, err)
	line, err := bufio.NewReader(connection).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line, "it waits for the body")

	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	for err == nil { // until it accepts no more, after the first signal
		var other net.Conn
		if other, err = new(net.Dialer).DialContext(t.Context(), "tcp", addr); err == nil {
			require.NoError(t, other.Close())
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	// A little later the default action of the signal is restored.
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for waiting := true; waiting; {
		select {
		case <-again.C:
			_ = server.Process.Signal(syscall.SIGTERM) // it may have ended
		case <-ended:
			waiting = false
		}
	}
	status, isUnix := server.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, isUnix)
	assert.True(t, status.Signaled() && status.Signal() == syscall.SIGTERM, "%v: it ended together with the request", server.ProcessState)
}

func TestServer_Misconfigured(t *testing.T) {
	for name, c := range map[string]struct {
		environment []string
		want        []string
	}{
		"all of them": {
			[]string{
				"PASSPORT_ADDR=nowhere", "PASSPORT_DATABASE_URL=postgres://u:secret@host:99999999/x", "PASSPORT_TRUSTED_ISSUERS=[\"x\",\"y\"]",
				"PASSPORT_HUMAN_POINTS=yes", "PASSPORT_METAMASK_OG=on", "PASSPORT_RATE_LIMIT=1", "PASSPORT_USAGE=ON", "PASSPORT_INGESTION=1",
				"PASSPORT_MIGRATE=true", "PASSPORT_PUBLIC_URL=user:secret@api.example.org",
			},
			[]string{
				`PASSPORT_ADDR: "nowhere" is not host:port`, "PASSPORT_DATABASE_URL: ", `"x" is not of the form did:`, `"y" is not of the form did:`,
				`PASSPORT_HUMAN_POINTS: "yes" is neither`, "PASSPORT_METAMASK_OG: ", `PASSPORT_RATE_LIMIT: "1"`, `PASSPORT_USAGE: "ON"`, `PASSPORT_INGESTION: "1"`, `PASSPORT_MIGRATE: "true"`,
				"PASSPORT_PUBLIC_URL: a public URL is http or https",
			},
		},
		"no such file":  {[]string{"PASSPORT_METADATA=/nowhere/metadata.json"}, []string{"PASSPORT_METADATA: open /nowhere/metadata.json"}},
		"no metadata":   {[]string{"PASSPORT_METADATA=main.go"}, []string{"WithMetadata: the metadata is not a list of platforms"}},
		"no groups":     {[]string{"PASSPORT_LINKED_WALLETS=/nowhere/linked.json"}, []string{"PASSPORT_LINKED_WALLETS: open /nowhere/linked.json"}},
		"bad groups":    {[]string{"PASSPORT_LINKED_WALLETS=main.go"}, []string{"PASSPORT_LINKED_WALLETS: main.go: misconfigured: a list of groups: at byte 0"}},
		"a port":        {[]string{"PASSPORT_ADDR=127.0.0.1:http"}, []string{`PASSPORT_ADDR: "http" is not the number of a port`}},
		"no JSON":       {[]string{"PASSPORT_TRUSTED_ISSUERS=did:ethr:0x00"}, []string{"PASSPORT_TRUSTED_ISSUERS: it is not a JSON list"}},
		"no issuer":     {[]string{"PASSPORT_TRUSTED_ISSUERS=[]"}, []string{"PASSPORT_TRUSTED_ISSUERS: misconfigured: no trusted issuer"}},
		"nothing to do": {[]string{"PASSPORT_MIGRATE=on"}, []string{"PASSPORT_MIGRATE: there is nothing to migrate"}},
		"in memory":     {[]string{"PASSPORT_SHARED_RATE_LIMITS=on"}, []string{"PASSPORT_SHARED_RATE_LIMITS: it does nothing without PASSPORT_DATABASE_URL"}},
		"no primary":    {[]string{"PASSPORT_REPLICA_URL=postgres://127.0.0.1:1/x"}, []string{"PASSPORT_REPLICA_URL: there is nothing to follow"}},
		"no replica":    {[]string{"PASSPORT_REPLICA_LOADS=on"}, []string{"PASSPORT_REPLICA_LOADS: it does nothing without"}},
		"no issuer set": {[]string{"PASSPORT_DATABASE_URL=postgres://127.0.0.1:1/x"}, []string{"PASSPORT_TRUSTED_ISSUERS: no credential would ever count"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), binary)
			command.Env = c.environment
			output, err := command.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, 2, exit.ExitCode())
			for _, problem := range c.want {
				assert.Contains(t, string(output), problem)
			}
			assert.NotContains(t, string(output), "secret")
		})
	}
}

const anIssuer = `PASSPORT_TRUSTED_ISSUERS=["did:ethr:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91"]`

func TestServer_MissingTables(t *testing.T) {
	command := exec.CommandContext(t.Context(), binary)
	command.Env = []string{"PASSPORT_ADDR=127.0.0.1:0", "PASSPORT_DATABASE_URL=" + pgtest.NewEmpty(t), anIssuer}
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 1, exit.ExitCode())
	for _, table := range []string{"registry_score", "account_accountapikey", "ceramic_cache_ceramiccache"} {
		assert.Contains(t, string(output), "table "+table+" is missing")
	}
	assert.NotContains(t, string(output), "listening")
}

// Servers on one database share the counts, in a table that only they need.
func TestServer_SharedRateLimits(t *testing.T) {
	database := []string{"PASSPORT_DATABASE_URL=" + pgtest.New(t), anIssuer, "PASSPORT_SHARED_RATE_LIMITS=on"}
	command := exec.CommandContext(t.Context(), binary)
	command.Env = database
	output, err := command.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "PASSPORT_MIGRATE")

	pool, err := pgstore.OpenPool(t.Context(), strings.TrimPrefix(database[0], "PASSPORT_DATABASE_URL="))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db := pgstore.New(pool)
	account, err := db.PutAccount(t.Context(), "host")
	require.NoError(t, err)
	keys, err := apikey.New(db)
	require.NoError(t, err)
	secret, _, err := keys.Create(t.Context(), apikey.KeyParams{Account: account, ReadScores: true, RateLimit: "5/366d"})
	require.NoError(t, err)

	passed := 0
	servers := []*program{start(t, append(database, "PASSPORT_MIGRATE=on")...), start(t, database...)}
	for n := range 12 {
		status, _ := get(t, servers[n%2].url+"/v2/stamps/7/score/"+demo.Alice, secret)
		if status != http.StatusTooManyRequests {
			assert.Equal(t, http.StatusNotFound, status, "there is no community")
			passed++
		}
	}
	assert.Equal(t, 5, passed)
	for _, server := range servers {
		status, _ := get(t, server.url+"/ready", "")
		assert.Equal(t, http.StatusOK, status)
		server.terminate(t)
	}
}

func TestServer_FreshDatabase(t *testing.T) {
	url := pgtest.NewEmpty(t)
	server := start(t, "PASSPORT_DATABASE_URL="+url, anIssuer,
		"PASSPORT_REPLICA_URL=postgres://u:p@127.0.0.1:1/away", "PASSPORT_REPLICA_LOADS=on", // which does no harm
		"PASSPORT_MIGRATE=on", "PASSPORT_USAGE=on", "PASSPORT_HUMAN_POINTS=on", "PASSPORT_METAMASK_OG=on", "PASSPORT_POINTS_DATA=on", "PASSPORT_RATE_LIMIT=off")
	pool, err := pgstore.OpenPool(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db := pgstore.New(pool)
	account, err := db.PutAccount(t.Context(), "host")
	require.NoError(t, err)
	require.NoError(t, db.PutCommunity(t.Context(), store.Community{
		ID: 7, Account: account, Name: "Seven", Threshold: "1", Weights: []byte(`{"Google": 1}`),
	}))
	keys, err := apikey.New(db)
	require.NoError(t, err)
	secret, _, err := keys.Create(t.Context(), apikey.KeyParams{Account: account, ReadScores: true})
	require.NoError(t, err)

	status, body := get(t, server.url+"/v2/stamps/7/score/"+demo.Alice, secret)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "0.00000", body["score"])
	assert.NotNil(t, body["points_data"])
	status, _ = get(t, server.url+"/ready", "")
	assert.Equal(t, http.StatusOK, status)

	assert.NotContains(t, server.terminate(t), strings.Split(secret, ".")[1])
	var calls int
	require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from account_accountapikeyanalytics where status_code = 200").Scan(&calls))
	assert.Equal(t, 1, calls, "written before it ended")
}
