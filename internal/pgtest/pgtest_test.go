package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// A test binary that is started with this variable is the one that something
// happens to.
const inChild = "PGTEST_CHILD"

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	var gone string
	t.Run("one writes", func(t *testing.T) {
		gone = pgtest.New(t)
		query(t, gone, "insert into registry_humanpointsmultiplier values ('0x', 2) returning ''")
		connect(t, gone) // and stays until the end
	})
	t.Run("another finds nothing", func(t *testing.T) {
		assert.Equal(t, "0", query(t, pgtest.New(t), "select count(*)::text from registry_humanpointsmultiplier"))
	})
	t.Run("an empty one has no tables", func(t *testing.T) {
		assert.Equal(t, "0", query(t, pgtest.NewEmpty(t), "select count(*)::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"))
	})
	name := strings.TrimPrefix(parsed(t, gone).Path, "/")
	assert.Equal(t, "0", query(t, pgtest.Server(t), "select count(*)::text from pg_database where datname = '"+name+"'"), "it is dropped at the end of the test")
}

// However a test binary ends, its server ends with it.
func TestNewForExample(t *testing.T) {
	url, drop := pgtest.NewForExample()
	assert.Equal(t, "0", query(t, url, "select count(*)::text from registry_score"))
	drop()
	conn, err := pgx.Connect(t.Context(), url)
	assert.ErrorContains(t, err, "does not exist")
	assert.Nil(t, conn)
}

func TestTheServerEndsWithTheTests(t *testing.T) {
	if os.Getenv("PASSPORT_TEST_DATABASE_URL") != "" {
		// Then none is started; and that one outlives us is the point of it.
		require.Equal(t, os.Getenv("PASSPORT_TEST_DATABASE_URL"), pgtest.Server(t))
		return
	}
	for _, end := range []string{"passes", "panics in a goroutine", "exits", "is killed"} {
		t.Run(end, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
			child.Env = append(os.Environ(), inChild+"="+end)
			output, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			server, folder := announced(t, output)
			err = child.Wait()
			assert.Equal(t, end == "passes", err == nil, "%v", err)

			assert.Eventually(t, func() bool {
				conn, dialing := net.DialTimeout("tcp", server.Host, time.Second)
				if dialing == nil {
					require.NoError(t, conn.Close())
				}
				_, looking := os.Stat(folder)
				return dialing != nil && os.IsNotExist(looking)
			}, time.Minute, 10*time.Millisecond)
		})
	}
}

// TestChild is what happens in the other binary. On its own it asserts that
// there is a server.
func TestChild(t *testing.T) {
	server := pgtest.Server(t)
	folder := query(t, server, "show data_directory")
	fmt.Printf("server %s %s\n", server, strings.TrimSuffix(folder, "/data"))
	endAsAsked(t)
}

// endAsAsked ends the other binary in the way that its parent wants.
func endAsAsked(t *testing.T) {
	t.Helper()
	switch os.Getenv(inChild) {
	case "panics in a goroutine":
		go func() { panic("as it should") }()
		<-t.Context().Done()
	case "exits":
		os.Exit(3)
	case "is killed":
		self, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		require.NoError(t, self.Kill())
		<-t.Context().Done()
	}
}

func TestWithoutAServerATestFailsAndSaysWhatToDo(t *testing.T) {
	for variable, value := range map[string]string{
		"PASSPORT_TEST_DATABASE_URL": "postgres://user:s3cr3t@127.0.0.1:1/postgres",
		"PASSPORT_TEST_POSTGRES":     "13",
	} {
		t.Run(variable, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
			child.Env = append(os.Environ(), "PASSPORT_TEST_DATABASE_URL=", "PASSPORT_TEST_POSTGRES=", variable+"="+value)
			output, err := child.CombinedOutput()
			require.Error(t, err)
			text := string(output)
			assert.Contains(t, text, "--- FAIL: TestChild")
			assert.Contains(t, text, "there is no Postgres to test with")
			assert.Contains(t, text, "apt install postgresql")
			assert.Contains(t, text, "PASSPORT_TEST_DATABASE_URL=postgres://user:password@host")
			assert.NotContains(t, text, "s3cr3t")
		})
	}
}

func TestARunningServerIsUsedAndLeftAsItWas(t *testing.T) {
	server := pgtest.Server(t)
	databases := func() string {
		return query(t, server, "select string_agg(datname, ' ' order by datname) from pg_database")
	}
	query(t, server, "select ''")
	before := databases()
	child := exec.Command(os.Args[0], "-test.run=^TestEveryTestHasADatabaseOfItsOwn$")
	child.Env = append(os.Environ(), "PASSPORT_TEST_DATABASE_URL="+server)
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, before, databases())
}

// announced reads what TestChild prints.
func announced(t *testing.T, output io.Reader) (server *url.URL, folder string) {
	t.Helper()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "server" {
			return parsed(t, fields[1]), fields[2]
		}
	}
	require.Fail(t, "the other binary printed nothing")
	return nil, ""
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	return conn
}

// query returns the one text that the query answers.
func query(t *testing.T, url, sql string) (text string) {
	t.Helper()
	conn := connect(t, url)
	require.NoError(t, conn.QueryRow(context.Background(), sql).Scan(&text))
	require.NoError(t, conn.Close(context.Background()))
	return text
}
