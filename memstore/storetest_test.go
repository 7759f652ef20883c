package memstore_test

import (
	"context"
	"testing"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

type harness struct{ *memstore.Store }

func (h harness) Seed(_ context.Context, state store.State) error { return h.SetState(state) }

func (h harness) State(context.Context) (store.State, error) { return h.Store.State(), nil }

func newHarness(testing.TB) storetest.Harness { return harness{memstore.New()} }

func TestStore(t *testing.T) { storetest.Run(t, newHarness) }

func TestStore_Contention(t *testing.T) { storetest.RunContention(t, newHarness) }

func TestStore_Scenarios(t *testing.T) { storetest.Scenarios(t, newHarness) }
