package scoreapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// The errors of a [Client] that no other package of the SDK has, for errors.Is.
var (
	// ErrRefused: the server refused the API key (401), or what it may do (403).
	ErrRefused = store.Sentinel(store.KindRefused, "the API key was refused")
	// ErrUnscored: the server answered that the address cannot be scored.
	ErrUnscored = store.Sentinel(store.KindUnscorable, "the address was not scored")
	// ErrAnswer: the answer is none of the API. The base URL may be wrong.
	ErrAnswer = store.Sentinel(store.KindInternal, "not an answer of the API")
)

// Error is a request of a [Client] that failed. errors.Is finds its Kind and
// its Cause. It does not hold the API key.
type Error struct {
	// Path is the path of the request, without the query.
	Path string
	// Status is the HTTP status of the last answer, 0 if none came.
	Status int
	// Detail is the sentence of the answer, in printable characters and cut to a
	// few hundred; empty if it has none.
	Detail string
	// RetryAfter is how long the server asks to wait, 0 if it does not.
	RetryAfter time.Duration
	// Kind is the sentinel, nil if the caller's context ended:
	//
	//   - store.ErrUnavailable: no answer came, or one of 429 or above 500. If no
	//     answer came the server may have scored; asking again is safe;
	//   - store.ErrInternal: the server answered 500;
	//   - store.ErrInvalid: it answered 400 or 422;
	//   - passport.ErrCommunityNotFound: the key's account has no such scorer;
	//   - store.ErrNotFound: there was no score at that time;
	//   - [ErrRefused], [ErrUnscored] or [ErrAnswer].
	Kind error
	// Cause is the underlying error, or nil. It is the context's if that ended.
	Cause error

	again bool // whether the request is worth repeating
}

// Error implements error.
func (e *Error) Error() string {
	text := "GET " + e.Path
	if e.Kind != nil {
		text += ": " + e.Kind.Error()
	}
	if e.Status != 0 {
		text += fmt.Sprintf(": %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the kind and the cause, those that there are.
func (e *Error) Unwrap() []error {
	var wrapped []error
	for _, err := range []error{e.Kind, e.Cause} {
		if err != nil {
			wrapped = append(wrapped, err)
		}
	}
	return wrapped
}

// refusal returns the error of an answer that is not 200.
func (c *Client) refusal(path string, answer *http.Response, body []byte) *Error {
	e := &Error{Path: path, Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header, time.Now()), Kind: ErrAnswer}
	var refused Refusal
	if isJSON(answer.Header) {
		refused = readRefusal(body)
	}
	e.Detail = c.clean(refused.Detail)
	switch status := answer.StatusCode; {
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		e.Kind = store.ErrInvalid
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind = ErrRefused
	case status == http.StatusNotFound && (refused.Detail == NoScorer || refused.Detail == NoCommunity):
		e.Kind = passport.ErrCommunityNotFound
	case status == http.StatusNotFound && refused.Address != "":
		e.Kind = store.ErrNotFound
	case status == http.StatusInternalServerError:
		e.Kind, e.again = store.ErrInternal, true
	case status == http.StatusTooManyRequests, status > http.StatusInternalServerError:
		e.Kind, e.again = store.ErrUnavailable, true
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		e.Cause = errors.New("redirects are not followed")
	}
	return e
}

// readRefusal reads the body of any refusal, as much of it as has a known form.
func readRefusal(body []byte) Refusal {
	var refused Refusal
	if json.Unmarshal(body, &refused) == nil {
		return refused
	}
	var parameters Unprocessable
	if json.Unmarshal(body, &parameters) != nil {
		return Refusal{}
	}
	var all []string
	for _, p := range parameters.Detail[:min(len(parameters.Detail), 10)] {
		all = append(all, strings.Join(p.Place, ".")+": "+p.Message)
	}
	return Refusal{Detail: strings.Join(all, "; ")}
}

// clean returns a text of the server for an error: without the key, on one line
// and not long.
func (c *Client) clean(text string) string {
	const most = 300
	characters := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, c.hide(text)))
	return string(characters[:min(len(characters), most)])
}
