package memstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func TestNobodyWaitsWhoseContextHasEnded(t *testing.T) {
	const address = "0x4902f60229f5138a92daec0bf6afa7b0424c451d"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func(*Store) error{
		"AddCredentials": func(s *Store) error { return s.AddCredentials(ctx, address) },
		"FindKey":        func(s *Store) error { _, err := s.FindKey(ctx, "prefix"); return err },
		"Load":           func(s *Store) error { _, err := s.Load(ctx, store.Query{}); return err },
		"LoadPoints":     func(s *Store) error { _, err := s.LoadPoints(ctx, address); return err },
		"Apply":          func(s *Store) error { _, err := s.Apply(ctx, nil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			s.mu.Lock()
			answer := make(chan error, 1)
			go func() { answer <- call(s) }()
			select {
			case err := <-answer:
				s.mu.Unlock()
				assert.ErrorIs(t, err, context.Canceled)
			case <-time.After(10 * time.Second):
				s.mu.Unlock()
				<-answer
				t.Error("it waits for the lock")
			}
		})
	}
}
