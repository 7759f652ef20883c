package pgstore_test

import (
	"testing"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, notOn...) }
