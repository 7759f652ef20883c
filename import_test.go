package passport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var (
	ann = passporttest.Address("ann")
	ben = passporttest.Address("ben")
)

// importWorld is an engine that imports into a memory store.
type importWorld struct {
	*testing.T
	engine *passport.Engine
	mem    *memstore.Store
	issuer *passporttest.Issuer
}

func newImportWorld(t *testing.T, options ...passport.Option) *importWorld {
	t.Helper()
	w := &importWorld{T: t, mem: memstore.New(), issuer: passporttest.NewIssuerFromSeed("import")}
	var err error
	w.engine, err = passport.New(w.mem, append([]passport.Option{passport.WithTrustedIssuers(w.issuer.DID())}, options...)...)
	require.NoError(t, err)
	return w
}

// day is a moment in 2025, when credentials are issued.
func day(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }

// issue returns a credential that is valid until 2100 unless it is told.
func (w *importWorld) issue(address, provider string, issued time.Time, options ...passporttest.CredentialOption) string {
	w.Helper()
	options = append([]passporttest.CredentialOption{
		passporttest.IssuedAt(issued), passporttest.ExpiresAt(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)),
	}, options...)
	signed, err := w.issuer.Issue(address, provider, "account of "+address, options...)
	require.NoError(w, err)
	return string(signed)
}

// load imports the text, and returns what was refused and the report.
func (w *importWorld) load(text string) (passport.ImportReport, []passport.Refusal) {
	w.Helper()
	var refused []passport.Refusal
	report, err := w.engine.Import(w.Context(), w.mem, strings.NewReader(text), func(r passport.Refusal) { refused = append(refused, r) })
	require.NoError(w, err)
	return report, refused
}

// stored returns "provider date of issue" of the live credentials.
func (w *importWorld) stored(address string) (texts []string) {
	w.Helper()
	page, err := w.mem.ListCredentials(w.Context(), address, store.Page{Limit: store.MaxPage})
	require.NoError(w, err)
	for _, c := range page.Credentials {
		signed, err := credential.Parse(c.Stamp)
		require.NoError(w, err)
		texts = append(texts, c.Provider+" "+signed.IssuedAt.Format(time.DateOnly))
	}
	slices.Sort(texts)
	return texts
}

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
					page, err := mem.ListCredentials(t.Context(), address, store.Page{Limit: 2})
					require.NoError(t, err)
					require.Len(t, page.Credentials, 1)
					assert.JSONEq(t, signed, string(page.Credentials[0].Stamp))
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

