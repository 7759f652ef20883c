package passporthttp_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

// The long run is: go test ./passporthttp -run Hostile -args -hostile 10000.
var (
	hostileRequests = flag.Int("hostile", 300, "how many hostile requests TestHostileRequests sends")
	hostileSeed     = flag.Uint64("hostile-seed", 0, "the seed of TestHostileRequests; 0: another one each time")
)

// slowHash is the row of a key that is still hashed with PBKDF2, so that
// guesses cost time.
const slowHash = "pbkdf2_sha256$1000$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM="

// Hostile requests over bad connections get documented statuses only. They
// cause no panic, leave no goroutine behind, and no secret in the log or in a
// row.
func TestHostileRequests(t *testing.T) {
	seed := *hostileSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-hostile-seed %d", seed)
	leaked := goleak.IgnoreCurrent()
	var complaints logged // of the server itself
	previous := log.Writer()
	log.SetOutput(&complaints)
	defer log.SetOutput(previous)

	db := &kept{}
	log, err := usage.New(db, usage.WithCapacity(min(*hostileRequests+1, 100_000)))
	require.NoError(t, err)
	s := newSiteBeside(t, log.Run, passporthttp.WithUsage(log), passporthttp.WithCORS("https://app.example.org"))
	s.relimit(s.reader[:8], "")
	require.NoError(t, s.db.AddKey(t.Context(), store.Key{ID: "Gh4kLm2p." + slowHash, Prefix: "Gh4kLm2p", Hash: slowHash, Account: 1, ReadScores: true}))
	a := &attack{s: s, addr: strings.TrimPrefix(s.url, "http://"), statuses: map[int]int{}}

	const workers = 8
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range (*hostileRequests + workers - 1) / workers {
				a.send(t, random)
			}
		})
	}
	running.Wait()
	require.Positive(t, a.answered, "nothing was answered at all")
	t.Logf("%d answered, %d cut off; by status: %v", a.answered, a.cut, a.statuses)

	assert.Equal(t, http.StatusOK, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status, "it goes on")
	require.NoError(t, s.shutDown())
	assert.Zero(t, log.Dropped(), "a usage that no row can hold")
	require.NotEmpty(t, db.usages)
	for name, text := range map[string]string{"log": s.log.String(), "complaints": complaints.String(), "rows": plain(db.usages)} {
		assert.NotContains(t, text, "panic", name)
		for _, key := range []string{s.reader, s.historian, s.submitter, s.everything} {
			assert.NotContains(t, text, key[9:], name)
		}
		assert.NotContains(t, text, "hush", name)
	}
	goleak.VerifyNone(t, leaked)
}

// attack sends hostile requests.
type attack struct {
	s    *site
	addr string

	mu            sync.Mutex
	answered, cut int
	statuses      map[int]int
}

