package passporthttp_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// hostileRows are wallets whose rows no issuer signed, as SQL expressions of a
// number n: how many rows there are, and the JSON of each. A row that looks as
// if it counted lists a nullifier of its own.
var hostileRows = map[string]struct {
	rows  int
	stamp string
	// omitted is how many of them a store does not read.
	omitted int
}{
	"one row of 308,739 nullifiers": {
		1, `jsonb_build_object('credentialSubject', subject || jsonb_build_object('nullifiers',
			(select jsonb_agg('v' || i) from generate_series(1, 308739) i)))`, 1,
	},
	"100 rows that are large once unpacked": {
		100, `jsonb_build_object('credentialSubject', subject, 'more', repeat('x', 2350000))`, 100,
	},
	"100 rows of long numbers": {
		100, `jsonb_build_object('credentialSubject', subject, 'more',
			(select jsonb_agg(case i % 3 when 0 then 1e131071 when 1 then -1e131071 else 1e-16383 end) from generate_series(1, 300) i))`, 100,
	},
	"100 rows of many levels": {
		100, `jsonb_build_object('credentialSubject', subject, 'more', (repeat('[', 5000) || repeat(']', 5000))::jsonb)`, 100,
	},
	"1000 rows of control characters": {
		1000, `jsonb_build_object('credentialSubject', subject, 'more', repeat(chr(1), 4000))`, 1000,
	},
	"1000 rows of escapes": {
		1000, `jsonb_build_object('credentialSubject', subject, 'more', repeat('"', 3500))`, 0,
	},
	"20,000 small rows": {
		20_000, `jsonb_build_object('credentialSubject', subject)`, 1,
	},
	"1000 rows that fill the bounds": {
		1000, `jsonb_build_object('credentialSubject', subject || jsonb_build_object('nullifiers',
			(select jsonb_agg(n || ' ' || i) from generate_series(1, 100) i)))`, 0,
	},
}

// plant stores the rows of a hostile wallet and returns its address.
func (l *load) plant(t *testing.T, name string) string {
	t.Helper()
	rows := hostileRows[name]
	address := passporttest.Address(name)
	_, err := l.pool.Exec(t.Context(), `
		insert into ceramic_cache_ceramiccache
		       (address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		select $1::text, 'P' || n, `+rows.stamp+`, now(), now(), 1, '', '', ''
		from   generate_series(1, $2::int) n,
		       lateral (select jsonb_build_object('id', 'did:pkh:eip155:1:' || $1::text, 'provider', 'P' || n,
		                       'nullifiers', jsonb_build_array('of ' || n)) as subject) s`, address, rows.rows)
	require.NoError(t, err)
	return address
}

// get returns the body of an answer, which must be a good one.
func (l *load) get(t *testing.T, path string) string {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+path, nil)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", l.key)
	response, err := l.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %.300s", path, body)
	return string(body)
}

// allocated returns how many bytes the work has allocated.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A wallet is scored and listed whatever others have stored, and costs what a
// wallet within the bounds may cost.
func TestHostileRows(t *testing.T) {
	l := newLoad(t)
	// An answer grows while it is written, and under -race a sync.Pool forgets
	// part of what is put back.
	const most = 40 * store.MaxWalletBytes
	for name, rows := range hostileRows {
		t.Run(name, func(t *testing.T) {
			address := l.plant(t, name)
			l.get(t, "/v2/stamps/1/score/"+l.wallets[0]) // once, for what is allocated once
			var score string
			began := time.Now()
			bytes := allocated(func() { score = l.get(t, "/v2/stamps/1/score/"+address) })
			t.Logf("scored in %v, %d KiB allocated", time.Since(began).Round(time.Millisecond), bytes>>10)
			assert.Less(t, bytes, uint64(most))
			assert.Contains(t, score, `"score":"0.00000"`)
			assert.Contains(t, score, `"error":null`)

			snapshot, err := l.rows.Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{store.Address(address)}})
			require.NoError(t, err)
			total, omitted := 0, 0
			for _, c := range snapshot.Wallets[0].Credentials {
				total += len(c.Document)
				if c.Omitted != "" {
					omitted++
				}
			}
			assert.LessOrEqual(t, total, 2*store.MaxWalletBytes)
			assert.Equal(t, rows.omitted, omitted)

			var page string
			began = time.Now()
			bytes = allocated(func() { page = l.get(t, "/v2/stamps/"+address) })
			t.Logf("listed in %v, %d KiB allocated, %d KiB long", time.Since(began).Round(time.Millisecond), bytes>>10, len(page)>>10)
			assert.Less(t, bytes, uint64(most))
			assert.Less(t, len(page), 3*store.MaxWalletBytes)
		})
	}
}

// Scorings and listings of hostile wallets, one after the other, must not be
// felt by others.
func TestLoadWhileAttacked_HostileRows(t *testing.T) {
	l := newLoad(t)
	var paths []string
	for name := range hostileRows {
		address := l.plant(t, name)
		paths = append(paths, "/v2/stamps/1/score/"+address, "/v2/stamps/"+address)
	}
	slices.Sort(paths)
	asked := 0
	ratio := l.compare(t, 50, func(length time.Duration, sent *sync.WaitGroup) {
		from := asked
		asked += int(length.Seconds() * hostileRate)
		sent.Go(func() {
			// One every 2 s was enough to stop everybody.
			var calls sync.WaitGroup
			defer calls.Wait()
			steadily(length, hostileRate, &calls, func(n int, _ time.Time) {
				attacker := newAttacker(t, l.url)
				defer attacker.close()
				if attacker.guess(paths[(from+n)%len(paths)], l.key) != http.StatusOK {
					l.failed.Add(1)
				}
			})
		})
	})
	assert.Zero(t, l.failed.Load())
	if *attackFor >= time.Minute {
		assert.Zero(t, l.late.Load())
		assert.Less(t, ratio, 1.1)
	}
}

// hostileRate is in requests a second.
const hostileRate = 1

// Numbers that are short in a request are long in an answer.
func TestIngestion_LongNumbers(t *testing.T) {
	s := newSite(t)
	for _, number := range []string{"1e999", "0e-998", "1e131071"} {
		signed := strings.Replace(string(s.signed(bob, "Google")), `{`, `{"numbers":[`+strings.Repeat(number+",", 8000)+`0],`, 1)
		got := s.do(request{
			method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: fmt.Sprintf(`{"credentials": [%s]}`, signed),
		})
		assert.Equal(t, http.StatusBadRequest, got.status, got.body)
		assert.Contains(t, got.body, "credential 1: ")
	}
	items, _, _ := s.page("/v2/stamps/" + bob)
	assert.Empty(t, items)
}