func TestImport_Refusals(t *testing.T) {
	w := newImportWorld(t)
	stranger := &importWorld{T: t, issuer: passporttest.NewIssuer()}
	good := w.issue(ann, "Google", day(1))
	secret := passporttest.Nullifier("Google", "account of "+ann)
	require.Contains(t, good, secret)
	rubbish := []struct {
		text string
		want passport.Reason
	}{
		{`null`, credential.ReasonMalformed},
		{`-1.5e3`, credential.ReasonMalformed},
		{`"text"`, credential.ReasonMalformed},
		{`{}`, credential.ReasonMalformed},
		{`[[` + good + `]]`, credential.ReasonMalformed},
		{`{"credential": 1}`, credential.ReasonMalformed},
		{`{"credential": {"credential": ` + good + `}}`, credential.ReasonMalformed},
		{`{"items": null}`, credential.ReasonMalformed},
		{`{"next" 1 "` + secret + `"}`, credential.ReasonMalformed},
		{`{"credentials": {"prev": [` + good + `]}}`, credential.ReasonMalformed},
		{`{"detail": "Unauthorized ` + secret + `"}`, credential.ReasonMalformed},
		{strings.Replace(good, `"issuer"`, `"issuer":"did:x:y","issuer"`, 1), credential.ReasonMalformed},
		{strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), credential.ReasonTooLarge},
		{`{"a": "` + strings.Repeat("x", 70_000) + `"}`, credential.ReasonTooLarge},
		{`{"a": "` + strings.Repeat("x", 3<<20) + `"}`, credential.ReasonTooLarge},
		{strings.Replace(good, "2025-01-01", "2025-01-02", 1), credential.ReasonBadSignature},
		{strings.Replace(good, "did:pkh:eip155:1:"+ann, "did:pkh:eip155:1:"+ben, 1), credential.ReasonBadSignature},
		{strings.Replace(good, "did:pkh:eip155:1:"+ann, "did:pkh:eip155:10:"+ann, 1), passport.ReasonWrongSubject},
		{strings.Replace(good, "did:pkh:eip155:1:"+ann, "did:pkh:eip155:1:0x12", 1), passport.ReasonWrongSubject},
		{strings.Replace(good, "did:pkh:eip155:1:"+ann, "x:"+ann, 1), passport.ReasonWrongSubject},
		{stranger.issue(ann, "Google", day(1)), passport.ReasonUntrustedIssuer},
		{w.issue(ann, "Google", day(1), passporttest.ExpiresAt(day(2))), passport.ReasonExpired},
		{w.issue(ann, "Google", day(1), passporttest.ExpiresAt(time.Time{})), passport.ReasonNoExpiration},
		{w.issue(ann, "Google", day(1), passporttest.Nullifiers("")), passport.ReasonNoNullifiers},
		{w.issue(ann, strings.Repeat("p", 257), day(1)), credential.ReasonMalformed},
	}
	texts := []string{"[\n" + good}
	want := map[passport.Reason]int{}
	for _, r := range rubbish {
		texts = append(texts, r.text)
		want[r.want]++
	}
	text := strings.Join(texts, ",\n\n")
	report, refused := w.load(text + "]")
	assert.Equal(t, passport.ImportReport{Items: 1 + len(rubbish), Stored: 1, Refused: want}, report)
	require.Len(t, refused, len(rubbish))
	for i, r := range refused {
		assert.Equal(t, i+2, r.Item)
		assert.Equal(t, 2*i+4, r.Line)
		assert.Equal(t, rubbish[i].want, r.Reason, "%.100s: %s", rubbish[i].text, r.Why)
		assert.NotEmpty(t, r.Why)
		assert.NotContains(t, r.Why, secret)
		assert.Less(t, len(r.Why), 500)
	}
	assert.Equal(t, []string{"Google 2025-01-01"}, w.stored(ann))

	_, err := w.engine.Import(t.Context(), w.mem, strings.NewReader(text+"]"), nil)
	require.NoError(t, err, "nobody needs to hear of it")
}

func TestImport_NewestPerProvider(t *testing.T) {
	w := newImportWorld(t)
	older, newer := w.issue(ann, "Google", day(1)), w.issue(ann, "Google", day(2))
	longer := w.issue(ann, "Google", day(2), passporttest.ExpiresAt(time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)))
	counts := func(stored, superseded int) passport.ImportReport {
		return passport.ImportReport{Items: stored + superseded, Stored: stored, Superseded: superseded, Refused: map[passport.Reason]int{}}
	}
	for name, text := range map[string]string{"older first": older + newer, "newer first": newer + older} {
		w.mem = memstore.New()
		report, _ := w.load(text)
		assert.Equal(t, counts(1, 1), report, name)
		assert.Equal(t, []string{"Google 2025-01-02"}, w.stored(ann), name)
	}
	report, _ := w.load(older)
	assert.Equal(t, counts(0, 1), report, "what is stored is newer")
	report, _ = w.load(newer)
	assert.Equal(t, counts(0, 1), report, "it is stored")
	report, _ = w.load(longer + w.issue(ann, "Github", day(1)))
	assert.Equal(t, counts(2, 0), report, "issued at the same time, the one that expires last")
	report, _ = w.load(newer)
	assert.Equal(t, counts(0, 1), report)
	assert.Equal(t, []string{"Github 2025-01-01", "Google 2025-01-02"}, w.stored(ann))

	// A stored credential that would not count keeps none out.
	forged := strings.Replace(newer, "2025-01-02", "2099-01-02", 1)
	require.NotEqual(t, newer, forged)
	stamp, err := passport.NewCredential([]byte(forged))
	require.NoError(t, err)
	require.NoError(t, w.mem.AddCredentials(t.Context(), ann, stamp))
	report, _ = w.load(older)
	assert.Equal(t, counts(1, 0), report)
	assert.Equal(t, []string{"Github 2025-01-01", "Google 2025-01-01"}, w.stored(ann))
}

