package passporthttp

import (
	"regexp"
	"slices"
	"strings"
)

var likeOrigin = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// isOrigin tells whether a browser would spell an origin like this: they are
// compared letter by letter. It leaves a scheme's own port out.
func isOrigin(text string) bool {
	ownPort := strings.HasPrefix(text, "http:") && strings.HasSuffix(text, ":80") ||
		strings.HasPrefix(text, "https:") && strings.HasSuffix(text, ":443")
	return likeOrigin.MatchString(text) && !ownPort
}

// allowOrigin lets a page of an allowed origin read the answer.
func (h *Handler) allowOrigin(c *call) {
	if len(h.origins) == 0 {
		return
	}
	origin := c.Header.Get("Origin")
	switch {
	case slices.Contains(h.origins, "*"):
		origin = "*"
	default:
		c.reply.Add("Vary", "Origin")
		if origin == "" || !slices.Contains(h.origins, origin) {
			return
		}
	}
	c.reply.Set("Access-Control-Allow-Origin", origin)
	c.reply.Set("Access-Control-Expose-Headers", "RateLimit, RateLimit-Policy, Retry-After, "+requestID)
}

// allowedHeaders are those of the service, and the id that a request may have
// here.
const allowedHeaders = "accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, " +
	"x-csrftoken, x-requested-with, x-api-key, x-request-id"

// preflight answers the question of a browser whether a page may call, if its
// origin is allowed.
func (c *call) preflight(allow string) {
	if c.reply.Get("Access-Control-Allow-Origin") == "" {
		return
	}
	c.reply.Set("Access-Control-Allow-Methods", allow)
	c.reply.Set("Access-Control-Allow-Headers", allowedHeaders)
	c.reply.Set("Access-Control-Max-Age", "600")
}
