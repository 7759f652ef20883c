package replay_test

import (
	"testing"

	"github.com/passport-sdk/passport-go/replay"
)

// BenchmarkRun decides the scores of 300 wallets again; "engine" scores them,
// as the floor.
func BenchmarkRun(b *testing.B) {
	w := newTown(b, 300)
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			r, err := replay.New(b.Context(), w.Engine, w.Store, 1)
			if err != nil {
				b.Fatal(err)
			}
			for _, err := range r.Run(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
			}
			if v := r.Report().Verdict; v.Agreed != 300 {
				b.Fatal(v.Agreed)
			}
		}
	})
	b.Run("engine", func(b *testing.B) {
		for b.Loop() {
			for _, address := range w.addresses {
				if _, err := w.Engine.Preview(b.Context(), 1, address); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