// A wallet with more credentials than a page of the listing.
func TestImport_ManyProviders(t *testing.T) {
	w := newImportWorld(t)
	var text strings.Builder
	for i := range 120 {
		text.WriteString(w.issue(ann, fmt.Sprint("provider", i), day(2)))
	}
	report, _ := w.load(text.String())
	assert.Equal(t, 120, report.Stored)
	report, _ = w.load(text.String() + w.issue(ann, "provider0", day(1)))
	assert.Equal(t, 121, report.Superseded)
	assert.Zero(t, report.Stored)
}

// What came before the stream broke is stored, and the error names the place.
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

func TestPreviewImport(t *testing.T) {
	w := newImportWorld(t)
	w.load(w.issue(ann, "Google", day(2)))
	text := w.issue(ann, "Google", day(1)) + w.issue(ann, "Github", day(1)) + "{}"
	report, err := w.engine.PreviewImport(t.Context(), w.mem, strings.NewReader(text), nil)
	require.NoError(t, err)
	assert.Equal(t, passport.ImportReport{Items: 3, Stored: 1, Superseded: 1, Refused: map[passport.Reason]int{credential.ReasonMalformed: 1}}, report)
	assert.Equal(t, []string{"Google 2025-01-02"}, w.stored(ann))
	imported, _ := w.load(text)
	assert.Equal(t, report, imported)
}

func TestImport_VerifierCannotTell(t *testing.T) {
	unsure := errors.New("no answer")
	w := newImportWorld(t, passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error { return unsure })))
	report, err := w.engine.Import(t.Context(), w.mem, strings.NewReader(w.issue(ann, "Google", day(1))), nil)
	require.ErrorIs(t, err, unsure)
	assert.Zero(t, report.Stored)
	assert.Empty(t, w.stored(ann))
}

// failingCredentials fails after that many calls.
type failingCredentials struct {
	store.Credentials
	adds    int
	failure error
}

func (f *failingCredentials) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	if f.adds--; f.adds < 0 {
		return f.failure
	}
	return f.Credentials.AddCredentials(ctx, address, credentials...)
}

func TestImport_StoreFails(t *testing.T) {
	w := newImportWorld(t)
	text := w.issue(ann, "Google", day(1)) + w.issue(ben, "Google", day(1))
	into := &failingCredentials{Credentials: w.mem, adds: 1, failure: store.ErrUnavailable}
	report, err := w.engine.Import(t.Context(), into, strings.NewReader(text), nil)
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Equal(t, 1, report.Stored)
	report, _ = w.load(text)
	assert.Equal(t, 1, report.Stored, "the second import stores the rest")
	assert.Equal(t, 1, report.Superseded)
}

func TestImport_Cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := newImportWorld(t, passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
		cancel()
		return nil
	})))
	report, err := w.engine.Import(ctx, w.mem, strings.NewReader(w.issue(ann, "Google", day(1))), nil)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, report.Stored)
	assert.Empty(t, w.stored(ann))
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

// heapMeter notes the live heap each time credentials are added.
type heapMeter struct {
	store.Credentials
	live []uint64
}

func (m *heapMeter) ListCredentials(context.Context, string, store.Page) (*store.CredentialPage, error) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.live = append(m.live, stats.HeapAlloc)
	return &store.CredentialPage{}, nil
}

func (m *heapMeter) AddCredentials(context.Context, string, ...store.NewCredential) error { return nil }

// An import holds as much at the end of a long stream as at its beginning.
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

// Of an item that is larger than a credential can be, nearly nothing is kept.
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

// Whatever the stream is, each item is counted once, and a list of JSON has the
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

func ExampleEngine_Import() {
	engine, mem, issuer := exampleWorld()
	wallet := "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	signed, err := issuer.Issue(wallet, "Google", "account-1", passporttest.ExpiresAt(time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		panic(err)
	}
	dump := strings.NewReader(string(signed) + "\n" + `{"error": "no such stamp"}`)
	report, err := engine.Import(context.Background(), mem, dump, func(r passport.Refusal) {
		fmt.Printf("item %d, line %d: %s: %s\n", r.Item, r.Line, r.Reason, r.Why)
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Stored, "of", report.Items, "stored")
	// Output:
	// item 2, line 2: malformed: its first @context is not https://www.w3.org/2018/credentials/v1
	// 1 of 2 stored
}
