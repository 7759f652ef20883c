package passporthttp_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(noLeaks{m}) }

// noLeaks fails when goroutines outlive the tests.
type noLeaks struct{ m *testing.M }

func (n noLeaks) Run() int {
	code := n.m.Run()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}
