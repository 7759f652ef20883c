package passportlambda

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInvoke_DocumentedEvents(t *testing.T) {
	for name, want := range map[string]seen{
		"apigw-request": {
			Method: "POST", URI: "/hello/world?name=me", Host: "gy415nuibc.execute-api.us-east-1.amazonaws.com",
			Remote: "192.168.196.186:0", Body: "{\r\n\t\"a\": 1\r\n}",
		},
		"apigw-v2-request-iam": {
			Method: "GET", URI: "/my/path?parameter1=value1&parameter1=value2&parameter2=value", Host: "id.execute-api.us-east-1.amazonaws.com",
			Body: "{\r\n\t\"a\": 1\r\n}",
		},
		"apigw-v2-request-no-authorizer": {
			Method: "GET", URI: "/", Host: "aaaaaaaaaa.execute-api.us-west-2.amazonaws.com", Remote: "1.2.3.4:0",
		},
		"lambda-urls-request": {
			Method: "POST", URI: "/my/path?parameter1=value1&parameter1=value2&parameter2=value", Host: "<url-id>.lambda-url.us-west-2.on.aws",
			Remote: "123.123.123.123:0", Body: "Hello from client!",
		},
		"alb-lambda-target-request-headers-only": {
			Method: "GET", URI: "/?key=hello", Host: "lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com", Remote: "25.12.198.67:0",
		},
		"alb-lambda-target-request-multivalue-headers": {
			Method: "GET", URI: "/?key=hello", Host: "lambda-test-alb-1234567.us-east-1.elb.amazonaws.com", Remote: "72.21.198.67:0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := sees(t, documented(t, name))
			assert.Equal(t, want.Method, got.Method)
			assert.Equal(t, want.URI, got.URI)
			assert.Equal(t, want.Host, got.Host)
			assert.Equal(t, want.Remote, got.Remote)
			assert.Equal(t, want.Body, got.Body)
			assert.EqualValues(t, len(want.Body), got.Length)
			assert.NotContains(t, got.Header, "Host")
		})
	}
}

func TestRequest_Headers(t *testing.T) {
	got := sees(t, documented(t, "lambda-urls-request"))
	assert.Equal(t, []string{"cookie1; cookie2"}, got.Header.Values("Cookie"))
	assert.Equal(t, []string{"value1,value2"}, got.Header.Values("Header2"))

	for _, context := range []string{`{}`, `{"elb": {}}`} {
		got = sees(t, `{"httpMethod": "GET", "path": "/", "headers": {"A": "2"}, "requestContext": `+context+`,
			"multiValueHeaders": {"X-API-KEY": ["k"], "a": ["1", "2"], "cookie": ["b=1", "c=2"]}}`)
		assert.Equal(t, http.Header{"X-Api-Key": {"k"}, "A": {"1", "2"}, "Cookie": {"b=1", "c=2"}}, got.Header)
		got = sees(t, `{"httpMethod": "GET", "path": "/", "headers": {"x-api-key": "k"}, "requestContext": `+context+`}`)
		assert.Equal(t, http.Header{"X-Api-Key": {"k"}}, got.Header)
	}
}

func TestRequest_Query(t *testing.T) {
	for name, c := range map[string]struct{ payload, want string }{
		"decoded by a gateway": {
			`{"httpMethod": "GET", "path": "/", "multiValueQueryStringParameters": {"b": ["x y", "&="], "a": ["é"]}, "queryStringParameters": {"b": "&="}}`,
			"a=%C3%A9&b=x+y&b=%26%3D",
		},
		"single values": {`{"httpMethod": "GET", "path": "/", "queryStringParameters": {"a": "1+1"}}`, "a=1%2B1"},
		"as they were in front of a balancer": {
			`{"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "queryStringParameters": {"a": "x%20y+z", "created_at": "%C3%A9"}}`,
			"a=x%20y+z&created_at=%C3%A9",
		},
		"whole": {`{"version": "2.0", "rawPath": "/", "rawQueryString": "b=2&a=%20&b=1", "requestContext": {"http": {"method": "GET"}}}`, "b=2&a=%20&b=1"},
		"none":  {minimal[payload1], ""},
	} {
		assert.Equal(t, c.want, sees(t, c.payload).Query, name)
	}
}

