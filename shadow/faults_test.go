package shadow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// fault is a kind of wrong answer, with the fields in which it shows.
type fault struct {
	name   string
	fields []shadow.Field
	status int
	edit   func(answer map[string]any)
}

func stampOf(answer map[string]any) map[string]any {
	return answer["stamps"].(map[string]any)["Google"].(map[string]any)
}

var faults = []fault{
	{name: "status", fields: []shadow.Field{shadow.FieldStatus}, status: http.StatusInternalServerError},
	{name: "form", fields: []shadow.Field{shadow.FieldBody}, edit: func(a map[string]any) { delete(a, "score") }},
	{name: "error", fields: []shadow.Field{shadow.FieldError}, edit: func(a map[string]any) { a["error"] = "invalid weights" }},
	{name: "passing", fields: []shadow.Field{shadow.FieldPassing}, edit: func(a map[string]any) { a["passing_score"] = a["passing_score"] != true }},
	{name: "score", fields: []shadow.Field{shadow.FieldScore}, edit: func(a map[string]any) { a["score"] = "7.00002" }},
	{name: "threshold", fields: []shadow.Field{shadow.FieldThreshold}, edit: func(a map[string]any) { a["threshold"] = "20.00000" }},
	{name: "expiry", fields: []shadow.Field{shadow.FieldExpiry}, edit: func(a map[string]any) { a["expiration_timestamp"] = "2027-01-01T00:00:00Z" }},
	{name: "canonical", fields: []shadow.Field{shadow.FieldCanonical}, edit: func(a map[string]any) {
		a["linked_score"] = map[string]any{"address": passporttest.Address("other"), "score": "1", "passing_score": true}
	}},
	{name: "stamp", fields: []shadow.Field{shadow.FieldStamp}, edit: func(a map[string]any) { delete(a["stamps"].(map[string]any), "Google") }},
	{name: "dedup", fields: []shadow.Field{shadow.FieldStampDedup}, edit: func(a map[string]any) { stampOf(a)["dedup"] = stampOf(a)["dedup"] != true }},
}

// 50 of 1000 answers are wrong, 5 of each kind. Exactly these are reported.
func TestFaults(t *testing.T) {
	site := newSite(t)
	wallets := site.people(1000)
	faulty := map[string]fault{}
	for i := range 50 {
		faulty[wallets[i*19+3]] = faults[i%len(faults)]
	}
	primary := altered(site.primary, func(r *http.Request, status int, body []byte) (int, []byte) {
		f, is := faulty[path.Base(r.URL.Path)]
		switch {
		case !is:
		case f.edit == nil:
			status = f.status
		default:
			body = edited(body, f.edit)
		}
		return status, body
	})
	s := site.shadow(site.planner(), shadow.WithQueue(1000), shadow.WithSamples(1000), shadow.WithRecords(site.Store))
	handler := s.Handler(primary)
	for _, wallet := range wallets {
		site.ask(handler, wallet)
	}
	require.NoError(t, s.Close(t.Context()))

	verdict := s.Verdict()
	require.Len(t, verdict.Classes, 1, textOf(verdict))
	assert.Equal(t, uint64(50), verdict.Count(shadow.Real))
	assert.Equal(t, uint64(950), verdict.Agreed)
	assert.Equal(t, uint64(1000), verdict.Settled)
	assert.InDelta(t, 0.063, verdict.Bound, 0.001)
	reported := map[string][]shadow.Field{}
	for _, sample := range verdict.Classes[0].Samples {
		for _, d := range sample.Differences {
			reported[sample.Address] = append(reported[sample.Address], d.Field)
		}
	}
	wanted := map[string][]shadow.Field{}
	for wallet, f := range faulty {
		wanted[wallet] = f.fields
	}
	assert.Equal(t, wanted, reported)
}

// 1000 answers that are only spelled in another way do not differ.
func TestSpelling(t *testing.T) {
	site := newSite(t)
	primary := altered(site.primary, func(_ *http.Request, status int, body []byte) (int, []byte) {
		text := edited(body, func(a map[string]any) {
			a["address"] = "0x" + strings.ToUpper(a["address"].(string)[2:])
			a["score"] = json.Number(a["score"].(string) + "0e0")
			a["threshold"] = a["threshold"].(string) + "000"
			a["unknown"] = []any{1}
			if expiry, is := a["expiration_timestamp"].(string); is {
				at, err := time.Parse(time.RFC3339, expiry)
				assert.NoError(t, err)
				a["expiration_timestamp"] = at.In(time.FixedZone("", 3600)).Format("2006-01-02 15:04:05.000-07:00")
			}
			for _, stamp := range a["stamps"].(map[string]any) {
				s := stamp.(map[string]any)
				s["score"] = json.Number(s["score"].(string))
				s["expiration_date"] = strings.Replace(s["expiration_date"].(string), "+00:00", "Z", 1)
			}
		})
		var spaced bytes.Buffer
		assert.NoError(t, json.Indent(&spaced, text, " ", "\t"))
		return status, spaced.Bytes()
	})
	s := site.shadow(site.planner(), shadow.WithQueue(1000))
	handler := s.Handler(primary)
	for _, wallet := range site.people(1000) {
		site.ask(handler, wallet)
	}
	require.NoError(t, s.Close(t.Context()))
	verdict := s.Verdict()
	assert.Equal(t, uint64(1000), verdict.Agreed, textOf(verdict))
	assert.Equal(t, "0 real differences in 1000 settled comparisons: below 0.3 % at 95 %", verdict.String())
}

