package passport

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

// sourceFunc is a source of groups.
type sourceFunc func(addresses []Address) ([]Group, error)

func (f sourceFunc) GroupsOf(_ context.Context, addresses ...Address) ([]Group, error) {
	return f(addresses)
}

func TestGroupsOf_Log(t *testing.T) {
	var log bytes.Buffer
	away := sourceFunc(func([]Address) ([]Group, error) { return nil, errors.New("it is away") })
	b := batch{community: 7, attempt: 2, asked: []Address{alice}, engine: &Engine{
		settings: settings{groups: away, groupFailure: ScoreAlone, logger: slog.New(slog.NewTextHandler(&log, nil))},
	}}
	groups, known, err := b.groupsOf(t.Context(), []Address{alice})
	assert.NoError(t, err)
	assert.Empty(t, groups)
	assert.False(t, known)
	assert.Contains(t, log.String(), `level=ERROR msg="scoring without groups" community=7 wallets=1 attempts=2 failure=alone kind=unavailable error=`)
	assert.Contains(t, log.String(), "it is away")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, known, err = b.groupsOf(ctx, []Address{alice})
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "asking for groups: ")
	assert.False(t, known)
}

func TestWithheld(t *testing.T) {
	own := Result{
		Community: 1, Address: alice, Threshold: decimal(t, "3"), ScoredAt: noon, ExpiresAt: until(1), Score: decimal(t, "4"), Passing: true,
		Stamps: []Stamp{{Provider: "Google", Outcome: Counted}}, Unchanged: true, Before: &LastScore{Address: alice},
	}
	assert.Equal(t, Result{
		Community: 1, Address: alice, Threshold: own.Threshold, ScoredAt: noon, ExpiresAt: until(1), Unchanged: true, Before: own.Before,
		Linked: &LinkedScore{
			Why: "the source of groups failed", Threshold: own.Threshold, ScoredAt: noon, ExpiresAt: until(1),
			Members: []Member{{alice, own.Score, own.Stamps}},
		},
	}, withheld(&own))
}

func TestCheckGroup_Errors(t *testing.T) {
	for want, wallets := range map[string][]Address{
		"61 wallets, at most 60":                    make([]Address, store.MaxGroup+1),
		"wallet " + string(bob) + " is there twice": {alice, bob, bob},
		"the address is not one of its wallets":     {bob, carol},
	} {
		_, err := checkGroup(alice, Group{Wallets: wallets})
		assert.EqualError(t, err, want)
	}
}
