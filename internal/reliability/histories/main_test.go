package histories_test

import (
	"flag"
	"testing"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

var (
	number  = flag.Int("histories", 300, "histories to check, over all stores")
	seed    = flag.Uint64("seed", 0, "seed of the first history; those after it count on from there")
	picture = flag.String("picture", "", "where to leave the picture of a checked history, an HTML file")
)

func TestMain(m *testing.M) { pgtest.Main(m) }