// While stamps come and go, wallets race for accounts, and stamps expire,
// nothing is reported but the faults of wallets that are left alone.
func TestRaces(t *testing.T) {
	site := newSite(t)
	wallets := site.people(40)
	still := wallets[1:6]
	primary := altered(site.primary, func(r *http.Request, status int, body []byte) (int, []byte) {
		if slices.Contains(still, path.Base(r.URL.Path)) {
			body = edited(body, func(a map[string]any) { a["score"] = "9" })
		}
		return status, body
	})
	s := site.shadow(site.planner(), shadow.WithQueue(10_000), shadow.WithSamples(1000), shadow.WithWorkers(4),
		shadow.WithTimeout(time.Minute), shadow.WithRecords(site.Store))
	handler := s.Handler(primary)
	var asking sync.WaitGroup
	stop := make(chan struct{})
	changing := sync.WaitGroup{}
	changing.Go(func() { site.stir(wallets[10:], stop) })
	for client := range 4 {
		asking.Go(func() {
			for i := range *comparisons / 4 {
				site.ask(handler, wallets[(i*7+client*11)%len(wallets)])
			}
		})
	}
	asking.Wait()
	require.NoError(t, s.Flush(t.Context()))
	close(stop)
	changing.Wait()
	require.NoError(t, s.Close(t.Context()))

	verdict := s.Verdict()
	assert.Equal(t, uint64(*comparisons/4*4), verdict.Compared)
	assert.Positive(t, verdict.Agreed)
	assert.Positive(t, verdict.Records)
	t.Log(verdict.Records, "records")
	assert.Greater(t, verdict.Compared, verdict.Agreed+verdict.Count(shadow.Real), "the changes were felt")
	found := map[string]bool{}
	for _, class := range verdict.Classes {
		t.Log(class.Class, class.Count)
		for _, sample := range class.Samples {
			if class.Class == shadow.Real {
				found[sample.Address] = true
			}
		}
	}
	wanted := map[string]bool{}
	for _, wallet := range still {
		wanted[wallet] = true
	}
	assert.Equal(t, wanted, found)
}

// So it is offline, where the records of most answers are compared.
func TestRun_Races(t *testing.T) {
	site := newSite(t)
	wallets := site.people(40)
	s := newShadow(t, site.planner(), shadow.WithWorkers(4), shadow.WithTimeout(time.Minute), shadow.WithRecords(site.Store))
	stop := make(chan struct{})
	changing := sync.WaitGroup{}
	changing.Go(func() { site.stir(wallets, stop) })
	source := func(ctx context.Context, address string) (shadow.Decision, error) {
		d, err := site.source(ctx, address)
		if n := rand.IntN(4); n == 0 {
			site.MustScore(address) // by another caller
		} else {
			time.Sleep(time.Duration(n) * time.Millisecond)
		}
		return d, err
	}
	addresses := func(yield func(string) bool) {
		for i := range *comparisons {
			if !yield(wallets[i*7%len(wallets)]) {
				return
			}
		}
	}
	for c, err := range s.Run(t.Context(), 1, source, addresses) {
		require.NoError(t, err)
		require.NoError(t, c.Err)
	}
	close(stop)
	changing.Wait()
	verdict := s.Verdict()
	assert.Equal(t, uint64(*comparisons), verdict.Compared)
	assert.Zero(t, verdict.Count(shadow.Real), textOf(verdict))
	assert.Greater(t, verdict.Records, verdict.Compared)
	assert.Less(t, verdict.Agreed, verdict.Compared, "the changes were felt")
	for _, class := range verdict.Classes {
		t.Log(class.Class, class.Count, class.Fields)
	}
}

// stir gives the wallets stamps of accounts that others have too, some of them
// for a short time, takes others away, and moves the clock.
func (s *site) stir(wallets []string, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		wallet := wallets[n%len(wallets)]
		provider := []string{"Google", "Github", "Discord"}[n%3]
		if n%5 == 0 {
			_, err := s.Store.DeleteCredentials(s.t.Context(), store.Address(wallet), provider)
			assert.NoError(s.t, err)
			continue
		}
		until := s.Clock.Now().Add(30 * 24 * time.Hour)
		if n%11 == 0 {
			until = s.Clock.Now().Add(100 * time.Millisecond)
		}
		s.Stamp(wallet, provider, fmt.Sprint("raced", n/9), passporttest.ExpiresAt(until)) // three wallets race for it
		s.Clock.Advance(3 * time.Millisecond)
	}
}
