package faults_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// A test binary that is started with a plan scores once and is killed.
func TestMain(m *testing.M) {
	if plan := os.Getenv(inVictim); plan != "" {
		beVictim(plan)
		return
	}
	pgtest.Main(leakless{m})
}

// leakless fails when a goroutine has outlived the tests.
type leakless struct{ tests *testing.M }

func (l leakless) Run() int {
	code := l.tests.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println(err.Error())
			return 1
		}
	}
	return code
}
