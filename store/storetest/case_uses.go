package storetest

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func usesOf(w *world) store.Uses { return w.Harness.(store.Uses) }

// used seeds two keys, and returns a good use of the first.
func used(w *world) store.Use {
	w.t.Helper()
	w.keys(keyRow("abcd1234"), keyRow("other"))
	return store.Use{
		KeyID: "abcd1234.sha256$aa", At: noon, Path: "/v2/stamps/1/score/" + alice, BasePath: "/v2/stamps/",
		Segments: []byte(`["v2","stamps"]`), Query: []byte(`{"limit":"1"}`), Headers: []byte(`{"Host":"h"}`), Payload: []byte(`{"a":[null]}`),
		Response: []byte(`{"score":"1.00000"}`), Status: 200, Error: "none",
	}
}

// usesCases are for stores that record what keys were used for.
func usesCases(h Harness) []Case {
	if _, has := h.(store.Uses); !has {
		return nil
	}
	return append(usesAddedCases(), usesRefusedCases()...)
}

func usesAddedCases() []Case {
	add := func(w *world, uses ...store.Use) []row {
		w.t.Helper()
		require.NoError(w.t, usesOf(w).AddUses(w.ctx, uses...))
		rows := w.table("account_accountapikeyanalytics")
		require.Len(w.t, rows, len(uses))
		return rows
	}
	return []Case{
		{Name: "AddUses must insert each use as the service does", run: func(w *world) {
			use := used(w)
			got := add(w, use)[0]
			for name, want := range (row{
				"api_key_id": use.KeyID, "path": use.Path, "base_path": use.BasePath, "response_skipped": false,
				"status_code": float64(200), "error": "none",
			}) {
				assert.Equal(w.t, want, got[name], name)
			}
			for name, want := range map[string][]byte{
				"path_segments": use.Segments, "query_params": use.Query, "headers": use.Headers, "payload": use.Payload, "response": use.Response,
			} {
				assertJSON(w, string(want), got[name])
			}
			assert.Equal(w.t, noon, moment(w.t, got["created_at"]))
			assert.NotZero(w.t, got["id"])
		}},
		{Name: "AddUses must write NULL for what is empty, but for the path", run: func(w *world) {
			got := add(w, store.Use{KeyID: used(w).KeyID, At: noon})[0]
			for _, name := range []string{"base_path", "path_segments", "query_params", "headers", "payload", "response", "status_code", "error"} {
				assert.Contains(w.t, got, name)
				assert.Nil(w.t, got[name], name)
			}
			assert.Empty(w.t, got["path"])
			assert.NotNil(w.t, got["path"])
			assert.Equal(w.t, false, got["response_skipped"])
		}},
		{Name: "AddUses must insert all of the uses in order", run: func(w *world) {
			uses := make([]store.Use, 1000)
			use := used(w)
			for i := range uses {
				use.Path, use.ResponseSkipped = strconv.Itoa(i), i%3 == 1
				use.KeyID = []string{"abcd1234.sha256$aa", "other.sha256$aa"}[i%2]
				use.At = noon.Add(-time.Duration(i) * time.Second) // the order is that of the arguments
				uses[i] = use
			}
			for i, r := range add(w, uses...) {
				require.Equal(w.t, uses[i].Path, r["path"])
				require.Equal(w.t, uses[i].KeyID, r["api_key_id"])
				require.Equal(w.t, uses[i].ResponseSkipped, r["response_skipped"])
				require.Equal(w.t, uses[i].At, moment(w.t, r["created_at"]))
			}
		}},
		{Name: "AddUses must add to those that are there", run: func(w *world) {
			use := used(w)
			add(w, use)
			require.NoError(w.t, usesOf(w).AddUses(w.ctx, use, use))
			assert.Len(w.t, w.table("account_accountapikeyanalytics"), 3, "equal uses are each a use")
		}},
		{Name: "AddUses must keep texts and documents as they are", run: func(w *world) {
			for _, text := range []string{
				`'"` + "`", `\ \\ \' {} {"a":["b",null]}`, "%s $1 ? :name", " \t\r\n\x01\x7f ", "NULL", "Zürich 東京 \U0001F600",
			} {
				use := used(w)
				use.Path, use.BasePath, use.Error = text, text, text
				document, err := json.Marshal(row{text: []string{text}})
				require.NoError(w.t, err)
				use.Query, use.Response = document, document
				w.seed(map[string][]row{"account_accountapikeyanalytics": {}})
				got := add(w, use)[0]
				assert.Equal(w.t, []any{text, text, text}, []any{got["path"], got["base_path"], got["error"]})
				assert.Equal(w.t, row{text: []any{text}}, got["query_params"])
				assert.Equal(w.t, row{text: []any{text}}, got["response"])
			}
		}},
		{Name: "AddUses must take a response of any kind of JSON", run: func(w *world) {
			for _, response := range []string{`"text"`, `[1,"a"]`, `true`, `-1.5`, `{}`, ` null `} {
				use := used(w)
				use.Response = []byte(response)
				w.seed(map[string][]row{"account_accountapikeyanalytics": {}})
				assertJSON(w, response, add(w, use)[0]["response"])
			}
		}},
		{Name: "AddUses must take the widest of everything", run: func(w *world) {
			use := used(w)
			use.Path, use.BasePath = strings.Repeat("ü", store.MaxPath), strings.Repeat("ü", store.MaxBasePath)
			use.Error, use.Status = strings.Repeat("\U0001F600", store.MaxUseError), 999
			use.At = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
			got := add(w, use)[0]
			assert.Equal(w.t, []any{use.Path, use.BasePath, use.Error}, []any{got["path"], got["base_path"], got["error"]})
			assert.Equal(w.t, use.At.Truncate(time.Microsecond), moment(w.t, got["created_at"]))
		}},
		{Name: "AddUses of no use is no error", run: func(w *world) {
			w.unchanged(func() { require.NoError(w.t, usesOf(w).AddUses(w.ctx)) })
		}},
	}
}

