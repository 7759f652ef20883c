package passporthttp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

// encoding is one way to write a text.
type encoding struct {
	name  string
	apply func(text string) string
}

// eachByte writes every nth byte of the text in the format, and bytes that
// would begin an escape.
func eachByte(format string, nth int) func(string) string {
	return func(text string) string {
		var written strings.Builder
		for i := range len(text) {
			if i%nth == 0 || strings.IndexByte(`%\&`, text[i]) >= 0 {
				fmt.Fprintf(&written, format, text[i])
			} else {
				written.WriteByte(text[i])
			}
		}
		return written.String()
	}
}

var encodings = []encoding{
	{"percent", eachByte("%%%02X", 1)},
	{"percent in lower case", eachByte("%%%02x", 1)},
	{"percent here and there", eachByte("%%%02X", 3)},
	{"percent u", eachByte("%%u%04x", 1)},
	{"JSON", eachByte(`\u%04x`, 1)},
	{"JSON here and there", eachByte(`\u%04X`, 5)},
	{"JSON document", func(text string) string {
		document, err := json.Marshal(map[string]string{"api key": text})
		if err != nil {
			panic(err)
		}
		return string(document)
	}},
	{"backslash x", eachByte(`\x%02x`, 1)},
	{"HTML", eachByte("&#%d;", 1)},
	{"HTML in hex", eachByte("&#x%x;", 2)},
	{"base64", func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }},
	{"base64 for URLs", func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }},
	{"basic", func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+text)) }},
	{"base64 in a row", func(text string) string {
		return "a/" + base64.RawStdEncoding.EncodeToString([]byte("k="+text+";")) + "/b"
	}},
	{"hex", func(text string) string { return hex.EncodeToString([]byte(text)) }},
	{"hex in a row", func(text string) string { return "f" + strings.ToUpper(hex.EncodeToString([]byte(text))) }},
	{"upper case", strings.ToUpper},
	{"spaced", func(text string) string { return strings.Join(strings.Split(text, ""), " ") }},
	{"scheme", func(text string) string { return "Bearer " + text }},
}

// planted is a secret, and its form after each encoding.
type planted struct {
	by    []string
	forms []string
}

func plant(secret string, by ...encoding) planted {
	p := planted{forms: []string{secret}}
	for _, e := range by {
		p.by = append(p.by, e.name)
		p.forms = append(p.forms, e.apply(p.forms[len(p.forms)-1]))
	}
	return p
}

// readable reports whether the encoded text can be decoded: a change of case
// destroys base64.
func readable(way []encoding) bool {
	return !slices.ContainsFunc(way[1:], func(e encoding) bool { return e.name == "upper case" })
}

// ways returns all encodings, all pairs of them, and some longer sequences.
func ways(random *rand.Rand) [][]encoding {
	all := [][]encoding{nil}
	for _, e := range encodings {
		all = append(all, []encoding{e})
		for _, f := range encodings {
			if way := []encoding{e, f}; readable(way) {
				all = append(all, way)
			}
		}
	}
	for range 100 {
		var row []encoding
		for len(row) < 4 {
			if way := slices.Concat(row, []encoding{encodings[random.IntN(len(encodings))]}); readable(way) {
				row = way
			}
		}
		all = append(all, row)
	}
	return all
}

// A key in the wrong place of a request is in no column, however it is encoded.
func TestUsage_EncodedKeys(t *testing.T) {
	const odd = `odd.h%75sh&lt;b\u0041/+.Zz`
	for _, name := range []string{"key", "part", "odd key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var plants []planted
			usages, log := recorded(t, func(s *site) {
				key := s.everything
				if name == "odd key" {
					digest := sha256.Sum256([]byte(odd))
					hash := "sha256$" + hex.EncodeToString(digest[:])
					require.NoError(t, s.db.AddKey(t.Context(), store.Key{ID: "odd." + hash, Prefix: "odd", Hash: hash, Account: 1, ReadScores: true}))
					key = odd
				}
				secret := key
				if name == "part" {
					secret = key[9:]
				}
				for _, way := range ways(rand.New(rand.NewPCG(seed, 0))) {
					p := plant(secret, way...)
					text := p.forms[len(p.forms)-1]
					if len(text) > 1000 {
						continue // the server bounds headers
					}
					plants = append(plants, p)
					header := http.Header{"X-Copy": {text}, "Referer": {"https://x/" + url.PathEscape(text)}, "Cookie": {"a=" + text}, "X-Api-Key": {key}}
					query := url.Values{"q": {text}, text: {"x"}, "created_at": {text}}
					s.do(request{path: "/v2/stamps/1/score/" + url.PathEscape(text) + "?" + query.Encode(), header: header})
				}
			})
			require.Len(t, usages, len(plants))
			for i, u := range usages {
				for _, text := range texts(t, u) {
					for _, form := range plants[i].forms {
						if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
							t.Fatalf("%q, encoded by %q, is recorded: %.300q", form, plants[i].by, text)
						}
					}
				}
			}
			for _, p := range plants {
				for _, form := range p.forms {
					assert.NotContains(t, log, form)
				}
			}
		})
	}
}

// texts returns the texts in the columns of a usage, each text of a document
// separately.
func texts(t *testing.T, u store.Usage) []string {
	t.Helper()
	all := []string{u.Path, u.BasePath, u.Error}
	for _, document := range [][]byte{u.Segments, u.Query, u.Headers, u.Payload, u.Response} {
		if document == nil {
			continue
		}
		var value any
		require.NoError(t, json.Unmarshal(document, &value))
		all = append(all, leaves(value)...)
	}
	return all
}

