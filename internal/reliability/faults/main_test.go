package faults_test

import (
	"os"
	"testing"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// A test binary that is started with a plan scores once and is killed.
func TestMain(m *testing.M) {
	if plan := os.Getenv(inVictim); plan != "" {
		beVictim(plan)
		return
	}
	pgtest.Main(m)
}