func usesRefusedCases() []Case {
	refused := func(w *world, kind error, why string, uses ...store.Use) {
		w.t.Helper()
		w.unchanged(func() { assert.ErrorIs(w.t, usesOf(w).AddUses(w.ctx, uses...), kind, why) })
	}
	return []Case{
		{Name: "AddUses must return ErrNotFound when a key does not exist, and insert none", run: func(w *world) {
			good := used(w)
			for _, id := range []string{"abcd1234", "abcd1234.sha256$aa ", "%", strings.Repeat("ü", store.MaxKeyID)} {
				bad := good
				bad.KeyID = id
				refused(w, store.ErrNotFound, id, good, bad, good)
			}
		}},
		{Name: "AddUses must return ErrInvalid when Validate refuses one, and insert none", run: func(w *world) {
			good := used(w)
			for why, spoil := range map[string]func(*store.Use){
				"no key":           func(u *store.Use) { u.KeyID = "" },
				"no moment":        func(u *store.Use) { u.At = time.Time{} },
				"a NUL":            func(u *store.Use) { u.Path = "\x00" },
				"invalid UTF-8":    func(u *store.Use) { u.Error = "\xff" },
				"a long path":      func(u *store.Use) { u.Path = strings.Repeat("/", store.MaxPath+1) },
				"a long error":     func(u *store.Use) { u.Error = strings.Repeat("e", store.MaxUseError+1) },
				"no JSON":          func(u *store.Use) { u.Payload = []byte(`{`) },
				"empty JSON":       func(u *store.Use) { u.Response = []byte{} },
				"a NUL in JSON":    func(u *store.Use) { u.Headers = []byte(`{"a":"\u0000"}`) },
				"an absurd status": func(u *store.Use) { u.Status = 1 << 40 },
			} {
				bad := good
				spoil(&bad)
				refused(w, store.ErrInvalid, why, good, bad)
			}
		}},
		{Name: "AddUses must return ErrInvalid for a document that the database cannot hold, and insert none", run: func(w *world) {
			good := used(w)
			bad := good
			bad.Query = []byte(`{"a":"\ud800"}`)
			refused(w, store.ErrInvalid, "half of a surrogate pair", good, bad)
		}},
		{Name: "AddUses must return context.Canceled when the context has ended, and insert none", run: func(w *world) {
			use, ctx := used(w), w.ended()
			w.unchanged(func() {
				err := usesOf(w).AddUses(ctx, use)
				require.ErrorIs(w.t, err, context.Canceled)
				assert.False(w.t, store.Retryable(err))
			})
		}},
	}
}
