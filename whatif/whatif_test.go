package whatif_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/whatif"
)

var wallets = flag.Int("wallets", 400, "the number of wallets of TestCompare")

// town is a community of many wallets that fight for accounts.
type town struct {
	*memstore.Store

	engine    *passport.Engine
	issuer    *passporttest.Issuer
	other     *passporttest.Issuer // not trusted
	clock     *passporttest.Clock
	addresses []string // in the order of their bytes
}

// newTown makes a town of which half is scored, some of it with stamps that
// have expired since.
func newTown(t testing.TB, wallets int) *town {
	t.Helper()
	w := &town{
		issuer: passporttest.NewIssuerFromSeed("whatif"), other: passporttest.NewIssuerFromSeed("other"),
		clock: passporttest.NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)),
	}
	w.Store = memstore.New(memstore.WithClock(w.clock.Now))
	w.put(t, w.Store, whatif.Change{Threshold: "3", Weights: json.RawMessage(`{"A":"1.25","B":"2","C":"0.5","D":"1"}`)})
	var err error
	w.engine, err = passport.New(w.Store, passport.WithTrustedIssuers(w.issuer.DID()), passport.WithCacheSize(5*wallets))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range wallets {
		w.addresses = append(w.addresses, passporttest.Address(fmt.Sprint("wallet ", i)))
	}
	slices.Sort(w.addresses)
	for _, address := range w.addresses {
		for _, provider := range []string{"A", "B", "C", "D"} {
			if provider != "A" && random.IntN(3) == 0 {
				continue
			}
			issuer := w.issuer
			if random.IntN(8) == 0 {
				issuer = w.other
			}
			expiry := w.clock.Now().Add(time.Duration(1+random.IntN(5)) * time.Hour)
			signed, err := issuer.Issue(address, provider, strconv.Itoa(random.IntN(wallets)), passporttest.ExpiresAt(expiry))
			require.NoError(t, err)
			stamp, err := passport.ReadCredential(signed)
			require.NoError(t, err)
			require.NoError(t, w.AddCredentials(t.Context(), store.Address(address), stamp))
		}
	}
	for i, address := range w.addresses {
		if i%2 == 0 {
			_, err := w.engine.Score(t.Context(), 1, address)
			require.NoError(t, err)
		}
	}
	w.clock.Set(w.clock.Now().Add(90 * time.Minute))
	return w
}

// put gives the community of the store these terms.
func (w *town) put(t testing.TB, on *memstore.Store, terms whatif.Change) {
	t.Helper()
	require.NoError(t, on.PutCommunity(t.Context(), store.Community{
		ID: 1, Name: "Town", Threshold: terms.Threshold, Weights: terms.Weights, Customization: terms.Customization,
	}))
}

// copied returns a store with the same content.
func (w *town) copied(t testing.TB) *memstore.Store {
	t.Helper()
	twin := memstore.New(memstore.WithClock(w.clock.Now))
	require.NoError(t, twin.SetState(w.State()))
	return twin
}

// change is all that can be changed.
func (w *town) change() whatif.Change {
	return whatif.Change{
		Threshold: "2.75000", Weights: json.RawMessage(`{"A": "0.75", "B": 2, "C": "1.125"}`),
		Customization: map[string]string{"D": "0.3000"}, Issuers: []string{w.issuer.DID(), w.other.DID()},
	}
}

func (w *town) compare(t testing.TB, change whatif.Change, options ...whatif.Option) *whatif.Comparison {
	t.Helper()
	c, err := whatif.New(t.Context(), w.engine, 1, change, options...)
	require.NoError(t, err)
	return c
}

// run compares all wallets.
func (w *town) run(t testing.TB, change whatif.Change, options ...whatif.Option) *whatif.Report {
	t.Helper()
	c := w.compare(t, change, options...)
	for _, err := range c.CompareSelected(t.Context(), store.AddressQuery{}) {
		require.NoError(t, err)
	}
	return c.Report()
}

