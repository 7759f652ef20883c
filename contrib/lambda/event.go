package passportlambda

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// kind is the sort of service that sent an event.
type kind int

const (
	unknown  kind = iota
	payload1      // API Gateway: a REST API, or an HTTP API with payload 1.0
	payload2      // API Gateway: an HTTP API, or a function URL
	balancer      // an application load balancer
)

// event has the members of all kinds of events that the package reads. Their
// names do not contradict each other.
type event struct {
	Version string `json:"version"`
	Type    string `json:"type"`

	Method  string              `json:"httpMethod"` // but for payload 2.0
	Path    string              `json:"path"`
	Query   map[string]string   `json:"queryStringParameters"`
	Queries map[string][]string `json:"multiValueQueryStringParameters"`
	Lists   map[string][]string `json:"multiValueHeaders"`

	RawPath  string   `json:"rawPath"` // of payload 2.0
	RawQuery string   `json:"rawQueryString"`
	Cookies  []string `json:"cookies"`

	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	IsBase64 bool              `json:"isBase64Encoded"`

	Context struct {
		Domain   string    `json:"domainName"`
		Stage    string    `json:"stage"`
		ELB      *struct{} `json:"elb"`
		Identity struct {
			SourceIP string `json:"sourceIp"`
		} `json:"identity"`
		HTTP struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

// kind returns the kind of the event. The question of an API's authorizer,
// which has the members of a request and wants another kind of answer, is
// unknown.
func (e *event) kind() kind {
	switch {
	case e.Type != "":
		return unknown
	case e.Context.ELB != nil && e.Method != "":
		return balancer
	case e.Version == "2.0" && e.Context.HTTP.Method != "":
		return payload2
	case e.Version != "2.0" && e.Method != "" && e.Path != "":
		return payload1
	}
	return unknown
}

// method returns the method of the request.
func (e *event) method(kind kind) string {
	if kind == payload2 {
		return e.Context.HTTP.Method
	}
	return e.Method
}

// request returns the event as a server would read it from the wire.
func (e *event) request(ctx context.Context, kind kind, base string) (*http.Request, error) {
	target := &url.URL{RawQuery: e.query(kind)}
	target.Path, target.RawPath = decoded(e.path(kind, base))
	if !strings.HasPrefix(target.Path, "/") {
		return nil, errors.New("the path does not begin with a slash")
	}
	body, size := io.Reader(strings.NewReader(e.Body)), int64(len(e.Body))
	if e.IsBase64 {
		plain, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return nil, fmt.Errorf("the body is not base64: %w", err)
		}
		body, size = strings.NewReader(string(plain)), int64(len(plain))
	}
	r, err := http.NewRequestWithContext(ctx, e.method(kind), "/", body) // which checks the method
	if err != nil {
		return nil, err
	}
	r.URL, r.ContentLength, r.RequestURI = target, size, target.RequestURI()
	r.Header = e.header(kind)
	if r.Host = r.Header.Get("Host"); r.Host == "" {
		r.Host = e.Context.Domain
	}
	r.Header.Del("Host") // as a server does
	r.RemoteAddr = e.client(kind, r.Header)
	return r, nil
}

// path returns the path within the API. An HTTP API, which has a version, puts
// the stage in front of it if it was called by the gateway's own domain.
func (e *event) path(kind kind, base string) string {
	path := e.Path
	if kind == payload2 {
		path = e.RawPath
	}
	at := e.Context
	if e.Version != "" && at.Stage != "" && strings.Contains(at.Domain, ".execute-api.") {
		path = without(path, "/"+at.Stage)
	}
	return without(path, base)
}

// without removes the prefix, if the path begins with its segments.
func without(path, prefix string) string {
	rest, has := strings.CutPrefix(path, prefix)
	switch {
	case has && rest == "":
		return "/"
	case has && rest[0] == '/':
		return rest
	}
	return path
}

// decoded returns the path and, if the escapes matter, how it was written. Some
// gateways decode a path before they send it: one that cannot be decoded is
// taken as it is.
func decoded(path string) (plain, raw string) {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return path, ""
	}
	return plain, path
}

// query returns the query as in a URL. Parameters have lost their order, but
// for payload 2.0; they are sorted by name.
func (e *event) query(kind kind) string {
	if kind == payload2 {
		return e.RawQuery
	}
	values := e.Queries
	if values == nil {
		values = lists(e.Query)
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			if kind == balancer { // which does not decode them
				pairs = append(pairs, name+"="+value)
			} else {
				pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
			}
		}
	}
	return strings.Join(pairs, "&")
}

func (e *event) header(kind kind) http.Header {
	values := e.Lists
	if values == nil {
		values = lists(e.Headers)
	}
	header := make(http.Header, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) { // the same order for names that differ in case
		for _, value := range values[name] {
			header.Add(name, value)
		}
	}
	if kind == payload2 && len(e.Cookies) > 0 {
		header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return header
}

func lists(values map[string]string) map[string][]string {
	all := make(map[string][]string, len(values))
	for name, value := range values {
		all[name] = []string{value}
	}
	return all
}

// client returns the address of the client, with port 0, or "" if it is not
// known.
func (e *event) client(kind kind, header http.Header) string {
	var ip string
	switch kind {
	case payload1:
		ip = e.Context.Identity.SourceIP
	case payload2:
		ip = e.Context.HTTP.SourceIP
	case balancer:
		all := strings.Join(header.Values("X-Forwarded-For"), ",")
		ip = strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
	case unknown:
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return net.JoinHostPort(addr.String(), "0")
}
