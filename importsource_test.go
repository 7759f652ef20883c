package passport_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func indented(t *testing.T, text string) string {
	t.Helper()
	var tree any
	require.NoError(t, json.Unmarshal([]byte(text), &tree))
	pretty, err := json.MarshalIndent(tree, "", "  ")
	require.NoError(t, err)
	return string(pretty)
}

func TestImport_Forms(t *testing.T) {
	w := newImportWorld(t)
	a, b := w.issue(ann, "Google", day(1)), w.issue(ben, "Github", day(2))
	item := func(signed string) string {
		return `{"version": "1.0.0", "credential": ` + signed + `, "metadata": {"credential": "[}]"}}`
	}
	for name, text := range map[string]string{
		"lines":               a + "\n" + b + "\n",
		"lines, CRLF":         "\r\n" + a + "\r\n\r\n" + b,
		"one after the other": a + b,
		"list":                "[" + a + "," + b + "]",
		"two lists":           "[" + a + "][]\n[" + b + "]",
		"indented":            indented(t, "["+a+","+b+"]"),
		"indented lines":      indented(t, a) + "\n" + indented(t, b),
		"listing":             `{"next": "https://x/{[?a=\"b\"", "prev": null, "items": [` + item(a) + "," + item(b) + `]}`,
		"listing of Postgres": `{"items": [` + item(a) + "," + item(b) + `], "next": null, "prev": null}`,
		"pages":               `{"next":"x","prev":null,"items":[` + item(a) + "]}\n" + `{"next":null,"prev":"x","items":[` + item(b) + "]}",
		"list of pages":       indented(t, `[{"next":"x","prev":null,"items":[`+item(a)+"]},"+`{"next":null,"prev":"x","items":[`+item(b)+"]}]"),
		"items by the line":   item(a) + "\n" + item(b),
		"ingestion":           `{"credentials": [` + a + "," + b + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			for which, source := range map[string]io.Reader{
				"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
			} {
				mem := memstore.New()
				report, err := w.engine.Import(t.Context(), mem, source, func(r passport.Refusal) { t.Errorf("%+v", r) })
				require.NoError(t, err, which)
				assert.Equal(t, passport.ImportReport{Items: 2, Stored: 2, Refused: map[passport.Reason]int{}}, report, which)
				for address, signed := range map[string]string{ann: a, ben: b} {
					page, err := mem.ListCredentials(t.Context(), store.Address(address), store.Page{Limit: 2})
					require.NoError(t, err)
					require.Len(t, page.Credentials, 1)
					assert.JSONEq(t, signed, string(page.Credentials[0].Document))
				}
			}
		})
	}
	for name, text := range map[string]string{"nothing": "", "white space": " \n\t", "an empty list": "[ ]", "an empty page": `{"next":null,"prev":null,"items":[]}`} {
		report, refused := w.load(text)
		assert.Zero(t, report.Items, name)
		assert.Empty(t, refused, name)
	}
}

// Items before the place where the stream breaks are stored. The error names
// the place.
func TestImport_Broken(t *testing.T) {
	w := newImportWorld(t)
	good := w.issue(ann, "Google", day(1))
	for name, test := range map[string]struct {
		rest string
		want error
		text string
	}{
		"list without end":      {"", io.ErrUnexpectedEOF, "after item 1, in line 2: "},
		"half an item":          {",\n" + good[:len(good)/2], io.ErrUnexpectedEOF, "after item 1, in line 3: "},
		"in a string":           {`,"`, io.ErrUnexpectedEOF, "after item 1"},
		"in a name":             {`,{"a`, io.ErrUnexpectedEOF, "after item 1"},
		"an answer without end": {`]{"next":null,"items":[`, io.ErrUnexpectedEOF, "after item 1"},
		"another bracket":       {"}", store.ErrInvalid, "neither an item nor the end of a list"},
		"a bracket too many":    {"]]", store.ErrInvalid, "neither an item nor the end of a list"},
		"a colon":               {":", store.ErrInvalid, "neither an item nor the end of a list"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newImportWorld(t)
			report, err := w.engine.Import(t.Context(), w.mem, strings.NewReader("[\n"+good+test.rest), nil)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			assert.Equal(t, passport.ImportReport{Items: 1, Stored: 1, Refused: map[passport.Reason]int{}}, report)
		})
	}
	failed := errors.New("the disk failed")
	report, err := w.engine.Import(t.Context(), w.mem, io.MultiReader(strings.NewReader(good+" "), iotest.ErrReader(failed)), nil)
	require.ErrorIs(t, err, failed)
	assert.Equal(t, 1, report.Stored)
	_, err = w.engine.Import(t.Context(), nil, strings.NewReader(good), nil)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	_, err = w.engine.Import(t.Context(), w.mem, nil, nil)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
}

