package whatif_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/page/pagetest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/whatif"
)

// written returns the report in all its forms.
func written(t *testing.T, r *whatif.Report) map[string]string {
	t.Helper()
	var text, page bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.NoError(t, r.WriteHTML(&page))
	return map[string]string{"text": text.String(), "page": page.String(), "JSON": document(t, r)}
}

// No form of a report holds anything of a credential or a claim.
func TestReport_Secrets(t *testing.T) {
	w := newTown(t, 100)
	r := w.run(t, w.change())
	state := w.State()
	require.NotEmpty(t, state.Claims)
	for form, text := range written(t, r) {
		for _, claim := range state.Claims {
			assert.NotContains(t, text, claim.Nullifier, form)
			assert.NotContains(t, text, strings.TrimPrefix(claim.Nullifier, "v0.0.0:"), form)
		}
		assert.NotContains(t, text, "proof", form)
		assert.NotContains(t, text, "nullifier", form)
	}
	address := regexp.MustCompile(`0x[0-9a-f]{40}`)
	shown := written(t, r)
	for form, text := range shown {
		assert.Regexp(t, address, text, form)
	}
	change := w.change()
	change.Issuers = nil // which are addresses
	r = w.run(t, change)
	r.Failures = append(r.Failures, whatif.Failure{Address: w.addresses[0], Kind: store.KindInternal, Error: "scoring " + w.addresses[0]})
	for form, text := range written(t, r.WithoutAddresses()) {
		assert.NotRegexp(t, address, text, form)
	}
	assert.NotEmpty(t, r.Losing[0].Address, "the report itself has not changed")
}

// The page is whole, and nothing in it makes a browser load or run anything.
func TestWriteHTML(t *testing.T) {
	w := newTown(t, 100)
	page := written(t, w.run(t, w.change()))["page"]
	pagetest.SelfContained(t, page)
	assert.Greater(t, strings.Count(page, "<rect"), 20)
	assert.Regexp(t, `threshold, new threshold|<small>new threshold</small>`, page)
}

// A provider is named by a credential, which anyone may have signed elsewhere.
func TestReport_Hostile(t *testing.T) {
	hostile := "<script>alert(1)</script>\"'\x1b[2J\t{{.}}"
	world := passporttest.NewWorld(t, passporttest.Weights{hostile: "1"})
	alice := passporttest.Address("alice")
	world.Stamp(alice, hostile, "account")
	c, err := whatif.New(t.Context(), world.Engine, 1, whatif.Change{Threshold: "2"})
	require.NoError(t, err)
	for _, err := range c.Compare(t.Context(), slices.Values([]string{alice, "<script>"})) {
		require.NoError(t, err)
	}
	assert.Equal(t, int64(1), c.Report().Providers[hostile].New.Wallets)
	assert.Equal(t, map[store.Kind]int64{store.KindInvalid: 1}, c.Report().FailedByKind)
	forms := written(t, c.Report())
	assert.NotContains(t, forms["page"], "<script")
	assert.Contains(t, forms["page"], "&lt;script&gt;alert(1)")
	assert.Contains(t, forms["text"], "<script>alert(1)</script>\"'�[2J�{{.}}")
	var read whatif.Report
	require.NoError(t, json.Unmarshal([]byte(forms["JSON"]), &read))
	assert.JSONEq(t, forms["JSON"], document(t, &read))
}

// The names of members are part of the contract.
func TestReport_JSON(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"A": "1.50"}, passporttest.Threshold("1.5"))
	alice := passporttest.Address("alice")
	world.Stamp(alice, "A", "account")
	world.MustScore(alice)
	c, err := whatif.New(t.Context(), world.Engine, 1, whatif.Change{Threshold: "2", Customization: map[string]string{}})
	require.NoError(t, err)
	for _, err := range c.Compare(t.Context(), slices.Values([]string{alice})) {
		require.NoError(t, err)
	}
	r := c.Report()
	r.Distribution = r.Distribution[7:9]
	assert.JSONEq(t, `{
		"version": 1, "community": 1, "change": {"threshold": "2", "customization": {}}, "at": "2026-01-01T12:00:00Z",
		"complete": true, "runs": 1, "after": "`+alice+`", "wallets": 1, "compared": 1, "failed": 0,
		"recorded": {"wallets": 1, "passing": 1, "valid": 1, "flow": {"pass_pass": 1, "pass_fail": 0, "fail_pass": 0, "fail_fail": 0}},
		"present": {"threshold": "1.50000", "passing": 1, "total": "1.5"},
		"new": {"threshold": "2", "passing": 0, "total": "1.5"},
		"flow": {"pass_pass": 0, "pass_fail": 1, "fail_pass": 0, "fail_fail": 0},
		"raised": {"wallets": 0, "total": "0", "greatest": "0"},
		"lowered": {"wallets": 0, "total": "0", "greatest": "0"},
		"distribution": [{"from": "1.2", "to": "1.4", "present": 0, "new": 0}, {"from": "1.4", "to": "1.6", "present": 1, "new": 1}],
		"providers": {"A": {
			"present": {"wallets": 1, "weight": "1.50", "contribution": "1.5"}, "new": {"wallets": 1, "weight": "1.50", "contribution": "1.5"}
		}},
		"other_providers": 0, "gaining": [],
		"losing": [{
			"address": "`+alice+`", "present": "1.50", "new": "1.50", "change": "0",
			"passes_now": true, "would_pass": false, "recorded": true, "pass_recorded": true
		}],
		"claiming": 0, "forgotten": 0, "failed_by_kind": {}, "failures": []
	}`, document(t, r))
}

