package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/pgstore"
)

func TestCommunity(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.refused(exitFailed, "community 1 is there already: choose another one, or change this one with --replace",
		"community", "put", "1", "--threshold", "2", "--weights", `{"Google": 2}`)
	o.refused(exitFailed, "no address can pass the threshold 9", "community", "put", "1", "--replace", "--threshold", "9")
	o.refused(exitFailed, "has more than 1048576 bytes",
		"community", "put", "2", "--threshold", "1", "--weights-file", o.file("large.json", strings.Repeat(" ", 1<<20+1)))
	o.refused(exitFailed, "community not found", "community", "put", "2", "--replace", "--threshold", "1")

	before := decode[shownCommunity](t, o.must("community", "show", "1", "--format", "json"))
	weights := o.file("weights.json", `{"Google": "2.5", "Ens": 1}`)
	changed := o.run("community", "put", "1", "--replace", "--weights-file", weights, "--threshold", "3", "--external-id", "shop")
	assert.Equal(t, exitDone, changed.code)
	assert.Contains(t, changed.err, "passport rescore 1")
	after := decode[shownCommunity](t, o.must("community", "show", "1", "--format", "json"))
	assert.JSONEq(t, `{"Google": "2.5", "Ens": 1}`, string(after.Weights))
	before.Weights, before.Threshold, before.ExternalID = after.Weights, "3.00000", "shop"
	assert.Equal(t, before, after, "no flag named the others")
	assert.Regexp(t, `(?m)^name +Demo$(\n.*)+^threshold +3\.00000$(\n.*)+^weight +Ens +1\nweight +Google +2\.5\n`, o.must("community", "show", "1"))

	o.must("community", "put", "1", "--replace", "--account", "other")
	moved := decode[shownCommunity](t, o.must("community", "show", "1", "--format", "json"))
	assert.NotEqual(t, after.Account, moved.Account)
}

func TestKey(t *testing.T) {
	o := newOperator(t).withCommunity()
	created := o.run("key", "create", "--community", "1", "--read-scores", "--name", "web\x1b[2J", "--expires", "2099-01-01")
	require.Equal(t, exitDone, created.code, created.err)
	secret := strings.TrimSuffix(created.out, "\n")
	prefix, private, found := strings.Cut(secret, ".")
	require.True(t, found)
	assert.NotContains(t, created.err, private)
	registry, err := apikey.New(pgstore.New(o.pool()))
	require.NoError(t, err)
	_, err = registry.Check(t.Context(), secret)
	require.NoError(t, err)
	other := o.must("key", "create", "--account", "shop", "--historical", "--submit-passports", "--unlimited")

	all := decode[[]shownKey](t, o.must("key", "list", "--format", "json"))
	assert.Len(t, all, 2)
	own := decode[[]shownKey](t, o.must("key", "list", "--community", "1", "--format", "json"))
	require.Len(t, own, 1)
	assert.Equal(t, prefix, own[0].Prefix)
	assert.Equal(t, apikey.DefaultRateLimit, own[0].RateLimit)
	text := o.must("key", "list")
	assert.Regexp(t, prefix+` +\d+  web�\[2J  +\S+  2099-01-01  125/15m  active  read scores\n`, text)
	assert.Regexp(t, other[:8]+` .* never +none +active +read past scores, submit passports\n`, text)
	for _, output := range []string{text, o.must("key", "list", "--format", "json")} {
		assert.NotContains(t, output, private)
		assert.NotContains(t, output, "sha256")
	}

	o.refused(exitFailed, "there is no API key with that prefix", "key", "revoke", "nothing")
	o.must("key", "revoke", prefix)
	_, err = registry.Check(t.Context(), secret)
	require.ErrorIs(t, err, apikey.ErrRefused)
	assert.Regexp(t, prefix+` .* revoked `, o.must("key", "list"))
}
