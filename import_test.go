package passport_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
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

// day returns a date in January 2025, when credentials are issued.
func day(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }

// issue returns a credential that is valid until 2100 by default.
func (w *importWorld) issue(address, provider string, issued time.Time, options ...passporttest.CredentialOption) string {
	w.Helper()
	options = append([]passporttest.CredentialOption{
		passporttest.IssuedAt(issued), passporttest.ExpiresAt(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)),
	}, options...)
	signed, err := w.issuer.Issue(address, provider, "account of "+address, options...)
	require.NoError(w, err)
	return string(signed)
}

// load imports the text, and returns the report and the refusals.
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
	page, err := w.mem.ListCredentials(w.Context(), store.Address(address), store.Page{Limit: store.MaxPage})
	require.NoError(w, err)
	for _, c := range page.Credentials {
		signed, err := credential.Parse(c.Document)
		require.NoError(w, err)
		texts = append(texts, c.Provider+" "+signed.IssuedAt.Format(time.DateOnly))
	}
	slices.Sort(texts)
	return texts
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
	require.NoError(t, err, "the function may be nil")
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
	assert.Equal(t, counts(0, 1), report, "the stored one is newer")
	report, _ = w.load(newer)
	assert.Equal(t, counts(0, 1), report, "it is stored already")
	report, _ = w.load(longer + w.issue(ann, "Github", day(1)))
	assert.Equal(t, counts(2, 0), report, "issued at the same time, the one that expires last")
	report, _ = w.load(newer)
	assert.Equal(t, counts(0, 1), report)
	assert.Equal(t, []string{"Github 2025-01-01", "Google 2025-01-02"}, w.stored(ann))

	// A stored credential that would not count supersedes none.
	forged := strings.Replace(newer, "2025-01-02", "2099-01-02", 1)
	require.NotEqual(t, newer, forged)
	stamp, err := passport.ReadCredential([]byte(forged))
	require.NoError(t, err)
	require.NoError(t, w.mem.AddCredentials(t.Context(), store.Address(ann), stamp))
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

func TestImport_VerifierFails(t *testing.T) {
	unsure := errors.New("no answer")
	w := newImportWorld(t, passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error { return unsure })))
	report, err := w.engine.Import(t.Context(), w.mem, strings.NewReader(w.issue(ann, "Google", day(1))), nil)
	require.ErrorIs(t, err, unsure)
	assert.Zero(t, report.Stored)
	assert.Empty(t, w.stored(ann))
}

// failingCredentials fails after adds calls.
type failingCredentials struct {
	store.Credentials
	adds    int
	failure error
}

func (f *failingCredentials) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
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
