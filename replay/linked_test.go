package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// family is a source of groups with one group.
type family struct {
	wallets []passport.Address
	err     error
}

func (f *family) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	answers := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		if slices.Contains(f.wallets, address) {
			answers[i].Wallets = f.wallets
		}
	}
	return answers, f.err
}

// couple returns a town with three wallets that may be linked, each of which
// passes, and their source of groups.
func couple(t *testing.T) (w *town, linked *family, wallets []passport.Address) {
	t.Helper()
	linked = &family{}
	w = newTown(t, 3, passporttest.Options{passport.WithGroups(linked, passport.WithholdPassing)})
	for _, address := range w.addresses {
		w.Stamp(address, "Twitter", address)
		w.Stamp(address, "Github", address)
		wallets = append(wallets, passport.Address(address))
	}
	w.Clock.Advance(time.Hour)
	return w, linked, wallets
}

// Scores of before wallets were linked are explained by that.
func TestRun_Linked(t *testing.T) {
	w, linked, wallets := couple(t)
	for _, address := range w.addresses {
		w.MustScore(address)
	}
	w.Clock.Advance(time.Hour)
	found, _ := w.replay(t)
	require.Empty(t, found)

	linked.wallets = wallets[:2]
	found, r := w.replay(t)
	assert.Zero(t, r.Real(), "%v", found)
	assert.Len(t, found, 2)

	w.MustScore(w.addresses[0])
	w.Clock.Advance(time.Hour)
	found, _ = w.replay(t)
	assert.Empty(t, found)

	linked.wallets = wallets
	found, r = w.replay(t)
	assert.Zero(t, r.Real(), "%v", found)
	assert.NotEmpty(t, found)
	linked.wallets = nil
	found, r = w.replay(t, replay.WithEvents(5))
	assert.Zero(t, r.Real(), "%v", found)
	assert.NotEmpty(t, found)

	linked.wallets, linked.err = wallets, errors.New("away")
	again, err := replay.New(t.Context(), w.Engine, w.Store, 1)
	require.NoError(t, err)
	for _, err := range again.Run(t.Context()) {
		require.NoError(t, err)
	}
	assert.NotZero(t, again.Report().Verdict.FailedByKind[store.KindUnavailable])
	assert.Zero(t, again.Report().Real())
}

// A member that passes is a known way of the service; a merged score from which
// a stamp of a wallet is missing whose others are there is a bug.
func TestRun_LinkedBugs(t *testing.T) {
	w, linked, wallets := couple(t)
	linked.wallets = wallets[:2]
	w.MustScore(w.addresses[0])
	w.MustScore(w.addresses[2])
	w.Clock.Advance(time.Hour)
	canonical, member := store.Address(w.addresses[0]), store.Address(w.addresses[1])
	clean := w.Store.State()
	classOf := func(address store.Address, change func(s *store.Score)) replay.Outcome {
		require.NoError(t, w.Store.SetState(clean))
		w.edit(t, func(s *store.State) { in(change)(s, address) })
		found, _ := w.replay(t)
		require.Len(t, found, 1)
		return found[string(address)]
	}
	o := classOf(member, func(s *store.Score) {
		reword(&s.Evidence, `"success":false`, `"success":true`)
		s.Value = "1"
	})
	assert.Equal(t, shadow.Excepted, o.Class, "%v", o.Differences)
	o = classOf(canonical, func(s *store.Score) { s.Value = "0" })
	assert.Equal(t, shadow.Real, o.Class)
	o = classOf(canonical, func(s *store.Score) {
		var stamps map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(s.Stamps, &stamps))
		for provider := range stamps {
			reword(&s.Stamps, `,"source_wallet":"`+sourceOf(stamps[provider])+`"`, "")
		}
	})
	assert.Equal(t, shadow.Real, o.Class, "a score that is not merged: %v", o.Differences)
}

func sourceOf(stamp json.RawMessage) string {
	var written struct {
		Source string `json:"source_wallet"`
	}
	if json.Unmarshal(stamp, &written) != nil {
		return ""
	}
	return written.Source
}