// send sends one hostile request and checks the answers.
func (a *attack) send(t *testing.T, random *rand.Rand) {
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", a.addr)
	if !assert.NoError(t, err) {
		return
	}
	defer connection.Close()
	assert.NoError(t, connection.SetDeadline(time.Now().Add(30*time.Second)))
	text := a.request(random)
	method, _, _ := strings.Cut(text, " ")
	wait := a.deliver(random, connection, text)
	var answers []response
	if wait {
		answers = read(connection, method)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(answers) == 0 {
		a.cut++
	}
	for _, answer := range answers {
		a.answered++
		a.statuses[answer.status]++
		a.check(t, method, text, answer)
	}
}

// deliver writes the request in some bad way, and reports whether to wait for
// an answer.
func (*attack) deliver(random *rand.Rand, connection net.Conn, text string) (wait bool) {
	put := func(part string) { _, _ = io.WriteString(connection, part) } // it may have been closed already
	tcp, _ := connection.(*net.TCPConn)
	switch random.IntN(10) {
	case 0: // cut off, somewhere
		put(text[:random.IntN(len(text)+1)])
		return false
	case 1: // reset
		put(text[:random.IntN(len(text)+1)])
		_ = tcp.SetLinger(0)
		return false
	case 2: // slowly, then no more
		for _, b := range []byte(text[:min(len(text), 20)]) {
			put(string(b))
			time.Sleep(time.Millisecond)
		}
		return false
	case 3: // slowly
		for len(text) > 0 {
			n := min(len(text), 1+len(text)/8)
			put(text[:n])
			text = text[n:]
			time.Sleep(time.Millisecond)
		}
	case 4: // twice at once
		put(text + text)
	default:
		put(text)
	}
	_ = tcp.CloseWrite() // nothing more comes, so what is not whole is not waited for
	return true
}

// read reads answers until the server closes the connection.
func read(connection net.Conn, method string) (answers []response) {
	from := bufio.NewReader(connection)
	for {
		answer, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil {
			return answers
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return answers // cut off in the middle
		}
		if answer.StatusCode != http.StatusContinue {
			answers = append(answers, response{answer.StatusCode, answer.Header, string(body)})
		}
	}
}

// check demands a documented status: of the contract, or of net/http.
func (*attack) check(t *testing.T, method, text string, answer response) {
	if answer.header.Get("X-Request-ID") == "" {
		assert.Contains(t, []int{200, 400, 413, 417, 431, 501, 505}, answer.status, "%.300q: %.100q", text, answer.body)
		if answer.status == http.StatusOK {
			assert.Regexp(t, `^OPTIONS \*`, text, "net/http answers this itself")
		}
		return
	}
	assert.Contains(t, []int{200, 204, 400, 401, 403, 404, 405, 413, 422, 429, 503}, answer.status, "%.300q: %.100q", text, answer.body)
	if answer.status < 400 || method == http.MethodHead {
		return
	}
	var refusal struct{ Detail any }
	assert.NoError(t, json.Unmarshal([]byte(answer.body), &refusal), "%.300q: %.100q", text, answer.body)
	assert.NotEmpty(t, refusal.Detail)
}

// request returns a request, or something similar. Three of four are well
// formed, so that net/http does not refuse them.
func (a *attack) request(random *rand.Rand) string {
	wellFormed := random.IntN(4) > 0
	if !wellFormed && random.IntN(6) == 0 {
		return noise(random, random.IntN(2000)) + "\r\n\r\n"
	}
	method, version, host := pick(random, methods[:9]), "HTTP/1.1", "localhost"
	if !wellFormed {
		method, version, host = pick(random, methods), pick(random, versions), pick(random, hosts)
	}
	var text strings.Builder
	body := a.body(random)
	fmt.Fprintf(&text, "%s %s %s\r\nHost: %s\r\n", method, a.target(random, wellFormed), version, host)
	for range 1 + random.IntN(4) {
		text.WriteString(a.header(random, wellFormed) + "\r\n")
	}
	switch random.IntN(12) {
	case 0:
		fmt.Fprintf(&text, "Content-Length: %s\r\n", pick(random, []string{"-1", "99999999999", "abc", "1e3", "0", "5, 5"}))
	case 1:
		fmt.Fprintf(&text, "Transfer-Encoding: %s\r\n", pick(random, []string{"chunked", "gzip", "chunked, chunked", "identity", "\x0bchunked"}))
		body = pick(random, []string{"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "zz\r\n", "5\r\nhe", ""})
	default:
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(body))
	}
	text.WriteString("\r\n" + body)
	return text.String()
}

var (
	methods  = []string{"GET", "GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "PRI", "get", "G@T", "", "GET\t"}
	versions = []string{"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "HTP/1.1", ""}
	hosts    = []string{"localhost", "localhost", "localhost", "", "a b", "[::1", "evil.example.org:99999", "\xff"}
	pieces   = []string{
		"v2", "v2", "stamps", "stamps", "score", "history", "1", "77", "-1", "99999999999999999999", alice, alice, bob, "0x", "0X" + alice[2:], "health", "ready", "metadata",
		"openapi.json", "..", ".", "", "%2e%2e", "%2F", "%00", "%ff", "%C0%AF", "%20", "%25", "é", ";", "?", "#", "{address}", "*", "'or'1'='1", "<script>",
	}
)

func (a *attack) target(random *rand.Rand, wellFormed bool) string {
	if !wellFormed && random.IntN(2) == 0 {
		return pick(random, []string{
			"*", "", "//", "http://evil.example.org/v2/stamps/" + alice, "evil.example.org:443", "\\", "?", "/?" + noise(random, 20), "%", "/%zz", "/a b",
			"/" + strings.Repeat("x/", random.IntN(20_000)),
		})
	}
	switch random.IntN(10) {
	case 0:
		return "/" + strings.Repeat(pick(random, pieces)+"/", random.IntN(500))
	case 1:
		return strings.Repeat("/"+pick(random, pieces), random.IntN(8))
	case 2, 3:
		return "/v2/stamps/" + pick(random, pieces) + "/score/" + pick(random, pieces)
	case 4:
		moment := pick(random, []string{"2026-01-01", "2027-01-01", "2026-01-01T00:00:00+25:00", "0001-01-01", "99999-01-01", "2026-W01-4T24", "20260101T12,5-0330", "2026-366", "now", "", "%00", "2026-02-30"})
		return "/v2/stamps/1/score/" + pick(random, []string{alice, bob, "0x"}) + "/history?created_at=" + moment
	case 5, 6:
		limit := pick(random, []string{"1", "1000", "0", "1e9", "-5", "", "%31", "%D9%A3"})
		return "/v2/stamps/" + pick(random, []string{alice, bob, "x"}) + "?limit=" + limit + pick(random, []string{"", "&token=o1", "&token=n1", "&token=", "&token=x", "&token=////", "&%zz", "&include_metadata=true", "&include_metadata=%00"})
	case 7:
		return "/v2/stamps/1/score/" + a.s.reader + "?api_key=" + a.s.reader + "&password=hush"
	}
	return "/v2/stamps/" + bob + "?access_token=hush"
}

func (a *attack) header(random *rand.Rand, wellFormed bool) string {
	if !wellFormed && random.IntN(3) == 0 {
		return pick(random, []string{
			"no colon", ": empty", "X\x00Y: z", " folded", "X-A: a\x00b", "Content-Length: 3", "Host: twice", "Expect: much",
			"X-Huge: " + strings.Repeat("x", random.IntN(60_000)), "X-Noise: " + noise(random, 40),
		})
	}
	key := pick(random, []string{
		a.s.reader, a.s.historian, a.s.submitter, a.s.everything, a.s.everything, a.s.everything, a.s.nobody, a.s.reader + "x", a.s.reader[:8] + ".", ".", "", "Gh4kLm2p." + noise(random, 8), "Gh4kLm2p.guess", "\xff\xfe.x",
		strings.Repeat("k", 300) + ".x", "a b", "no.such",
	})
	switch random.IntN(9) {
	case 0, 1, 2, 3, 4:
		return "X-API-Key: " + key
	case 5:
		return "Authorization: " + pick(random, []string{"Api-Key ", "", "Bearer ", "a b c "}) + key
	case 6:
		return pick(random, []string{"Cookie: session=hush", "X-Secret: hush", "X-Session-Token: hush", "Proxy-Authorization: hush"})
	case 7:
		return "X-Request-ID: " + pick(random, []string{a.s.reader, "ok", "é", "{\"a\":1}"})
	}
	return pick(random, []string{
		"Expect: 100-continue", "Connection: close", "Connection: upgrade", "Upgrade: h2c", "Range: bytes=0-", "Origin: https://app.example.org",
		"Content-Type: text/xml", "Accept-Encoding: br", "X-Large: " + strings.Repeat("x", random.IntN(10_000)),
	})
}

func (a *attack) body(random *rand.Rand) string {
	switch random.IntN(12) {
	case 0:
		return `{"credentials": [` + string(a.s.signed(bob, "Google")) + `]}`
	case 1:
		return `{"credentials": [` + strings.Repeat(`{},`, random.IntN(200)) + `{}]}`
	case 2:
		return strings.Repeat("[", random.IntN(20_000))
	case 3:
		return `{"credentials": ["` + strings.Repeat("x", 1<<20) + `"]}`
	case 4:
		return noise(random, random.IntN(500))
	}
	return ""
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }

// noise is any bytes but the end of a line.
func noise(random *rand.Rand, length int) string {
	text := make([]byte, length)
	for i := range text {
		for text[i] = '\n'; text[i] == '\n' || text[i] == '\r'; {
			text[i] = byte(random.UintN(256))
		}
	}
	return string(text)
}

// FuzzHandler: the handler answers any request of a connection with a
// documented status.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{
		"GET /v2/stamps/1/score/" + alice + " HTTP/1.1\r\nHost: x\r\nX-API-Key: KEY\r\n\r\n",
		"GET /v2/stamps/77/score/" + alice + "/history?created_at=2026-01-01T00:00:00Z HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key KEY\r\n\r\n",
		"GET /v2/stamps/" + alice + "?limit=1&token=o1 HTTP/1.0\r\nX-API-Key: KEY\r\n\r\n",
		"POST /v2/stamps/" + alice + " HTTP/1.1\r\nHost: x\r\nX-API-Key: KEY\r\nContent-Length: 19\r\n\r\n{\"credentials\":[{}]}",
		"OPTIONS /health HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example.org\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET //..%2f%00 HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	s := newSite(f, passporthttp.WithCORS("https://app.example.org"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ReplaceAll(text, []byte("KEY"), []byte(s.everything))
		asked, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return // net/http refuses it
		}
		asked.RemoteAddr = "192.0.2.1:1"
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, asked)
		require.NotEmpty(t, answer.Header().Get("X-Request-ID"))
		(*attack)(nil).check(t, asked.Method, string(text), response{answer.Code, answer.Header(), answer.Body.String()})
	})
}