func TestRequest_Path(t *testing.T) {
	for _, c := range []struct{ path, domain, stage, base, want, uri string }{
		{"/x", "a.execute-api.eu-west-1.amazonaws.com", "$default", "", "/x", "/x"},
		{"/dev/x", "a.execute-api.eu-west-1.amazonaws.com", "dev", "", "/x", "/x"},
		{"/dev", "a.execute-api.eu-west-1.amazonaws.com", "dev", "", "/", "/"},
		{"/device", "a.execute-api.eu-west-1.amazonaws.com", "dev", "", "/device", "/device"},
		{"/dev/x", "api.example.org", "dev", "", "/dev/x", "/dev/x"},
		{"/passport/x", "api.example.org", "dev", "/passport", "/x", "/x"},
		{"/passports/x", "api.example.org", "dev", "/passport", "/passports/x", "/passports/x"},
		{"/dev/passport", "a.execute-api.eu-west-1.amazonaws.com", "dev", "/passport", "/", "/"},
		{"/a%2Fb", "", "", "", "/a/b", "/a%2Fb"},
		{"/a b", "", "", "", "/a b", "/a%20b"},
		{"/100%", "", "", "", "/100%", "/100%25"},
		{"//evil.example/x", "", "", "", "//evil.example/x", "//evil.example/x"},
		{"", "", "", "", "/", "/"},
		{"/x?y#z", "", "", "", "/x?y#z", "/x%3Fy%23z"},
	} {
		payload, err := json.Marshal(map[string]any{
			"version": "2.0", "rawPath": c.path,
			"requestContext": map[string]any{"domainName": c.domain, "stage": c.stage, "http": map[string]string{"method": "GET"}},
		})
		require.NoError(t, err)
		got := sees(t, string(payload), WithBasePath(c.base))
		assert.Equal(t, c.want, got.Path, c.path)
		assert.Equal(t, c.uri, got.URI, c.path)
	}
	got := sees(t, `{"httpMethod": "GET", "path": "/dev/x", "requestContext": {"stage": "dev", "domainName": "a.execute-api.eu-west-1.amazonaws.com"}}`)
	assert.Equal(t, "/dev/x", got.Path, "a REST API leaves the stage out by itself")
}

func TestRequest_Client(t *testing.T) {
	for name, c := range map[string]struct{ payload, want string }{
		"REST":         {`{"httpMethod": "GET", "path": "/", "headers": {"X-Forwarded-For": "6.6.6.6"}, "requestContext": {"identity": {"sourceIp": "1.2.3.4"}}}`, "1.2.3.4:0"},
		"HTTP":         {`{"version": "2.0", "rawPath": "/", "headers": {"x-forwarded-for": "6.6.6.6"}, "requestContext": {"http": {"method": "GET", "sourceIp": "2001:db8::1"}}}`, "[2001:db8::1]:0"},
		"unknown":      {`{"httpMethod": "GET", "path": "/", "headers": {"X-Forwarded-For": "6.6.6.6"}, "requestContext": {"identity": {"sourceIp": "test-invoke-source-ip"}}}`, ""},
		"forged":       {`{"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "headers": {"x-forwarded-for": "6.6.6.6, 1.2.3.4"}}`, "1.2.3.4:0"},
		"forged twice": {`{"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "multiValueHeaders": {"x-forwarded-for": ["6.6.6.6", "5.5.5.5,1.2.3.4"]}}`, "1.2.3.4:0"},
		"none":         {minimal[balancer], ""},
	} {
		assert.Equal(t, c.want, sees(t, c.payload).Remote, name)
	}
}

func TestRequest_Body(t *testing.T) {
	got := sees(t, `{"httpMethod": "POST", "path": "/", "body": "w6k=", "isBase64Encoded": true}`)
	assert.Equal(t, "é", got.Body)
	assert.EqualValues(t, 2, got.Length)
	got = sees(t, `{"httpMethod": "POST", "path": "/", "body": null}`)
	assert.Empty(t, got.Body)
}

func TestInvoke_BadRequest(t *testing.T) {
	f, _ := newFunction(t, look)
	for _, payload := range []string{
		`{"httpMethod": "POST", "path": "/", "body": "!", "isBase64Encoded": true}`,
		`{"httpMethod": "GET /", "path": "/"}`, `{"httpMethod": "GET", "path": "x"}`, `{"httpMethod": "GET", "path": "http://x/"}`,
	} {
		out := invoke(t, f, payload)
		assert.Equal(t, http.StatusBadRequest, out.StatusCode, payload)
		assert.JSONEq(t, `{"detail": "Invalid request."}`, out.Body)
	}
}

// No payload makes the function panic, and each is an answer or
// ErrUnknownEvent.
func FuzzInvoke(f *testing.F) {
	for _, payload := range minimal {
		f.Add(payload)
	}
	f.Add(`{"httpMethod": "GET", "path": "/%", "headers": {"a b": "\u0000"}, "requestContext": {"elb": {}}, "body": "/", "isBase64Encoded": true}`)
	function, err := New(http.HandlerFunc(look))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, payload string) {
		response, err := function.Invoke(t.Context(), json.RawMessage(payload))
		if err != nil {
			require.ErrorIs(t, err, ErrUnknownEvent)
			return
		}
		var out reply
		require.NoError(t, json.NewDecoder(response).Decode(&out))
		assert.Contains(t, []int{200, 400}, out.StatusCode, out.Body)
	})
}
