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

func TestScore_Linked(t *testing.T) {
	o := newOperator(t).withCommunity()
	alice, bob, carol := passporttest.Address("alice"), passporttest.Address("bob"), passporttest.Address("carol")
	var dump strings.Builder
	for _, stamp := range []struct{ address, provider, account string }{{alice, "Google", "1"}, {bob, "Github", "2"}, {bob, "Google", "1"}} {
		signed, err := o.issuer.Issue(stamp.address, stamp.provider, stamp.account)
		require.NoError(t, err)
		dump.Write(signed)
	}
	require.Equal(t, exitDone, o.runWith(t.Context(), dump.String(), "import", "-").code)
	o.environment[linkedWallets] = o.file("linked.json", `[{"id": "<b>\u001b", "wallets": ["`+alice+`", "`+bob+`", "`+carol+`"]}]`)

	text := o.must("score", "1", alice)
	for _, want := range []string{
		alice + " passes in community 1: a score of 2.5, and 1.00000 are needed\n\n" +
			"Its group <b>\uFFFD has 3 wallets, and passes with a score of 2.5.\n" +
			"The score is that of " + alice + ": it was the first of the group to be scored.\n\nMERGED ",
		"Github       1  2100-01-01  " + bob + "\n", "Google     1.5  2100-01-01  " + alice + "\n",
		"\n" + alice + ": 1.5 by its own stamps\nSTAMP ", "\n" + bob + ": 1 by its own stamps\nSTAMP ",
		"claimed by " + alice + " of the same group until 2100-01-01\n",
		"\n" + carol + ": 0 by its own stamps\nThe wallet has no stamps.\n\nScored at ",
	} {
		assert.Contains(t, text, want)
	}
	score := decode[explanation](t, o.must("score", "1", bob, "--format", "json"))
	assert.False(t, score.Passing)
	assert.Equal(t, "0", score.Score)
	assert.Empty(t, score.Stamps)
	assert.Equal(t, store.Address(alice), score.Linked.Canonical)
	assert.True(t, score.Linked.Passing)
	assert.Contains(t, score.Linked.Why, "it has been the canonical wallet since ")
	require.Len(t, score.Linked.Stamps, 2)
	assert.Equal(t, store.Address(bob), score.Linked.Stamps[0].Source)
	require.Len(t, score.Linked.Members, 3)
	assert.Equal(t, "1", score.Linked.Members[1].Score)
	assert.Equal(t, "deduplicated", string(score.Linked.Members[1].Stamps[1].Outcome))

	page := o.must("score", "1", bob, "--preview", "--format", "html")
	for _, want := range []string{"does not pass in community 1", "Its group &lt;b&gt;", "<h2>" + carol + ": 0 by", "<p>The wallet has no stamps.</p>", "<td>" + bob + "</td>"} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<b>")
	assert.Equal(t, 3, o.count("select count(*) from registry_score"))

	report := decode[report](t, o.must("rescore", "1", "--format", "json"))
	assert.Equal(t, int64(1), report.Passing, "bob does not pass")
	assert.Equal(t, int64(2), report.Wallets)
	o.refused(exitUsage, "PASSPORT_LINKED_WALLETS: ", "score", "1", alice, "--linked-wallets", "/nowhere")
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
