package passporthttp

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// call is a request on its way to an answer.
type call struct {
	*http.Request

	began time.Time
	id    string
	to    http.ResponseWriter
	reply http.Header // the headers of the answer
	// key is the row of the API key that it came with, once that has been
	// checked.
	key *store.Key
	// facts are what the log is told beside the usual.
	facts []slog.Attr
}

const requestID = "X-Request-ID"

func newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{Request: r, began: time.Now(), id: r.Header.Get(requestID), to: w, reply: w.Header()}
	if !saneID(c.id) {
		c.id = rand.Text()
	}
	c.reply.Set(requestID, c.id)
	c.reply.Set("Cache-Control", "no-store")
	c.reply.Set("X-Content-Type-Options", "nosniff")
	return c
}

// saneID tells whether the id that a caller gives its request can be taken over
// into a log and a header. It has no dot: every API key has one, and the wrong
// header is soon filled in.
func saneID(id string) bool {
	const most = 64
	return id != "" && len(id) <= most && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// learn adds to what the log is told.
func (c *call) learn(facts ...slog.Attr) { c.facts = append(c.facts, facts...) }

// route is the pattern that the path has matched, "" if none.
func (c *call) route() string {
	_, path, found := strings.Cut(c.Pattern, " ")
	if !found {
		path = c.Pattern
	}
	if path == "/" {
		return ""
	}
	return path
}

// write sends the answer.
func (c *call) write(a answered) error {
	if a.body != nil {
		c.reply.Set("Content-Type", "application/json")
		c.reply.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	c.to.WriteHeader(a.status)
	if a.body == nil {
		return nil
	}
	_, err := c.to.Write(a.body) // to HEAD net/http sends no body
	return err
}
