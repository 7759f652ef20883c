package credential

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tables are made once in a process, so each case has one of its own, which
// fails if its first check of a signature allocates as much as they do, or not.
func TestPreload(t *testing.T) {
	const variable, tables = "PASSPORT_TEST_PRELOAD", 1 << 20
	switch preloaded := os.Getenv(variable); preloaded {
	case "":
		for _, preloaded := range []string{"yes", "no"} {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPreload$")
			child.Env = append(os.Environ(), variable+"="+preloaded)
			out, err := child.CombinedOutput()
			require.NoError(t, err, "%s: %s", preloaded, out)
		}
	default:
		if preloaded == "yes" {
			Preload()
		}
		signature, err := parseSignature(fmt.Sprintf("0x%064x%064x1b", 1, 1))
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = recoverDecred(&[32]byte{1}, signature)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		assert.Equal(t, preloaded == "no", after.TotalAlloc-before.TotalAlloc > tables, "%d bytes", after.TotalAlloc-before.TotalAlloc)
	}
}
