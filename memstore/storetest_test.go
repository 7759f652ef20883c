package memstore_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store/storetest"
)

type harness struct{ *memstore.Store }

func (h harness) Seed(_ context.Context, rows []byte) error { return h.ReadRows(bytes.NewReader(rows)) }

func (h harness) Rows(context.Context) ([]byte, error) {
	var rows bytes.Buffer
	err := h.WriteRows(&rows)
	return rows.Bytes(), err
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Harness { return harness{memstore.New()} })
}

func TestScenarios(t *testing.T) {
	storetest.Scenarios(t, func(testing.TB) storetest.Harness { return harness{memstore.New()} })
}
