package passporthttp

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// report logs the request, with nothing that could be a secret: no header, no
// query, and the path as the route that it matched, or else its first segment.
func (h *Handler) report(ctx context.Context, c *call, given answered) {
	level := slog.LevelInfo
	switch {
	case given.status == http.StatusInternalServerError:
		level = slog.LevelError
	case given.status == http.StatusServiceUnavailable && c.Context().Err() == nil: // the caller is still there
		level = slog.LevelWarn
	}
	if !h.logger.Enabled(ctx, level) {
		return
	}
	facts := append([]slog.Attr{
		slog.String("request_id", c.id),
		slog.String("method", methodOf(c)),
		slog.String("route", c.route()),
		slog.Int("status", given.status),
		slog.Int("bytes", len(given.body)),
		slog.Duration("took", time.Since(c.began)),
		slog.String("remote", c.RemoteAddr),
	}, c.facts...)
	if c.route() == "" {
		facts = append(facts, slog.String("path", firstSegment(c.URL.Path)))
	}
	if given.err != nil {
		facts = append(facts, slog.String("kind", string(store.KindOf(given.err))), slog.Any("error", given.err))
	}
	if given.unsent != nil {
		facts = append(facts, slog.Any("unsent", given.unsent))
	}
	h.logger.LogAttrs(ctx, level, "request", facts...)
}

// likeSegment matches the segments that can be part of a route. Keys, addresses
// and nullifiers are longer, or have other characters.
var likeSegment = regexp.MustCompile(`^[A-Za-z0-9_-]{1,24}$`)

// firstSegment returns the first segment of a path that is no route, so that the
// log shows which route is missing.
func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	if segment != "" && !likeSegment.MatchString(segment) {
		segment = mask
	}
	return "/" + segment
}

// methodOf returns the method, if it is one: anything can stand in its place.
func methodOf(c *call) string {
	switch c.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return c.Method
	}
	return "other"
}
