package passportlambda

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rich(w http.ResponseWriter, _ *http.Request) {
	w.Header().Add("Vary", "Origin")
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "a=1")
	w.WriteHeader(http.StatusTooManyRequests)
	w.Header().Set("Too", "late")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(`{"a": "<é>"}`))
}

// answers decodes the answer into the type that AWS documents, and nothing
// else.
func answers[T any](t *testing.T, payload string) (out T) {
	t.Helper()
	f, _ := newFunction(t, rich)
	response, err := f.Invoke(t.Context(), json.RawMessage(payload))
	require.NoError(t, err)
	decoder := json.NewDecoder(response)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&out))
	return out
}

func TestAnswer_Kinds(t *testing.T) {
	const body = `{"a": "<é>"}`
	lists := map[string][]string{"Vary": {"Origin", "Accept"}, "Content-Type": {"application/json"}, "Set-Cookie": {"a=1"}}
	joined := map[string]string{"Vary": "Origin,Accept", "Content-Type": "application/json"}
	assert.Equal(t, events.APIGatewayProxyResponse{
		StatusCode: 429, MultiValueHeaders: lists, Body: body,
	}, answers[events.APIGatewayProxyResponse](t, minimal[payload1]))
	assert.Equal(t, events.APIGatewayV2HTTPResponse{
		StatusCode: 429, Headers: joined, Body: body, Cookies: []string{"a=1"},
	}, answers[events.APIGatewayV2HTTPResponse](t, minimal[payload2]))
	assert.Equal(t, events.LambdaFunctionURLResponse{
		StatusCode: 429, Headers: joined, Body: body, Cookies: []string{"a=1"},
	}, answers[events.LambdaFunctionURLResponse](t, minimal[payload2]))
	assert.Equal(t, events.ALBTargetGroupResponse{
		StatusCode: 429, StatusDescription: "429 Too Many Requests", Body: body,
		Headers: map[string]string{"Vary": "Origin,Accept", "Content-Type": "application/json", "Set-Cookie": "a=1"},
	}, answers[events.ALBTargetGroupResponse](t, minimal[balancer]))
	assert.Equal(t, events.ALBTargetGroupResponse{
		StatusCode: 429, StatusDescription: "429 Too Many Requests", Body: body, MultiValueHeaders: lists,
	}, answers[events.ALBTargetGroupResponse](t, strings.Replace(minimal[balancer], `"headers"`, `"multiValueHeaders"`, 1)))
}

func TestAnswer_Cookies(t *testing.T) {
	f, logged := newFunction(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	})
	assert.Equal(t, []string{"a=1", "b=2"}, invoke(t, f, minimal[payload1]).MultiValueHeaders["Set-Cookie"])
	assert.Equal(t, []string{"a=1", "b=2"}, invoke(t, f, minimal[payload2]).Cookies)
	assert.Empty(t, logged.String())
	assert.Equal(t, http.StatusInternalServerError, invoke(t, f, minimal[balancer]).StatusCode)
	assert.Contains(t, logged.String(), "multi-value headers")
}

func TestAnswer_Base64(t *testing.T) {
	for name, c := range map[string]struct {
		body, encoding string
		want           string
		isBase64       bool
	}{
		"text":       {"é", "", "é", false},
		"binary":     {"\xff\x00", "", "/wA=", true},
		"compressed": {"abc", "gzip", "YWJj", true},
		"nothing":    {"", "", "", false},
	} {
		f, _ := newFunction(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.encoding != "" {
				w.Header().Set("Content-Encoding", c.encoding)
			}
			_, _ = io.WriteString(w, c.body)
		})
		for _, payload := range minimal {
			out := invoke(t, f, payload)
			assert.Equal(t, c.want, out.Body, name)
			assert.Equal(t, c.isBase64, out.IsBase64Encoded, name)
		}
	}
}

func TestAnswer_Head(t *testing.T) {
	f, _ := newFunction(t, rich)
	for _, payload := range minimal {
		out := invoke(t, f, strings.Replace(payload, "GET", "HEAD", 1))
		assert.Equal(t, http.StatusTooManyRequests, out.StatusCode)
		assert.Empty(t, out.Body)
	}
}

func TestAnswer_TooLarge(t *testing.T) {
	for name, c := range map[string]struct {
		kind  kind
		body  []byte
		chunk int
		want  int
	}{
		"within Lambda's limit":     {payload1, bytes.Repeat([]byte("a"), 6<<20-200), 1 << 16, http.StatusOK},
		"beyond it":                 {payload2, bytes.Repeat([]byte("a"), 6<<20+1), 1 << 16, http.StatusInternalServerError},
		"beyond it by its headers":  {payload2, bytes.Repeat([]byte("a"), 6<<20-20), 1 << 16, http.StatusInternalServerError},
		"beyond it by its escapes":  {payload1, bytes.Repeat([]byte(`"`), 4<<20), 1 << 16, http.StatusInternalServerError},
		"beyond it in base64":       {payload1, bytes.Repeat([]byte{0xff}, 5<<20), 1 << 16, http.StatusInternalServerError},
		"within a balancer's limit": {balancer, bytes.Repeat([]byte("a"), 1<<20-200), 1 << 20, http.StatusOK},
		"beyond that":               {balancer, bytes.Repeat([]byte("a"), 1<<20+1), 1 << 21, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			failed := false
			f, logged := newFunction(t, func(w http.ResponseWriter, _ *http.Request) {
				for rest := c.body; len(rest) > 0; {
					n := min(len(rest), c.chunk)
					_, err := w.Write(rest[:n])
					failed = failed || err != nil
					rest = rest[n:]
				}
			})
			out := invoke(t, f, minimal[c.kind])
			assert.Equal(t, c.want, out.StatusCode)
			assert.Equal(t, c.want != http.StatusOK, logged.Len() > 0)
			if len(c.body) > limits[c.kind] {
				assert.True(t, failed, "the handler knows")
			}
			if c.want == http.StatusOK {
				assert.Len(t, out.Body, len(c.body))
			}
		})
	}
}

func TestAnswer_InvalidStatus(t *testing.T) {
	f, logged := newFunction(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(7) })
	assert.Equal(t, http.StatusInternalServerError, invoke(t, f, minimal[payload1]).StatusCode)
	assert.Contains(t, logged.String(), "invalid status 7")
}

func TestAnswer_ContentType(t *testing.T) {
	f, _ := newFunction(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "<html>")
	})
	out := invoke(t, f, minimal[payload2])
	assert.Equal(t, http.StatusAccepted, out.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", out.Headers["Content-Type"])
}
