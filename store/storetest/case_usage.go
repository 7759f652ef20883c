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

// usage is a good usage of the first of two keys, which it seeds.
func (w *world) usage(change ...func(*store.Usage)) store.Usage {
	w.t.Helper()
	w.keys(apiKey("abcd1234"), apiKey("other"))
	usage := store.Usage{
		KeyID: keyID, At: noon, Path: "/v2/stamps/1/score/" + string(alice), BasePath: "/v2/stamps/",
		Segments: []byte(`["v2","stamps"]`), Query: []byte(`{"limit":"1"}`), Headers: []byte(`{"Host":"h"}`), Payload: []byte(`{"a":[null]}`),
		Response: []byte(`{"score":"1.00000"}`), Status: 200, Error: "none",
	}
	for _, f := range change {
		f(&usage)
	}
	return usage
}

// logs demands that the usages are added, each as it is given.
func (w *world) logs(usages ...store.Usage) {
	w.t.Helper()
	w.becomes(func(s *store.State) { s.Usage = append(s.Usage, usages...) }, func() {
		require.NoError(w.t, role[store.UsageLog](w).AddUsage(w.ctx, usages...))
	})
}

// usageCases are about the calls made with keys.
func usageCases() []Case {
	return append(addUsageCases(), refusedUsageCases()...)
}

func addUsageCases() []Case {
	return []Case{
		{Name: "AddUsage inserts a usage", run: func(w *world) {
			w.logs(w.usage())
		}},
		{Name: "AddUsage inserts a usage that lacks everything", run: func(w *world) {
			w.logs(store.Usage{KeyID: w.usage().KeyID, At: noon})
		}},
		{Name: "AddUsage inserts usages in their order", run: func(w *world) {
			usages := make([]store.Usage, 1000)
			usage := w.usage()
			for i := range usages {
				usage.Path, usage.ResponseSkipped = strconv.Itoa(i), i%3 == 1
				usage.KeyID = []string{keyID, "other.sha256$aa"}[i%2]
				usage.At = noon.Add(-time.Duration(i) * time.Second)
				usages[i] = usage
			}
			w.logs(usages...)
		}},
		{Name: "AddUsage inserts equal usages each", run: func(w *world) {
			usage := w.usage()
			w.logs(usage)
			w.logs(usage, usage)
			assert.Len(w.t, w.state().Usage, 3)
		}},
		{Name: "AddUsage keeps every text and every digit", run: func(w *world) {
			for _, text := range texts() {
				document, err := json.Marshal(map[string]any{text: text, "number": json.RawMessage("1.50")})
				require.NoError(w.t, err)
				w.logs(w.usage(func(u *store.Usage) {
					u.Path, u.BasePath, u.Error = text, text, text
					u.Query, u.Response = document, document
				}))
			}
		}},
		{Name: "AddUsage takes a response of any JSON", run: func(w *world) {
			for _, response := range []string{`"text"`, `[1,"a"]`, `true`, `-1.5`, `{}`} {
				w.logs(w.usage(func(u *store.Usage) { u.Response = []byte(response) }))
			}
			null := w.usage(func(u *store.Usage) { u.Response = []byte(" null ") })
			require.NoError(w.t, role[store.UsageLog](w).AddUsage(w.ctx, null))
			assert.Len(w.t, w.state().Usage, 6)
		}},
		{Name: "AddUsage takes the full width", run: func(w *world) {
			w.logs(w.usage(func(u *store.Usage) {
				u.Path, u.BasePath = strings.Repeat("ü", store.MaxPath), strings.Repeat("ü", store.MaxBasePath)
				u.Error, u.Status = strings.Repeat("\U0001F600", store.MaxUsageError), 999
			}))
		}},
		{Name: "AddUsage keeps times in whole microseconds", run: func(w *world) {
			late := w.usage(func(u *store.Usage) { u.At = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC) })
			require.NoError(w.t, role[store.UsageLog](w).AddUsage(w.ctx, late))
			logged := w.state().Usage
			require.Len(w.t, logged, 1)
			assert.Equal(w.t, store.Microseconds(late.At), logged[0].At)
		}},
		{Name: "AddUsage of none is no error", run: func(w *world) {
			w.unchanged(func() { require.NoError(w.t, role[store.UsageLog](w).AddUsage(w.ctx)) })
		}},
	}
}

func refusedUsageCases() []Case {
	refused := func(w *world, kind error, usages ...store.Usage) {
		w.t.Helper()
		w.unchanged(func() {
			w.fails(kind, role[store.UsageLog](w).AddUsage(w.ctx, usages...), "key %.20q", usages[1].KeyID)
		})
	}
	cases := []Case{
		{Name: "AddUsage refuses usages of an unknown key", run: func(w *world) {
			good := w.usage()
			for _, id := range []string{"abcd1234", keyID + " ", "%", strings.Repeat("ü", store.MaxKeyID)} {
				bad := good
				bad.KeyID = id
				refused(w, store.ErrNotFound, good, bad, good)
			}
		}},
		{Name: "AddUsage returns the error of a context that has ended", run: func(w *world) {
			usage := w.usage()
			w.ends(func(ctx context.Context) error { return role[store.UsageLog](w).AddUsage(ctx, usage) })
		}},
	}
	for name, spoil := range map[string]func(*store.Usage){
		"without a key":                  func(u *store.Usage) { u.KeyID = "" },
		"without a time":                 func(u *store.Usage) { u.At = time.Time{} },
		"with a NUL":                     func(u *store.Usage) { u.Path = "\x00" },
		"with invalid UTF-8":             func(u *store.Usage) { u.Error = "\xff" },
		"with a long path":               func(u *store.Usage) { u.Path = strings.Repeat("/", store.MaxPath+1) },
		"with a long error":              func(u *store.Usage) { u.Error = strings.Repeat("e", store.MaxUsageError+1) },
		"with a payload that is no JSON": func(u *store.Usage) { u.Payload = []byte(`{`) },
		"with an empty response":         func(u *store.Usage) { u.Response = []byte{} },
		"with a NUL in a header":         func(u *store.Usage) { u.Headers = []byte(`{"a":"\u0000"}`) },
		"with half of a surrogate":       func(u *store.Usage) { u.Query = []byte(`{"a":"\ud800"}`) },
		"with an absurd status":          func(u *store.Usage) { u.Status = 1 << 40 },
	} {
		cases = append(cases, Case{Name: "AddUsage refuses a usage " + name, run: func(w *world) {
			refused(w, store.ErrInvalid, w.usage(), w.usage(spoil), w.usage())
		}})
	}
	return cases
}
