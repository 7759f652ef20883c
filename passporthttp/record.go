package passporthttp

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/passporthttp/internal/mask"
	"github.com/passport-sdk/passport-go/store"
)

// report logs the request without anything that could be a secret: no header,
// no query, and the route instead of the path, or the first segment of a path
// that matches no route.
func (h *Handler) report(ctx context.Context, c *call, given answer, unsent error) {
	level := slog.LevelInfo
	switch {
	case given.status == http.StatusInternalServerError:
		level = slog.LevelError
	case given.status == http.StatusServiceUnavailable && c.Context().Err() == nil: // the caller is still there
		level = slog.LevelWarn
	}
	facts := append([]slog.Attr{
		slog.String("request_id", c.id), slog.String("method", methodOf(c)), slog.String("route", c.route()),
		slog.Int("status", given.status), slog.Int("bytes", len(given.text)),
		logattr.Duration(time.Since(c.began)), slog.String("remote", c.RemoteAddr),
	}, c.facts...)
	if c.route() == "" {
		facts = append(facts, slog.String("path", firstSegment(c.URL.Path)))
	}
	if given.err != nil {
		facts = append(facts, logattr.Error(given.err))
	}
	if unsent != nil {
		facts = append(facts, slog.Any("unsent", unsent))
	}
	h.logger.LogAttrs(ctx, level, "request", facts...)
}

// likeSegment matches segments that can be part of a route. Keys, addresses and
// nullifiers are longer, or have other characters.
var likeSegment = regexp.MustCompile(`^[A-Za-z0-9_-]{1,24}$`)

func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	if segment != "" && !likeSegment.MatchString(segment) {
		segment = mask.Text
	}
	return "/" + segment
}

var methods = strings.Fields("GET HEAD POST PUT PATCH DELETE OPTIONS")

// methodOf returns the method, or "other": a request can have any text there.
func methodOf(c *call) string {
	if slices.Contains(methods, c.Method) {
		return c.Method
	}
	return "other"
}

// The bounds of a usage. The service has indexes on some columns, which hold
// less than 2,700 bytes, and the queue of usages must not fill the memory.
const (
	maxIndexed = 1900
	maxKept    = 8 << 10 // of headers, and of a response
)

// record adds the call of a key to the usage log, if there is one.
func (h *Handler) record(c *call, given answer) {
	if h.usage == nil || c.key == nil {
		return
	}
	m := mask.New(presented(c.Request))
	path := m.Path(c.URL.Path)
	usage := store.Usage{
		KeyID:           c.key.ID,
		At:              c.began.UTC(),
		Path:            cut(path, store.MaxPath),
		BasePath:        "/v2/stamps",
		Segments:        bounded(strings.Split(strings.Trim(path, "/"), "/"), maxIndexed, `[]`),
		Query:           bounded(m.Values(c.URL.Query(), isCursor), maxIndexed, `{}`),
		Headers:         bounded(m.Values(c.Header, isCursor), maxKept, `{}`),
		Status:          given.status,
		Error:           cut(m.Hide(given.sentence), store.MaxUsageError),
		ResponseSkipped: true,
	}
	switch {
	case given.private && given.sentence != "":
		usage.Error = http.StatusText(given.status)
	case !given.private && len(given.text) <= maxKept && !m.Exposes(string(given.text)):
		usage.Response, usage.ResponseSkipped = given.text, false
	}
	h.usage.Record(usage)
}

// isCursor reports whether a parameter is the cursor of a listing.
func isCursor(name, text string) bool {
	return name == "token" && likeToken.MatchString(text)
}

// bounded marshals the value, or returns the other document if it is too long.
func bounded(value any, most int, otherwise string) []byte {
	document, err := json.Marshal(value)
	if err != nil || len(document) > most {
		return []byte(otherwise)
	}
	return document
}

// cut returns at most that many characters of the text, without those that
// Postgres cannot hold.
func cut(text string, most int) string {
	characters := []rune(mask.Clean(text))
	return string(characters[:min(most, len(characters))])
}
