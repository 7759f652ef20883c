package passporthttp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

// kept are the uses that were recorded.
type kept struct{ uses []store.Use }

func (k *kept) AddUses(_ context.Context, uses ...store.Use) error {
	for i := range uses {
		if err := uses[i].Validate(); err != nil {
			return err
		}
	}
	k.uses = append(k.uses, uses...)
	return nil
}

// recorded returns what the requests leave in the log of uses.
func recorded(t *testing.T, ask func(s *site)) (uses []store.Use, log string) {
	t.Helper()
	rows := &kept{}
	queue, err := apikey.NewUseLog(rows)
	require.NoError(t, err)
	s := newSite(t, passporthttp.WithUses(queue))
	ask(s)
	require.NoError(t, s.shutDown(), "a use is recorded after the answer")
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, queue.Run(ended), "it writes what is queued")
	require.Zero(t, queue.Dropped())
	return rows.uses, s.log.String()
}

func TestEachCallOfAKeyIsRecorded(t *testing.T) {
	var id, score string
	uses, _ := recorded(t, func(s *site) {
		row, err := s.rows.FindKey(t.Context(), s.reader[:8])
		require.NoError(t, err)
		id = row.ID
		score = s.do(request{path: "/v2/stamps/1/score/" + alice + "?a=1&a=2&b=", key: s.reader, header: http.Header{"User-Agent": {"tester"}}}).body
		s.do(request{path: "/v2/stamps/1/score/nonsense", key: s.reader})
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.nobody})
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: "no.key"})
		s.do(request{path: "/health", key: s.reader})
		s.do(request{path: "/nowhere", key: s.reader})
	})
	require.Len(t, uses, 3, "a call without a valid key is nobody's")
	first := uses[0]
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
	assert.Equal(t, 400, uses[1].Status)
	assert.Equal(t, "Invalid address.", uses[1].Error)
	assert.Equal(t, 403, uses[2].Status)
	assert.Equal(t, "Invalid permissions for action.", uses[2].Error)
}

// Wherever the caller puts its key, and whatever else is a secret, neither the
// rows nor the log hold it.
func TestNoSecretIsRecordedOrLogged(t *testing.T) {
	var key string
	uses, log := recorded(t, func(s *site) {
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
		// Somebody else's key in the wrong place.
		s.do(request{path: "/v2/stamps/1/score/" + key + "?q=" + key, key: s.everything, header: http.Header{"X-Copy": {key}, "X-Request-Id": {key}}})
	})
	require.Len(t, uses, 7)
	secret := key[9:]
	for name, text := range map[string]string{"the rows": plain(uses), "the log": log} {
		assert.NotContains(t, text, secret, name)
		assert.NotContains(t, text, "hush", name)
	}
	assert.NotContains(t, log, "X-Copy")
	assert.Contains(t, log, `"key":"`+key[:8]+`"`, "whose it was is told")
}

// A key need not look like those that are made today.
func TestAKeyOfAnotherFormIsMaskedAsWell(t *testing.T) {
	uses, _ := recorded(t, func(s *site) {
		digest := sha256.Sum256([]byte("odd.hush"))
		hash := "sha256$" + hex.EncodeToString(digest[:])
		require.NoError(t, s.rows.AddKey(t.Context(), store.Key{ID: "odd." + hash, Prefix: "odd", Hash: hash, Account: 1, ReadScores: true}))
		got := s.do(request{path: "/v2/stamps/1/score/odd.hush?q=odd.hush", key: "odd.hush", header: http.Header{"Referer": {"/odd.hush"}}})
		require.Equal(t, http.StatusBadRequest, got.status)
	})
	require.Len(t, uses, 1)
	assert.NotContains(t, plain(uses), "hush")
}

// plain returns all that the uses hold.
func plain(uses []store.Use) string {
	var text strings.Builder
	for i := range uses {
		use := &uses[i]
		text.WriteString(use.Path + use.BasePath + use.Error)
		for _, document := range [][]byte{use.Segments, use.Query, use.Headers, use.Payload, use.Response} {
			text.Write(document)
		}
	}
	return text.String()
}

// A use must fit the columns, and the indexes that the service has on them,
// whatever the request is like.
func TestAUseFitsItsRow(t *testing.T) {
	huge := strings.Repeat("x", 3000)
	var score string
	uses, _ := recorded(t, func(s *site) {
		s.do(request{path: "/v2/stamps/1/score/" + huge + "?q=" + huge, key: s.reader, header: http.Header{"X-Huge": {strings.Repeat(huge, 4)}}})
		s.do(request{path: "/v2/stamps/1/score/%00%FF%C3?%00=%FF", key: s.reader, header: http.Header{"X-Bytes": {"\xff\xfe"}}})
		for range 12 {
			s.stamp(bob, "P"+time.Now().String())
		}
		score = s.do(request{path: "/v2/stamps/" + bob, key: s.reader}).body
	})
	require.Greater(t, len(score), 8<<10)
	require.Len(t, uses, 3)
	for _, use := range uses {
		require.NoError(t, use.Validate())
		for _, document := range [][]byte{use.Segments, use.Query, use.Payload} {
			assert.Less(t, len(document), 2000)
		}
	}
	assert.Len(t, uses[0].Path, store.MaxPath)
	assert.Equal(t, `{}`, string(uses[0].Headers), "too much of them")
	assert.Contains(t, string(uses[1].Segments), "\uFFFD")
	assert.True(t, uses[2].ResponseSkipped)
	assert.Nil(t, uses[2].Response)
}

// The rows are those of the service's table.
func TestAUseIsARowOfTheServicesTable(t *testing.T) {
	var tables bytes.Buffer
	var rows *memstore.Store
	uses, _ := recorded(t, func(s *site) {
		rows = s.rows.Store
		s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	})
	require.NoError(t, rows.AddUses(t.Context(), uses...))
	require.NoError(t, rows.WriteRows(&tables))
	var all map[string][]map[string]any
	require.NoError(t, json.Unmarshal(tables.Bytes(), &all))
	require.Len(t, all["account_accountapikeyanalytics"], 1)
	row := all["account_accountapikeyanalytics"][0]
	assert.Equal(t, "/v2/stamps/1/score/"+alice, row["path"])
	assert.InDelta(t, 200, row["status_code"], 0)
	assert.Equal(t, "***", row["headers"].(map[string]any)["X-Api-Key"])
	assert.Equal(t, "3.50000", row["response"].(map[string]any)["score"])
}

// A log that is full must not keep a caller waiting, nor a refusal.
func TestAUseThatCannotBeQueuedCostsTheCallerNothing(t *testing.T) {
	full, err := apikey.NewUseLog(&kept{}, apikey.WithUseCapacity(1))
	require.NoError(t, err)
	s := newSite(t, passporthttp.WithUses(full))
	for range 5 {
		assert.Equal(t, http.StatusOK, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
	}
	require.NoError(t, s.shutDown())
	assert.EqualValues(t, 4, full.Dropped())
}
