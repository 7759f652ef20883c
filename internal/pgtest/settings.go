package pgtest

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/pgstore"
)

// The versions of Postgres that the SDK supports.
const (
	oldest = 14
	newest = 18
)

// settings say which server to use.
type settings struct {
	// url is a running server; the rest does not matter then.
	url string
	// version is a major version, or "installed", or "" for any.
	version string
	// engine is whose statements the tests run, "" for those of the server.
	engine pgstore.Engine
}

func fromEnvironment() settings {
	return settings{
		url:     os.Getenv("PASSPORT_TEST_DATABASE_URL"),
		version: os.Getenv("PASSPORT_TEST_POSTGRES"),
		engine:  pgstore.Engine(os.Getenv("PASSPORT_TEST_ENGINE")),
	}
}

// binaries returns a folder with initdb, pg_ctl and postgres that the account
// can run.
func (s settings) binaries(as account) (string, error) {
	wanted, err := s.major()
	if err != nil {
		return "", err
	}
	found := installed()
	for _, server := range found {
		if wanted == 0 || server.major == wanted {
			return server.bin, nil
		}
	}
	if s.version == "installed" {
		return "", fmt.Errorf("no Postgres %d or later is installed, and PASSPORT_TEST_POSTGRES=installed rules a download out%s", oldest, list(found))
	}
	if wanted == 0 {
		wanted = newest
	}
	bin, err := download(wanted, as)
	if err != nil {
		return "", fmt.Errorf("no Postgres %d is installed, and to download it failed: %w", wanted, err)
	}
	return bin, nil
}

// major returns the version that is asked for, 0 when any will do.
func (s settings) major() (int, error) {
	if s.version == "" || s.version == "installed" {
		return 0, nil
	}
	major, err := strconv.Atoi(s.version)
	if err != nil || major < oldest || major > newest {
		return 0, fmt.Errorf("PASSPORT_TEST_POSTGRES=%q is neither %d to %d nor \"installed\"", s.version, oldest, newest)
	}
	return major, nil
}

func list(found []installation) string {
	if len(found) == 0 {
		return ""
	}
	var texts []string
	for _, server := range found {
		texts = append(texts, fmt.Sprintf("%d in %s", server.major, server.bin))
	}
	return " (installed: " + strings.Join(texts, ", ") + ")"
}
