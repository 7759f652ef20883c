package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestImport(t *testing.T) {
	o := newOperator(t).withCommunity()
	dump := o.dump(3)
	text, err := os.ReadFile(dump)
	require.NoError(t, err)
	expired, err := o.issuer.Issue(passporttest.Address("late"), "Google", "late", passporttest.ExpiresAt(time.Unix(0, 0)))
	require.NoError(t, err)
	mixed := string(text) + "{}\n" + string(expired) + "\n"

	preview := o.runWith(t.Context(), mixed, "import", "-", "--preview")
	assert.Equal(t, exitDone, preview.code)
	assert.Equal(t, "items 5\nwould be stored 3\nsuperseded 0\nrefused: expired 1\nrefused: malformed 1\n",
		regexp.MustCompile(` +`).ReplaceAllString(preview.out, " "))
	assert.Contains(t, preview.err, "line 4, item 4: malformed: ")
	assert.Contains(t, preview.err, "line 5, item 5: expired: ")
	assert.Zero(t, o.count("select count(*) from ceramic_cache_ceramiccache"))

	o.must("import", dump)
	assert.Equal(t, 3, o.count("select count(*) from ceramic_cache_ceramiccache where deleted_at is null"))
	again := decode[importReport](t, o.must("import", dump, "--format", "json"))
	assert.Equal(t, 3, again.Superseded)
	assert.Zero(t, again.Stored)

	o.refused(exitFailed, "no such file", "import", dump+"x")
	broken := o.runWith(t.Context(), string(text)+"[", "import", "-")
	assert.Equal(t, exitFailed, broken.code)
	assert.Contains(t, broken.err, "unexpected EOF")
}

func TestImport_Refusals(t *testing.T) {
	o := newOperator(t)
	many := o.runWith(t.Context(), strings.Repeat("{}\n", 100), "import", "-", "--format", "json")
	assert.Equal(t, 20, strings.Count(many.err, "malformed"))
	assert.Contains(t, many.err, "further refusals are counted only")
	assert.Equal(t, 100, decode[importReport](t, many.out).Refused["malformed"])
}

func TestScore(t *testing.T) {
	o := newOperator(t).withCommunity()
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	var dump strings.Builder
	for _, stamp := range []struct{ address, provider, account string }{
		{alice, "Google", "1"}, {alice, "<b>\x1b[31m", "2"}, {bob, "Google", "1"},
	} {
		signed, err := o.issuer.Issue(stamp.address, stamp.provider, stamp.account)
		require.NoError(t, err)
		dump.Write(signed)
	}
	require.Equal(t, exitDone, o.runWith(t.Context(), dump.String(), "import", "-").code)

	page := filepath.Join(t.TempDir(), "score.html")
	assert.Empty(t, o.must("score", "1", alice, "--preview", "--format", "html", "-o", page))
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, want := range []string{"passes in community 1", "&lt;b&gt;", "nothing was recorded", `class="counted"`, "prefers-color-scheme: dark"} {
		assert.Contains(t, string(html), want)
	}
	for _, never := range []string{"<b>", "<script", "http://", "https://", "src=", "@import", "v0:"} {
		assert.NotContains(t, string(html), never)
	}
	assert.Zero(t, o.count("select count(*) from registry_score"), "a preview")

	text := o.must("score", "1", alice)
	assert.Contains(t, text, alice+" passes in community 1: a score of 1.5, and 1.00000 are needed\n")
	assert.Regexp(t, `(?m)^Google +counted +1\.5  2100-01-01$`, text)
	assert.NotContains(t, text, "\x1b")
	assert.Equal(t, 1, o.count("select count(*) from registry_score"))
	score := decode[explanation](t, o.must("score", "1", "0x"+strings.ToUpper(bob[2:]), "--format", "json"))
	assert.False(t, score.Passing)
	assert.Equal(t, store.Address(bob), score.Address)
	require.Len(t, score.Stamps, 1)
	assert.Equal(t, "deduplicated", string(score.Stamps[0].Outcome))
	assert.Equal(t, 2100, score.Stamps[0].ClaimedUntil.Year())
	assert.Contains(t, o.must("score", "1", passporttest.Address("nobody")), "The wallet has no stamps.\n")
}

// The server is that of examples/server, whose tests cover it.
func TestServe(t *testing.T) {
	o := &operator{t: t, environment: map[string]string{"PASSPORT_ADDR": "nowhere"}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		getenv := func(name string) string { return o.environment[name] }
		ended <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0"}, getenv, nil, writer, io.Discard)
		_ = writer.Close()
	}()
	var listening, invitation string
	_, err := fmt.Fscanf(reader, "listening on %s\n", &listening)
	require.NoError(t, err)
	rest := make([]byte, 1<<10)
	for !strings.HasSuffix(invitation, "\n") || !strings.Contains(invitation, "curl") {
		n, err := reader.Read(rest)
		require.NoError(t, err)
		invitation += string(rest[:n])
	}
	parts := regexp.MustCompile(`X-API-Key: (\S+)' (http://\S+)\n`).FindStringSubmatch(invitation)
	require.NotNil(t, parts, invitation)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, parts[2], nil)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", parts[1])
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	stop()
	assert.Equal(t, exitDone, <-ended)
}