func leaves(value any) (all []string) {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		for _, one := range value {
			all = append(all, leaves(one)...)
		}
	case map[string]any:
		for name, one := range value {
			all = append(append(all, name), leaves(one)...)
		}
	}
	return all
}

// Ordinary texts are recorded unchanged.
func TestUsage_OrdinaryTexts(t *testing.T) {
	header := http.Header{
		"User-Agent":       {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"},
		"Accept":           {"application/json, text/plain, */*"},
		"Accept-Language":  {"en-GB,en;q=0.9,de;q=0.8"},
		"Traceparent":      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"X-Forwarded-For":  {"2001:db8:85a3::8a2e:370:7334, 203.0.113.195"},
		"If-None-Match":    {`W/"0815-4bf92f3577b34da6a3ce929d0e0e4736"`},
		"X-Correlation-Id": {"f47ac10b-58cc-4372-a567-0e02b2c3d479"},
	}
	query := url.Values{"created_at": {"2026-01-01T12:00:00+02:00"}, "wallet": {alice}, "token": {"o17"}, "note": {"50% of <b> & c:\\temp"}}
	var body string
	usages, _ := recorded(t, func(s *site) {
		body = s.do(request{path: "/v2/stamps/1/score/" + alice + "?" + query.Encode(), key: s.reader, header: header}).body
	})
	require.Len(t, usages, 1)
	assert.Equal(t, "/v2/stamps/1/score/"+alice, usages[0].Path)
	assert.JSONEq(t, body, string(usages[0].Response))
	var headers, parameters map[string]string
	require.NoError(t, json.Unmarshal(usages[0].Headers, &headers))
	require.NoError(t, json.Unmarshal(usages[0].Query, &parameters))
	for name, values := range header {
		assert.Equal(t, values[0], headers[name], name)
	}
	for name, values := range query {
		assert.Equal(t, values[0], parameters[name], name)
	}
}

// Names are decoded too, and a token is only recorded if it is the cursor of a
// listing.
func TestUsage_SecretNames(t *testing.T) {
	header := http.Header{"Token": {"hush"}, "X-Api%4bey": {"hush"}, "X-Bearer": {"o17"}, "Passphrase": {"hush"}}
	usages, _ := recorded(t, func(s *site) {
		s.do(request{path: "/v2/stamps/" + alice + "?api%25255Fk%252565y=hush&token=hush&acce\\u0073s_tok\\u0065n=hush", key: s.reader, header: header})
	})
	require.Len(t, usages, 1)
	assert.NotContains(t, strings.Join(texts(t, usages[0]), "\n"), "hush")
}

// A text that is too long or too deeply encoded to be searched is not recorded,
// and costs little.
func TestUsage_AbsurdEncodings(t *testing.T) {
	deep := "i%" + strings.Repeat("25", 30) + "6enocent"
	usages, _ := recorded(t, func(s *site) {
		for _, text := range []string{deep, strings.Repeat("%25", 500), strings.Repeat("41", 900), strings.Repeat("QUFB", 450), strings.Repeat(`\\`, 900)} {
			s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader, header: http.Header{"X-Copy": {text}}})
		}
	})
	require.Len(t, usages, 5)
	assert.Contains(t, string(usages[0].Headers), `"X-Copy":"***"`)
}

// Credentials, whose nullifiers identify the accounts of a person, are not
// copied into usages, and neither are errors that quote them.
func TestUsage_NoCredentials(t *testing.T) {
	var nullifiers []string
	usages, _ := recorded(t, func(s *site) {
		signed := s.signed(bob, "Google")
		var document struct {
			CredentialSubject struct {
				Provider   string   `json:"provider"`
				Nullifiers []string `json:"nullifiers"`
			} `json:"credentialSubject"`
		}
		require.NoError(t, json.Unmarshal(signed, &document))
		nullifiers = slices.Concat(document.CredentialSubject.Nullifiers, []string{"v1:quoted"})
		odd := strings.Replace(string(signed), `"Google"`, `"v1:quoted"`, 1)
		require.NotEqual(t, odd, string(signed))
		key := s.everything
		for _, body := range []string{string(signed), odd + "," + odd} {
			s.do(request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: key, body: `{"credentials": [` + body + `]}`})
		}
		s.do(request{path: "/v2/stamps/" + bob, key: key})
	})
	require.Len(t, usages, 3)
	require.Greater(t, len(nullifiers), 1)
	for i, u := range usages {
		assert.Equal(t, i > 0, u.ResponseSkipped)
		for _, nullifier := range nullifiers {
			assert.False(t, slices.ContainsFunc(texts(t, u), func(text string) bool { return strings.Contains(text, nullifier) }), nullifier)
		}
	}
	assert.Equal(t, "Bad Request", usages[1].Error)
}

func BenchmarkRecord(b *testing.B) {
	log, err := usage.New(&kept{})
	require.NoError(b, err)
	for name, options := range map[string][]passporthttp.Option{"without": nil, "with": {passporthttp.WithUsage(log)}} {
		b.Run(name, func(b *testing.B) {
			s := newSite(b, options...)
			header := http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"}}
			for b.Loop() {
				s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.everything, header: header})
			}
		})
	}
}
