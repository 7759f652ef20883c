package scoreapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// get reads the JSON at the URL, of at most that many bytes, into the value. It
// returns nil or an *Error.
func (c *Client) get(ctx context.Context, target *url.URL, most int64, into any) error {
	var last *Error
	err := retry.Do(ctx, c.waits(ctx, &last), func(ctx context.Context) error {
		last = c.attempt(ctx, target, most, into)
		switch {
		case last == nil:
			return nil
		case last.again:
			return retry.RetryableError(last)
		}
		return last
	})
	if ended := ctx.Err(); err != nil && ended != nil {
		failure := &Error{Path: target.Path, Cause: ended}
		if last != nil {
			failure.Status, failure.Detail, failure.RetryAfter = last.Status, last.Detail, last.RetryAfter
		}
		return failure
	}
	return err
}

// waits returns the waits between attempts: those of the policy, unless the
// last answer asks for a longer one. They end where a wait would be in vain.
func (c *Client) waits(ctx context.Context, last **Error) retry.Backoff {
	policy := c.backoff()
	return retry.BackoffFunc(func() (time.Duration, bool) {
		if policy == nil {
			return 0, true
		}
		wait, stop := policy.Next()
		wait = max(wait, (*last).RetryAfter)
		deadline, has := ctx.Deadline()
		return wait, stop || wait > maxWait || has && time.Until(deadline) <= wait
	})
}

// attempt sends the request once.
func (c *Client) attempt(ctx context.Context, target *url.URL, most int64, into any) *Error {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, target.String(), nil)
	if err != nil {
		return c.unanswered(ctx, limited, target.Path, err)
	}
	request.Header.Set("Accept", "application/json")
	c.authorize(request.Header)
	answer, err := c.http.Do(request)
	if err != nil {
		return c.unanswered(ctx, limited, target.Path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	switch {
	case err != nil:
		return c.unanswered(ctx, limited, target.Path, err)
	case int64(len(body)) > most:
		return &Error{Path: target.Path, Status: answer.StatusCode, Kind: ErrAnswer, Cause: fmt.Errorf("it has more than %d bytes", most)}
	case answer.StatusCode != http.StatusOK:
		return c.refusal(target.Path, answer, body)
	case !isJSON(answer.Header):
		return wrongAnswer(target.Path, "its Content-Type is not application/json")
	}
	if err := json.Unmarshal(body, into); err != nil { // its text can be as long as the body
		return wrongAnswer(target.Path, "%s", c.clean(err.Error()))
	}
	return nil
}

// unanswered returns the error of a request whose answer was not received.
func (c *Client) unanswered(ctx, limited context.Context, path string, err error) *Error {
	switch {
	case ctx.Err() != nil:
		return &Error{Path: path, Cause: ctx.Err()}
	case limited.Err() != nil:
		err = fmt.Errorf("no answer within %v", c.timeout)
	default:
		if of, is := errors.AsType[*url.Error](err); is { // it repeats the URL
			err = of.Err
		}
		// A deadline of the transport is not the caller's, and some errors quote
		// what the server has sent.
		ended := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
		if text := c.clean(err.Error()); ended || text != err.Error() {
			err = errors.New(text)
		}
	}
	return &Error{Path: path, Kind: store.ErrUnavailable, Cause: err, again: true}
}

func isJSON(header http.Header) bool {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// retryAfter returns the time to wait that an answer asks for, in seconds or by
// a date, by the server's clock if it sends that; 0 for none.
func retryAfter(header http.Header, now time.Time) time.Duration {
	const longest = 1 << 31 // seconds
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, longest)) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
	}
	return max(until.Sub(now), 0)
}