// Both decisions about each wallet, and the counts, are those of really scoring
// all wallets on copies, one of which has the new terms.
func TestCompare(t *testing.T) {
	t.Parallel()
	w := newTown(t, *wallets)
	change := w.change()
	before := w.State()

	present, other := w.copied(t), w.copied(t)
	w.put(t, other, change)
	changed, err := passport.New(other, passport.WithTrustedIssuers(change.Issuers...), passport.WithCacheSize(5**wallets))
	require.NoError(t, err)
	var flow, drift whatif.Flow
	var passing, wouldPass, raised, lowered, scored int64
	c := w.compare(t, change)
	i := 0
	for wallet, err := range c.Compare(t.Context(), slices.Values(w.addresses)) {
		require.NoError(t, err)
		require.NoError(t, wallet.Err)
		require.Equal(t, w.addresses[i], wallet.Address)
		now, err := w.engine.On(present).Score(t.Context(), 1, wallet.Address)
		require.NoError(t, err)
		would, err := changed.Score(t.Context(), 1, wallet.Address)
		require.NoError(t, err)
		last, err := w.engine.Latest(t.Context(), 1, wallet.Address)
		if i%2 == 0 {
			require.NoError(t, err)
			scored++
			tally(&drift, last.PassedWhenScored, now.Passing)
		} else {
			require.ErrorIs(t, err, passport.ErrNeverScored)
		}
		require.Equal(t, last, wallet.Recorded)
		wallet.Present.Before, wallet.New.Before = nil, nil
		require.Equal(t, now, wallet.Present)
		require.Equal(t, would, wallet.New)
		tally(&flow, now.Passing, would.Passing)
		passing += one(now.Passing)
		wouldPass += one(would.Passing)
		raised += one(would.Score.Cmp(now.Score) > 0)
		lowered += one(would.Score.Cmp(now.Score) < 0)
		i++
	}
	assert.Equal(t, before, w.State(), "nothing was written")
	r := c.Report()
	assert.True(t, r.Complete)
	assert.Equal(t, [3]int64{int64(*wallets), int64(*wallets), 0}, [3]int64{r.Wallets, r.Compared, r.Failed})
	assert.Equal(t, [4]int64{passing, wouldPass, raised, lowered}, [4]int64{r.Present.Passing, r.New.Passing, r.Raised.Wallets, r.Lowered.Wallets})
	assert.Equal(t, flow, r.Flow)
	assert.Equal(t, scored, r.Recorded.Wallets)
	assert.Equal(t, drift, r.Recorded.Flow)
	for name, n := range map[string]int64{
		"lost": flow.PassFail, "gained": flow.FailPass, "kept": flow.PassPass, "expired": drift.PassFail, "raised": raised, "lowered": lowered,
	} {
		assert.Positive(t, n, "the town shows nothing of those that %s", name)
	}
	assert.JSONEq(t, document(t, r), document(t, w.run(t, change)), "the community lists the same addresses")
}

