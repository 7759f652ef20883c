//go:build pgbouncer

package pgtest_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

func TestThePoolerLeadsToTheSameDatabase(t *testing.T) {
	direct := pgtest.New(t)
	pooled := pgtest.Pooler(t, direct)
	assert.NotEqual(t, parsed(t, direct).Host, parsed(t, pooled).Host)
	assert.Equal(t, parsed(t, pooled).Host, parsed(t, pgtest.Pooler(t, pgtest.New(t))).Host, "there is one for all tests")
	query(t, direct, "insert into registry_humanpointsmultiplier values ('0x', 2) returning ''")
	assert.Equal(t, "INSERT 0 1", exec1(t, pooled, "insert into registry_humanpointsmultiplier values ('0y', 2)"))
	assert.Equal(t, "2", query(t, direct, "select count(*)::text from registry_humanpointsmultiplier"))
}

// exec1 runs a statement without arguments, which is not prepared.
func exec1(t *testing.T, url, sql string) string {
	t.Helper()
	conn := connect(t, url)
	tag, err := conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	return tag.String()
}

// However a test binary ends, its pooler ends with it.
func TestThePoolerEndsWithTheTests(t *testing.T) {
	for _, end := range []string{"passes", "panics in a goroutine", "exits", "is killed"} {
		t.Run(end, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestPoolerChild$", "-test.v")
			child.Env = append(os.Environ(), inChild+"="+end)
			output, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			pooler, _ := announced(t, output)
			err = child.Wait()
			assert.Equal(t, end == "passes", err == nil, "%v", err)
			assert.Eventually(t, func() bool {
				conn, dialing := net.DialTimeout("tcp", pooler.Host, time.Second)
				if dialing == nil {
					require.NoError(t, conn.Close())
				}
				return dialing != nil
			}, time.Minute, 10*time.Millisecond)
		})
	}
}

// TestPoolerChild is what happens in the other binary. On its own it asserts
// that there is a pooler.
func TestPoolerChild(t *testing.T) {
	fmt.Printf("server %s -\n", pgtest.Pooler(t, pgtest.Server(t)))
	endAsAsked(t)
}

func TestPooler_Missing(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^TestPoolerChild$", "-test.v")
	child.Env = append(os.Environ(), "PASSPORT_TEST_PGBOUNCER=/nowhere/pgbouncer")
	output, err := child.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "--- FAIL: TestPoolerChild")
	assert.Contains(t, string(output), "there is no PgBouncer to test with")
	assert.Contains(t, string(output), "apt install pgbouncer")
}
