package scoreapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/baseurl"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Client asks a server that speaks the API. It is safe for concurrent use and
// starts no goroutine of its own.
//
// A request that got no answer, 429, or 500 and above is repeated, as
// [WithRetry] allows, and not before the Retry-After of the answer. It is not
// repeated if that would be after the context's deadline, or in more than a
// minute. Redirects are not followed, so that the key goes to no other server.
// An answer has a bounded size: 4 MiB for a score and 16 MiB for a page of
// stamps.
//
// The errors of requests are a *[Error].
type Client struct {
	settings

	base *url.URL
}

// NewClient returns a client for the server at the URL, such as
// "https://api.example.org": the part before "/v2/stamps". It returns every
// problem of the configuration, joined, each wrapping
// [passport.ErrMisconfigured]. An option that is nil is ignored.
func NewClient(baseURL string, options ...Option) (*Client, error) {
	base, ok := baseurl.Parse(baseURL)
	c := &Client{settings: settings{
		authorize: func(http.Header) {},
		hide:      func(text string) string { return text },
		timeout:   20 * time.Second,
		backoff:   DefaultRetry,
		problems:  problems.New(passport.ErrMisconfigured),
	}}
	c.problems.Checkf(ok, "NewClient: a base URL is http or https, a host, and perhaps a path, and nothing else")
	problems.Apply(&c.settings, options)
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	c.base = base.JoinPath("/") // or the path of a URL without one would be relative
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Score asks for the score of the address in the community of the scorer, which
// the server computes and records. scorer is the community's external id, or
// its id. The key needs read_scores. Repeating the request is safe.
//
// If the server answers that the address cannot be scored, Score returns that
// answer together with an error that wraps [ErrUnscored].
func (c *Client) Score(ctx context.Context, scorer int64, address string) (*Score, error) {
	return c.score(ctx, scorer, address, "", "")
}

// History asks for the newest score that was recorded at or before the time, in
// whole microseconds. The key needs historical_endpoint. The error wraps
// store.ErrNotFound if there was none. It is otherwise like [Client.Score].
func (c *Client) History(ctx context.Context, scorer int64, address string, at time.Time) (*Score, error) {
	if err := store.CheckTime(at); err != nil {
		return nil, err
	}
	query := "created_at=" + at.UTC().Format("2006-01-02T15:04:05.000000Z")
	return c.score(ctx, scorer, address, "history", query)
}

func (c *Client) score(ctx context.Context, scorer int64, address, rest, query string) (*Score, error) {
	parsed, err := passport.ParseAddress(address)
	if err != nil {
		return nil, err
	}
	target := c.base.JoinPath("v2", "stamps", strconv.FormatInt(scorer, 10), "score", string(parsed), rest)
	target.RawQuery = query
	var score Score
	if err := c.get(ctx, target, maxScore, &score); err != nil {
		return nil, err
	}
	failure := &Error{Path: target.Path, Status: http.StatusOK}
	switch {
	case score.Address != parsed:
		failure.Kind, failure.Cause = ErrAnswer, errors.New("it is about another address")
		return nil, failure
	case score.Error != nil:
		failure.Kind, failure.Detail = ErrUnscored, c.clean(*score.Error)
		return &score, failure
	}
	return &score, nil
}

// The bounds of answers and of waits.
const (
	maxScore = 4 << 20
	maxPage  = 16 << 20
	maxPages = 1000
	maxWait  = time.Minute
)

// wrongAnswer is an answer that is none of the API.
func wrongAnswer(path string, format string, args ...any) *Error {
	return &Error{Path: path, Status: http.StatusOK, Kind: ErrAnswer, Cause: fmt.Errorf(format, args...)}
}
