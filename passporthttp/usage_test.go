package passporthttp_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

// kept is a store that keeps the usages.
type kept struct{ usages []store.Usage }

func (k *kept) AddUsage(_ context.Context, usages ...store.Usage) error {
	for i := range usages {
		if err := usages[i].Validate(); err != nil {
			return err
		}
	}
	k.usages = append(k.usages, usages...)
	return nil
}

// recorded returns the usages and the log of the requests.
func recorded(t *testing.T, ask func(s *site)) (usages []store.Usage, log string) {
	t.Helper()
	db := &kept{}
	queue, err := usage.New(db)
	require.NoError(t, err)
	s := newSite(t, passporthttp.WithUsage(queue))
	ask(s)
	require.NoError(t, s.shutDown(), "a call is recorded after its answer")
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, queue.Run(ended), "it writes the queue")
	require.Zero(t, queue.Dropped())
	return db.usages, s.log.String()
}

func TestUsage(t *testing.T) {
	var id, score string
	usages, _ := recorded(t, func(s *site) {
		row, err := s.db.FindKey(t.Context(), s.reader[:8])
		require.NoError(t, err)
		id = row.ID
		score = s.do(request{path: "/v2/stamps/1/score/" + alice + "?a=1&a=2&b=", key: s.reader, header: http.Header{"User-Agent": {"tester"}}}).body
		s.do(request{path: "/v2/stamps/1/score/nonsense", key: s.reader})
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.nobody})
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: "no.key"})
		s.do(request{path: "/health", key: s.reader})
		s.do(request{path: "/nowhere", key: s.reader})
	})
	require.Len(t, usages, 3, "calls without a valid key are not recorded")
	first := usages[0]
	assert.Equal(t, id, first.KeyID)
	assert.WithinDuration(t, time.Now(), first.At, time.Minute)
	assert.Equal(t, "/v2/stamps/1/score/"+alice, first.Path)
	assert.Equal(t, "/v2/stamps", first.BasePath)
	assert.JSONEq(t, `["v2","stamps","1","score","`+alice+`"]`, string(first.Segments))
	assert.JSONEq(t, `{"a":"1, 2","b":""}`, string(first.Query))
	assert.JSONEq(t, `{"User-Agent":"tester","Accept-Encoding":"gzip","X-Api-Key":"***"}`, string(first.Headers))
	assert.JSONEq(t, score, string(first.Response))
	assert.False(t, first.ResponseSkipped)
	assert.Equal(t, 200, first.Status)
	assert.Empty(t, first.Error)
	assert.Equal(t, 400, usages[1].Status)
	assert.Equal(t, "Invalid address.", usages[1].Error)
	assert.Equal(t, 403, usages[2].Status)
	assert.Equal(t, "Invalid permissions for action.", usages[2].Error)
}

// Neither the rows nor the log hold a secret, wherever the caller puts it.
func TestUsage_Secrets(t *testing.T) {
	var key string
	usages, log := recorded(t, func(s *site) {
		key = s.reader
		header := http.Header{
			"Authorization": {"Bearer hush-1"}, "Cookie": {"session=hush-2"}, "Proxy-Authorization": {"Basic hush-3"}, "X-Auth-Token": {"hush-4"},
			"X-Amz-Security-Token": {"hush-5"}, "X-Copy": {"key " + key}, "X-Session-Id": {"hush-6"}, "Referer": {"https://x/?k=" + key},
		}
		query := url.Values{"api_key": {"hush-7"}, "password": {"hush-8"}, "access_token": {"hush-9"}, "q": {key}, key: {"x"}}.Encode()
		s.do(request{path: "/v2/stamps/1/score/" + alice + "?" + query, key: key, header: header})
		s.do(request{path: "/v2/stamps/1/score/" + key + "?" + query, key: key, header: header})
		s.do(request{path: "/v2/stamps/" + key + "/score/" + alice, key: key})
		s.do(request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=" + key, key: key})
		s.do(request{path: "/v2/stamps/" + alice + "?token=" + key, key: key})
		s.do(request{path: "/" + key, key: key, header: http.Header{"X-Request-Id": {key}}})
		s.do(request{method: key, path: "/" + key, key: key, header: header})
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: key + "x"})
		s.do(request{path: "/v2/stamps/1/score/" + alice, header: http.Header{"Authorization": {"Api-Key " + key}, "X-Api-Key": {""}}})
		// Another key in the wrong place.
		s.do(request{path: "/v2/stamps/1/score/" + key + "?q=" + key, key: s.everything, header: http.Header{"X-Copy": {key}, "X-Request-Id": {key}}})
	})
	require.Len(t, usages, 7)
	secret := key[9:]
	for name, text := range map[string]string{"the rows": plain(usages), "the log": log} {
		assert.NotContains(t, text, secret, name)
		assert.NotContains(t, text, "hush", name)
	}
	assert.NotContains(t, log, "X-Copy")
	assert.Contains(t, log, `"key_prefix":"`+key[:8]+`"`, "the prefix is logged")
}

