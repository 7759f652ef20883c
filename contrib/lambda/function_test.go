package passportlambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// seen is the part of a request that a handler can see.
type seen struct {
	Method, Path, Query, URI, Host, Remote, Body string
	Header                                       http.Header
	Length                                       int64
}

// look answers with the request.
func look(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	err = json.NewEncoder(w).Encode(seen{
		r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.Host, r.RemoteAddr, string(body), r.Header, r.ContentLength,
	})
	if err != nil {
		panic(err)
	}
}

// newFunction returns a function and its log.
func newFunction(t *testing.T, handler http.HandlerFunc, options ...Option) (*Function, *bytes.Buffer) {
	t.Helper()
	var logged bytes.Buffer
	options = append(options, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	f, err := New(handler, options...)
	require.NoError(t, err)
	return f, &logged
}

// invoke answers the event and closes the response, as the runtime does.
func invoke(t *testing.T, f *Function, payload string) reply {
	t.Helper()
	response, err := f.Invoke(t.Context(), json.RawMessage(payload))
	require.NoError(t, err)
	text, err := io.ReadAll(response)
	require.NoError(t, err)
	require.NoError(t, response.Close())
	var out reply
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

// sees returns what the handler saw of the event.
func sees(t *testing.T, payload string, options ...Option) seen {
	t.Helper()
	f, logged := newFunction(t, look, options...)
	out := invoke(t, f, payload)
	require.Equal(t, http.StatusOK, out.StatusCode, logged)
	var s seen
	require.NoError(t, json.Unmarshal([]byte(out.Body), &s))
	return s
}

// minimal is the smallest event of each kind, a GET of /x.
var minimal = map[kind]string{
	payload1: `{"httpMethod": "GET", "path": "/x", "requestContext": {"stage": "dev"}}`,
	payload2: `{"version": "2.0", "rawPath": "/x", "requestContext": {"http": {"method": "GET"}}}`,
	balancer: `{"httpMethod": "GET", "path": "/x", "headers": {}, "requestContext": {"elb": {"targetGroupArn": "arn"}}}`,
}

func TestInvoke_Panic(t *testing.T) {
	for kind, payload := range minimal {
		f, logged := newFunction(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic("s3cret")
		})
		out := invoke(t, f, payload)
		assert.Equal(t, http.StatusInternalServerError, out.StatusCode, kind)
		assert.JSONEq(t, `{"detail": "Internal server error."}`, out.Body)
		assert.Contains(t, logged.String(), "s3cret")
		assert.Contains(t, logged.String(), "function_test.go", "the stack")
	}
}

func TestInvoke_UnknownEvent(t *testing.T) {
	f, _ := newFunction(t, look)
	for _, payload := range []string{
		``, `null`, `5`, `[]`, `{}`, `"s3cret"`, `{"headers": 5}`, `{"httpMethod": "GET"}`, `{"version": "2.0", "rawPath": "/x"}`,
		`{"Records": [{"eventSource": "aws:sqs", "body": "s3cret"}]}`, `{"version": "0", "detail-type": "Scheduled Event", "detail": {}}`,
		`{"version": "2.0", "httpMethod": "GET", "path": "/x"}`, `{"httpMethod": "GET", "path": "/x", "body": {"s3cret": 1}}`,
	} {
		response, err := f.Invoke(t.Context(), json.RawMessage(payload))
		require.ErrorIs(t, err, ErrUnknownEvent, payload)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.Nil(t, response)
	}
	for _, name := range []string{
		"apigw-custom-auth-request-type-request", "apigw-v2-custom-authorizer-v1-request", "apigw-v2-custom-authorizer-v2-request",
		"apigw-websocket-request-send-message", "sqs-event", "sns-event", "cognito-event",
	} {
		_, err := f.Invoke(t.Context(), json.RawMessage(documented(t, name)))
		assert.ErrorIs(t, err, ErrUnknownEvent, name)
	}
}

// documented returns an event of AWS's documentation, which aws-lambda-go has.
func documented(t *testing.T, name string) string {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "events", "testdata", name+".json"))
	require.NoError(t, err)
	return string(text)
}

func TestInvoke_Deadline(t *testing.T) {
	for name, c := range map[string]struct {
		options       []Option
		timeout, want time.Duration
		flush         time.Duration
	}{
		"by default": {nil, 10 * time.Second, 9500 * time.Millisecond, 9750 * time.Millisecond},
		"a margin":   {[]Option{WithMargin(2 * time.Second)}, 10 * time.Second, 8 * time.Second, 9 * time.Second},
		"too short":  {nil, 200 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond},
		"too late":   {nil, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				flushed := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
				f, logged := newFunction(t, func(w http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					w.WriteHeader(http.StatusServiceUnavailable)
				}, append(c.options, WithFlush(flushed))...)
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				response, err := f.Invoke(ctx, json.RawMessage(minimal[payload2]))
				require.NoError(t, err)
				assert.Equal(t, c.want, time.Since(began))
				text, err := io.ReadAll(response)
				require.NoError(t, err)
				assert.Contains(t, string(text), `"statusCode":503`)
				require.NoError(t, response.Close())
				assert.Equal(t, c.flush, time.Since(began), "the flush ends before the invocation")
				assert.Contains(t, logged.String(), context.DeadlineExceeded.Error())
			})
		})
	}
}

// A flush follows each answer, and does not delay it.
func TestWithFlush(t *testing.T) {
	flushed := 0
	f, logged := newFunction(t, look, WithFlush(func(context.Context) error { flushed++; return errors.New("gone") }))
	for _, payload := range minimal {
		before := flushed
		response, err := f.Invoke(t.Context(), json.RawMessage(payload))
		require.NoError(t, err)
		_, err = io.ReadAll(response)
		require.NoError(t, err)
		assert.Equal(t, before, flushed, "before it is sent")
		require.NoError(t, response.Close())
		assert.Equal(t, before+1, flushed)
	}
	assert.Contains(t, logged.String(), "gone")
}

func TestNew_Misconfigured(t *testing.T) {
	f, err := New(nil, WithMargin(0), WithBasePath("x/"), WithLogger(nil))
	assert.Nil(t, f)
	require.ErrorIs(t, err, store.ErrMisconfigured)
	assert.Equal(t, []string{
		"misconfigured: New got a nil handler", "misconfigured: WithMargin got 0s, want more than 0",
		`misconfigured: WithBasePath got "x/", want a path such as /passport`, "misconfigured: WithLogger got nil",
	}, strings.Split(err.Error(), "\n"))
	_, err = New(http.NotFoundHandler(), nil, WithFlush(nil), WithBasePath(""))
	require.NoError(t, err)
}

func TestStart_OpenFails(t *testing.T) {
	closed := errors.New("no such database")
	err := Start(func(ctx context.Context) (*Function, error) {
		end, has := ctx.Deadline()
		assert.True(t, has)
		assert.LessOrEqual(t, time.Until(end), openTime)
		return nil, closed
	})
	require.ErrorIs(t, err, closed)
}