func tally(f *whatif.Flow, before, after bool) {
	f.PassPass += one(before && after)
	f.PassFail += one(before && !after)
	f.FailPass += one(!before && after)
	f.FailFail += one(!before && !after)
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// The sums, the distribution and the providers of a report are those of its
// wallets.
func TestReport(t *testing.T) {
	w := newTown(t, 200)
	c := w.compare(t, w.change(), whatif.WithSamples(1000))
	all := map[string]whatif.Wallet{}
	for wallet, err := range c.CompareSelected(t.Context(), store.AddressQuery{}) {
		require.NoError(t, err)
		all[wallet.Address] = wallet
	}
	r := c.Report()
	thousandths := func(text string) int64 {
		n, err := strconv.ParseInt(strings.Replace(passporttest.MustDecimal(text).Fixed(3), ".", "", 1), 10, 64)
		require.NoError(t, err)
		return n
	}
	var total, would, fromProviders, ofProviders, counted int64
	bins := map[string]int64{}
	for _, wallet := range all {
		total += thousandths(wallet.Present.Score.String())
		would += thousandths(wallet.New.Score.String())
		for _, b := range r.Distribution {
			score := thousandths(wallet.New.Score.String())
			if (b.From == whatif.Sum{} || thousandths(b.From.String()) <= score) && (b.To == whatif.Sum{} || score < thousandths(b.To.String())) {
				bins[b.From.String()+b.To.String()]++
			}
		}
		for _, s := range wallet.New.Stamps {
			counted += one(s.Outcome == passport.Counted && s.Provider == "C")
		}
	}
	assert.Equal(t, total, thousandths(r.Present.Total.String()))
	assert.Equal(t, would, thousandths(r.New.Total.String()))
	for _, p := range r.Providers {
		fromProviders += thousandths(p.Present.Contribution.String())
		ofProviders += thousandths(p.New.Contribution.String())
	}
	assert.Equal(t, [2]int64{total, would}, [2]int64{fromProviders, ofProviders})
	assert.Equal(t, counted, r.Providers["C"].New.Wallets)
	assert.Equal(t, "1.125", r.Providers["C"].New.Weight.String())
	for _, b := range r.Distribution {
		assert.Equal(t, bins[b.From.String()+b.To.String()], b.New, "%s to %s", b.From, b.To)
	}
	assert.Equal(t, "0.3", r.Distribution[1].To.String(), "a tenth of the higher threshold")

	assert.Equal(t, r.Flow.FailPass+r.Flow.PassFail, flipped(r.Gaining)+flipped(r.Losing))
	for i, s := range r.Losing {
		wallet := all[s.Address]
		assert.Equal(t, wallet.New.Score, s.New)
		assert.Equal(t, thousandths(wallet.New.Score.String())-thousandths(wallet.Present.Score.String()), thousandths(s.Change.String()))
		if i > 0 && r.Losing[i-1].WouldPass == s.WouldPass && r.Losing[i-1].PassesNow == s.PassesNow {
			assert.LessOrEqual(t, r.Losing[i-1].Change.Cmp(s.Change), 0)
		}
	}
	few := w.run(t, w.change(), whatif.WithSamples(3))
	assert.Equal(t, r.Losing[:3], few.Losing)
	assert.Equal(t, r.Gaining[:3], few.Gaining)
	assert.Empty(t, w.run(t, w.change(), whatif.WithSamples(0)).Losing)
}

// flipped counts the samples on the other side of the threshold, which come
// first.
func flipped(samples []whatif.Sample) (n int64) {
	for n < int64(len(samples)) && samples[n].PassesNow != samples[n].WouldPass {
		n++
	}
	return n
}

// The present terms change nothing, whatever has happened since the scorings.
func TestCompare_NoChange(t *testing.T) {
	w := newTown(t, 100)
	r := w.run(t, whatif.Change{})
	assert.Positive(t, r.Recorded.Flow.PassFail)
	assert.Less(t, r.Recorded.Valid, r.Recorded.Passing)
	assert.Zero(t, r.Flow.PassFail+r.Flow.FailPass+r.Raised.Wallets+r.Lowered.Wallets)
	assert.Equal(t, r.Present, r.New)
	assert.Empty(t, r.Losing)
	past := w.run(t, whatif.Change{}, whatif.At(w.clock.Now().Add(-time.Hour)))
	assert.Equal(t, w.clock.Now().Add(-time.Hour), past.At)
	assert.Greater(t, past.Present.Passing, r.Present.Passing, "stamps have expired since")
}

// A run that goes on from its JSON ends with the report of a run in one go, if
// all claims are made.
func TestContinuing(t *testing.T) {
	w := newTown(t, 120)
	for _, address := range w.addresses {
		_, err := w.engine.Score(t.Context(), 1, address)
		require.NoError(t, err)
	}
	change := w.change()
	change.Issuers = nil
	want := w.run(t, change)
	require.Zero(t, want.Claiming)

	first := w.compare(t, change)
	for _, err := range first.CompareSelected(t.Context(), store.AddressQuery{}) {
		require.NoError(t, err)
		if first.Report().Wallets == 70 {
			break
		}
	}
	assert.False(t, first.Report().Complete)
	kept, err := json.MarshalIndent(first.Report(), "", "  ")
	require.NoError(t, err)
	var report whatif.Report
	require.NoError(t, json.Unmarshal(kept, &report))
	w.clock.Set(w.clock.Now().Add(10 * time.Hour)) // the run keeps its moment
	got := w.run(t, change, whatif.Continuing(&report))
	assert.Equal(t, 2, got.Runs)
	got.Runs = 1
	assert.Equal(t, document(t, want), document(t, got))
}

func document(t testing.TB, r *whatif.Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

// A run that is continued says how many wallets made claims that it has
// forgotten.
func TestContinuing_Forgotten(t *testing.T) {
	w := newTown(t, 60)
	first := w.compare(t, w.change())
	for range first.Compare(t.Context(), slices.Values(w.addresses[:30])) {
	}
	claiming := first.Report().Claiming
	require.Positive(t, claiming)
	got := w.run(t, w.change(), whatif.Continuing(first.Report()))
	assert.Equal(t, claiming, got.Forgotten)
	assert.Equal(t, int64(60), got.Wallets)
}

func TestContinuing_Refused(t *testing.T) {
	w := newTown(t, 10)
	fresh := func() *whatif.Report { return w.run(t, w.change()) }
	for name, c := range map[string]struct {
		spoil func(r *whatif.Report)
		cause string
	}{
		"version":      {func(r *whatif.Report) { r.Version++ }, "version 2, not 1"},
		"community":    {func(r *whatif.Report) { r.Community++ }, "another community or change"},
		"change":       {func(r *whatif.Report) { r.Change.Threshold = "9" }, "another community or change"},
		"no addresses": {func(r *whatif.Report) { *r = *r.WithoutAddresses() }, "without addresses"},
		"counts":       {func(r *whatif.Report) { r.Wallets++ }, "contradicts itself"},
		"bins":         {func(r *whatif.Report) { r.Distribution = nil }, "contradicts itself"},
		"providers":    {func(r *whatif.Report) { r.Providers["A"] = nil }, "contradicts itself"},
		"moment":       {func(r *whatif.Report) { r.At = time.Time{} }, "contradicts itself"},
	} {
		t.Run(name, func(t *testing.T) {
			r := fresh()
			c.spoil(r)
			_, err := whatif.New(t.Context(), w.engine, 1, w.change(), whatif.Continuing(r))
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, c.cause)
		})
	}
	r := fresh()
	w.put(t, w.Store, whatif.Change{Threshold: "4", Weights: json.RawMessage(`{"A":"1"}`)})
	_, err := whatif.New(t.Context(), w.engine, 1, w.change(), whatif.Continuing(r))
	require.ErrorIs(t, err, whatif.ErrTermsChanged)
}

func TestNew_Invalid(t *testing.T) {
	w := newTown(t, 1)
	_, err := whatif.New(t.Context(), w.engine, 1, whatif.Change{Threshold: "high"})
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	_, err = whatif.New(t.Context(), w.engine, 1, whatif.Change{}, nil, whatif.WithSamples(-1))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	_, err = whatif.New(t.Context(), w.engine, 2, whatif.Change{})
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
}

func BenchmarkCompare(b *testing.B) {
	w := newTown(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		w.run(b, w.change())
	}
	b.ReportMetric(float64(b.N*len(w.addresses))/b.Elapsed().Seconds(), "wallets/s")
}
