package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
)

func TestForget(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(2))
	o.must("rescore", "1", "--progress", "none")
	wallet := passporttest.Address("wallet 0")
	forget := []string{"forget", wallet, "--claims", "anonymize"}

	for _, answer := range []string{"", "no\n", "y\n", "yes, please\n"} {
		a := o.runWith(t.Context(), answer, forget...)
		assert.Equal(t, exitFailed, a.code, answer)
		assert.Contains(t, a.err, "Forget "+wallet+", and anonymize its claims? It cannot be undone.")
		assert.Contains(t, a.err, "nothing is done")
		assert.Empty(t, a.out)
	}
	require.Equal(t, 2, o.count("select count(*) from registry_score"))

	a := o.runWith(t.Context(), "yes\n", forget...)
	require.Equal(t, exitDone, a.code, a.err)
	receipt := decode[shownReceipt](t, a.out)
	assert.WithinDuration(t, time.Now(), receipt.At, time.Minute)
	assert.NotContains(t, a.out, wallet)
	receipt.At = time.Time{}
	assert.Equal(t, shownReceipt{Credentials: 1, Scores: 1, Stamps: 1, Events: 1, ClaimsAnonymized: 1}, receipt)
	for table, column := range map[string]string{
		"ceramic_cache_ceramiccache": "address", "registry_passport": "address", "registry_event": "address", "registry_hashscorerlink": "address",
	} {
		assert.Zero(t, o.count("select count(*) from "+table+" where "+column+" = $1", wallet), table)
	}
	assert.Equal(t, 1, o.count("select count(*) from registry_score"))

	receipt = decode[shownReceipt](t, o.must(append(forget, "--yes", "--skip-search")...))
	receipt.At = time.Time{}
	assert.Zero(t, receipt, "nothing is left")
}

func TestRetain(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(3))
	for range 3 {
		o.must("rescore", "1", "--progress", "none")
	}
	_, err := o.pool().Exec(t.Context(), `update registry_event set created_at = created_at - interval '2 years' where id <= 6`)
	require.NoError(t, err)
	_, err = o.pool().Exec(t.Context(), `update registry_hashscorerlink set expires_at = now() - interval '1 day' where hash = (select min(hash) from registry_hashscorerlink)`)
	require.NoError(t, err)
	type counts map[string]struct {
		Before  time.Time
		Removed int
	}
	kept := decode[counts](t, o.must("retain", "--events", "900d", "--usage", "0d"))
	assert.Zero(t, kept["events"].Removed)
	assert.Len(t, kept, 2)

	removed := decode[counts](t, o.must("retain", "--events", "400d", "--claims", "0d", "--batch", "2", "--rate", "1000"))
	assert.Equal(t, 3, removed["events"].Removed, "the newest before the time stay")
	assert.Equal(t, 1, removed["claims"].Removed)
	assert.WithinDuration(t, time.Now().AddDate(0, 0, -400), removed["events"].Before, 2*time.Hour)
	assert.Equal(t, 6, o.count("select count(*) from registry_event"))
	assert.Equal(t, 2, o.count("select count(*) from registry_hashscorerlink"))
	assert.Equal(t, 3, o.count("select count(*) from registry_score"))
}