// repeated is a stream of copies of a text.
type repeated struct {
	text   string
	copies int
	at     int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) && r.copies > 0 {
		copied := copy(p[n:], r.text[r.at:])
		n, r.at = n+copied, r.at+copied
		if r.at == len(r.text) {
			r.at, r.copies = 0, r.copies-1
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// heapMeter records the live heap for each wallet of an import.
type heapMeter struct {
	store.Credentials
	live []uint64
}

func (m *heapMeter) ListCredentials(context.Context, store.Address, store.Page) (*store.CredentialPage, error) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.live = append(m.live, stats.HeapAlloc)
	return &store.CredentialPage{}, nil
}

func (m *heapMeter) AddCredentials(context.Context, store.Address, ...store.CredentialInput) error {
	return nil
}

// An import holds as much memory at the end of a long stream as at its start.
func TestImport_FlatMemory(t *testing.T) {
	var verified atomic.Int64
	w := newImportWorld(t, passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
		verified.Add(1)
		return nil
	})))
	const copies = 20_000
	meter := &heapMeter{}
	report, err := w.engine.Import(t.Context(), meter, &repeated{text: w.issue(ann, "Google", day(1)) + "\n", copies: copies}, nil)
	require.NoError(t, err)
	assert.Equal(t, copies, report.Items)
	assert.EqualValues(t, copies, verified.Load())
	require.GreaterOrEqual(t, len(meter.live), 20)
	assert.InEpsilon(t, meter.live[1], slices.Max(meter.live[1:]), 0.25, "bytes of live heap: %v", meter.live)
}

// Almost nothing is kept of an item that is larger than any credential.
func TestImport_HugeItem(t *testing.T) {
	w := newImportWorld(t)
	good := w.issue(ann, "Google", day(1))
	source := io.MultiReader(strings.NewReader(`["`), &repeated{text: strings.Repeat("x", 1<<10), copies: 64 << 10}, strings.NewReader(`",`+good+"]"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report, err := w.engine.Import(t.Context(), w.mem, source, nil)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, passport.ImportReport{Items: 2, Stored: 1, Refused: map[passport.Reason]int{credential.ReasonTooLarge: 1}}, report)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "bytes allocated for an item of 64 MiB")
}

// FuzzImport: each item of a stream is counted once, and a JSON list has the
// items that the standard library finds.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		`[1, "a\"b", {"c": [{}]}, null]`, `{"next":null,"items":[{"credential":{}},2],"x":[3]}`, `{"credentials":[[1]]} {"a"`, "{}\n{}", `[{"items":[]}]`, `{"":`,
	} {
		f.Add(seed)
	}
	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers("did:ethr:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91"))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		report, err := engine.Import(t.Context(), memstore.New(), strings.NewReader(text), nil)
		refused := 0
		for n := range maps.Values(report.Refused) {
			refused += n
		}
		assert.Equal(t, report.Items, report.Stored+report.Superseded+refused)
		var list []json.RawMessage
		answer := regexp.MustCompile(`"(items|credentials|next|prev)"`)
		if json.Unmarshal([]byte(text), &list) == nil && list != nil && !answer.MatchString(text) {
			require.NoError(t, err)
			assert.Len(t, list, report.Items)
		}
	})
}
