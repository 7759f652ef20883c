package passporthttp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// call is a request that is being answered.
type call struct {
	*http.Request

	began time.Time
	id    string
	to    http.ResponseWriter
	reply http.Header // the headers of the answer
	key   *store.Key  // nil until it has been checked
	// community is the one that the path names, 0 if the account of the key has
	// none; nil until it has been looked for.
	community *int64
	facts     []slog.Attr // for the log
}

const requestID = "X-Request-ID"

// saneID matches the request ids that can be copied into a log and a header. A
// key that was sent in the wrong header has a dot, and does not match.
var saneID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{Request: r, began: time.Now(), id: r.Header.Get(requestID), to: w, reply: w.Header()}
	if !saneID.MatchString(c.id) {
		c.id = rand.Text()
	}
	c.reply.Set(requestID, c.id)
	c.reply.Set("Cache-Control", "no-store")
	c.reply.Set("X-Content-Type-Options", "nosniff")
	return c
}

// route returns the pattern that the path has matched, "" if none.
func (c *call) route() string {
	if i := strings.IndexByte(c.Pattern, '/'); i >= 0 && c.Pattern[i:] != "/" {
		return c.Pattern[i:]
	}
	return ""
}

// write sends the answer.
func (c *call) write(a answer) error {
	if a.text == nil {
		c.to.WriteHeader(a.status)
		return nil
	}
	c.reply.Set("Content-Type", "application/json")
	c.reply.Set("Content-Length", strconv.Itoa(len(a.text)))
	c.to.WriteHeader(a.status)
	_, err := c.to.Write(a.text) // net/http sends no body to HEAD
	return err
}

// parameter returns the last value of a query parameter, as the service does.
func parameter(u *url.URL, name string) (value string, given bool) {
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		if key, text, _ := strings.Cut(pair, "="); unescaped(key) == name {
			value, given = unescaped(text), true
		}
	}
	return value, given
}

// unescaped returns a badly escaped text unchanged, as the service does.
// [url.URL.Query] would drop the parameter.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

var likeInteger = regexp.MustCompile(`^([+-]?)0*([0-9]+)$`)

// integer returns the integer in the service's form: without leading zeros, and
// with a sign only if it is below 0.
func integer(text string) (string, bool) {
	parts := likeInteger.FindStringSubmatch(text)
	switch {
	case parts == nil:
		return "", false
	case parts[1] == "-" && parts[2] != "0":
		return "-" + parts[2], true
	}
	return parts[2], true
}

// boolean reads a boolean in any of the service's forms.
func boolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "1", "on", "t", "true", "y", "yes":
		return true, true
	case "0", "off", "f", "false", "n", "no":
		return false, true
	}
	return false, false
}

// answer is the result of an endpoint.
type answer struct {
	status   int
	body     any    // nil for none, or for one that is encoded already
	text     []byte // the encoded body
	sentence string // of a refusal
	private  bool   // the body has parts of credentials, and is not recorded
	err      error  // the cause, which is only logged
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func refuse(status int, sentence string) answer {
	return answer{status: status, body: scoreapi.Refusal{Detail: sentence}, sentence: sentence}
}

func unprocessable(problem, message string, where ...string) answer {
	body := scoreapi.Unprocessable{Detail: []scoreapi.Problem{{Type: problem, Place: where, Message: message}}}
	return answer{status: http.StatusUnprocessableEntity, body: body}
}

func notAnInteger(where ...string) answer {
	const message = "Input should be a valid integer, unable to parse string as an integer"
	return unprocessable("int_parsing", message, where...)
}

// temporary are the kinds of errors after which the same request may succeed.
var temporary = []store.Kind{
	store.KindUnavailable, store.KindConflict, store.KindUnknownOutcome, store.KindDeadline, store.KindCanceled,
}

// failed answers an error that is not the caller's fault.
func failed(err error) answer {
	if slices.Contains(temporary, store.KindOf(err)) {
		return unavailable(err)
	}
	a := refuse(http.StatusInternalServerError, "Internal server error.")
	a.err = err
	return a
}

func unavailable(err error) answer {
	a := refuse(http.StatusServiceUnavailable, "Service unavailable, try again.")
	a.err = err
	return a
}

// contain calls the endpoint. A panic becomes an answer like any other.
func contain(ctx context.Context, c *call, e endpoint) (given answer) {
	defer func() {
		if thrown := recover(); thrown != nil {
			given = encode(failed(fmt.Errorf("panic: %v\n%s", thrown, debug.Stack())))
		}
	}()
	given = encode(e(ctx, c))
	if given.status == http.StatusServiceUnavailable {
		c.reply.Set("Retry-After", "1")
	}
	return given
}

func encode(a answer) answer {
	if a.body == nil {
		return a
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a.body); err != nil {
		return encode(failed(fmt.Errorf("writing the answer: %w", err)))
	}
	a.text = bytes.TrimRight(text.Bytes(), "\n")
	return a
}