// A fault ends the run, and the report has what was yielded.
func TestCompare_Errors(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"A": "1"})
	addresses := make([]string, 120)
	for i := range addresses {
		addresses[i] = passporttest.Address(strconv.Itoa(i))
		world.Stamp(addresses[i], "A", strconv.Itoa(i))
	}
	slices.Sort(addresses)
	comparison := func() *whatif.Comparison {
		c, err := whatif.New(t.Context(), world.Engine, 1, whatif.Change{Threshold: "2"})
		require.NoError(t, err)
		return c
	}
	c := comparison()
	for _, err := range c.Compare(t.Context(), nil) {
		require.ErrorIs(t, err, passport.ErrMisconfigured)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var ended error
	for _, err := range c.Compare(ctx, slices.Values(addresses)) {
		if ended = err; err == nil && c.Report().Wallets == 10 {
			stop()
		}
	}
	require.ErrorIs(t, ended, context.Canceled)
	assert.Equal(t, int64(50), c.Report().Wallets, "those that were decided together")
	assert.False(t, c.Report().Complete)

	c = comparison()
	for _, err := range c.Compare(t.Context(), slices.Values(addresses)) {
		if ended = err; err == nil && c.Report().Wallets == 50 {
			terms := store.Community{ID: 1, Name: "Test", Threshold: "1", Weights: json.RawMessage(`{"A":"3"}`)}
			require.NoError(t, world.Store.PutCommunity(t.Context(), terms))
		}
	}
	require.ErrorIs(t, ended, whatif.ErrTermsChanged)
	assert.Equal(t, addresses[49], c.Report().After)

	c = comparison()
	ended = nil
	for _, err := range c.CompareSelected(t.Context(), store.AddressQuery{ScoredBefore: world.Clock.Now(), ExpiringBefore: world.Clock.Now()}) {
		ended = err
	}
	require.ErrorIs(t, ended, store.ErrInvalid)
	assert.False(t, c.Report().Complete)
}

// A wallet whose credentials change between its two decisions is a failure, and
// not an effect of the terms.
func TestCompare_Race(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"A": "1", "B": "1"})
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	world.Stamp(alice, "A", "a")
	world.Stamp(bob, "A", "b")
	loads := &racing{Store: world.Store, after: 3, race: func() { world.Stamp(alice, "B", "b2") }}
	c, err := whatif.New(t.Context(), world.Engine.On(loads), 1, whatif.Change{Threshold: "2"})
	require.NoError(t, err)
	errs := map[string]error{}
	for wallet, err := range c.Compare(t.Context(), slices.Values([]string{alice, bob})) {
		require.NoError(t, err)
		errs[wallet.Address] = wallet.Err
	}
	require.ErrorIs(t, errs[alice], store.ErrConflict)
	require.NoError(t, errs[bob])
	assert.Equal(t, int64(1), c.Report().Failed)
}

// racing is a store on which something happens after some loads.
type racing struct {
	passport.Store

	after int
	race  func()
}

func (r *racing) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	s, err := r.Store.Load(ctx, q)
	if r.after--; r.after == 0 {
		r.race()
	}
	return s, err
}

func TestSum(t *testing.T) {
	for text, want := range map[string]string{"1.50": "1.5", "-0.001": "-0.001", "100": "100", "0.000": "0", "-0": "0", ".5": "0.5"} {
		var s whatif.Sum
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, s.String())
	}
	for _, text := range []string{"", "x", "1e9", "1/3", "1.2.3", "--1", "0x1", "1_0", strings.Repeat("1", 2001)} {
		var s whatif.Sum
		require.ErrorIs(t, s.UnmarshalText([]byte(text)), passport.ErrInvalidDecimal, text)
	}
	var s whatif.Sum
	require.NoError(t, s.UnmarshalText([]byte("-12.345")))
	assert.Equal(t, "-12.35", s.Rounded(2))
	assert.Equal(t, [3]int{-1, -1, 0}, [3]int{s.Sign(), s.Cmp(whatif.Sum{}), whatif.Sum{}.Sign()})
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestReport_WriteErrors(t *testing.T) {
	r := newTown(t, 5).run(t, whatif.Change{})
	require.ErrorIs(t, r.WriteText(full{}), errFull)
	require.ErrorIs(t, r.WriteHTML(full{}), errFull)
	require.NoError(t, r.WriteText(io.Discard))
}