// A key may have another form than those that are created today.
func TestUsage_OddKey(t *testing.T) {
	usages, _ := recorded(t, func(s *site) {
		digest := sha256.Sum256([]byte("odd.hush"))
		hash := "sha256$" + hex.EncodeToString(digest[:])
		require.NoError(t, s.db.AddKey(t.Context(), store.Key{ID: "odd." + hash, Prefix: "odd", Hash: hash, Account: 1, ReadScores: true}))
		got := s.do(request{path: "/v2/stamps/1/score/odd.hush?q=odd.hush", key: "odd.hush", header: http.Header{"Referer": {"/odd.hush"}}})
		require.Equal(t, http.StatusBadRequest, got.status)
	})
	require.Len(t, usages, 1)
	assert.NotContains(t, plain(usages), "hush")
}

// plain returns all texts of the usages.
func plain(usages []store.Usage) string {
	var text strings.Builder
	for i := range usages {
		u := &usages[i]
		text.WriteString(u.Path + u.BasePath + u.Error)
		for _, document := range [][]byte{u.Segments, u.Query, u.Headers, u.Payload, u.Response} {
			text.Write(document)
		}
	}
	return text.String()
}

// A usage must fit the columns, and the indexes that the service has on them.
func TestUsage_Bounds(t *testing.T) {
	huge := strings.Repeat("x", 3000)
	var score string
	usages, _ := recorded(t, func(s *site) {
		s.do(request{path: "/v2/stamps/1/score/" + huge + "?q=" + huge, key: s.reader, header: http.Header{"X-Huge": {strings.Repeat(huge, 4)}}})
		s.do(request{path: "/v2/stamps/1/score/%00%FF%C3?%00=%FF", key: s.reader, header: http.Header{"X-Bytes": {"\xff\xfe"}}})
		for range 12 {
			s.stamp(bob, "P"+time.Now().String())
		}
		score = s.do(request{path: "/v2/stamps/" + bob, key: s.reader}).body
	})
	require.Greater(t, len(score), 8<<10)
	require.Len(t, usages, 3)
	for _, u := range usages {
		require.NoError(t, u.Validate())
		for _, document := range [][]byte{u.Segments, u.Query, u.Payload} {
			assert.Less(t, len(document), 2000)
		}
	}
	assert.Len(t, usages[0].Path, store.MaxPath)
	assert.Equal(t, `{}`, string(usages[0].Headers), "too long")
	assert.Contains(t, string(usages[1].Segments), "\uFFFD")
	assert.True(t, usages[2].ResponseSkipped)
	assert.Nil(t, usages[2].Response)
}

// A store takes the usages.
func TestUsage_Stored(t *testing.T) {
	var db *memstore.Store
	usages, _ := recorded(t, func(s *site) {
		db = s.db.Store
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	})
	require.NoError(t, db.AddUsage(t.Context(), usages...))
	stored := db.State().Usage
	require.Len(t, stored, 1)
	assert.Equal(t, "/v2/stamps/1/score/"+alice, stored[0].Path)
	assert.Equal(t, 200, stored[0].Status)
	assert.Contains(t, string(stored[0].Headers), `"X-Api-Key":"***"`)
	assert.Contains(t, string(stored[0].Response), `"score":"3.50000"`)
}

// A full log must not delay a caller.
func TestUsage_FullLog(t *testing.T) {
	full, err := usage.New(&kept{}, usage.WithCapacity(1))
	require.NoError(t, err)
	s := newSite(t, passporthttp.WithUsage(full))
	for range 5 {
		assert.Equal(t, http.StatusOK, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
	}
	require.NoError(t, s.shutDown())
	assert.EqualValues(t, 4, full.Dropped())
}
