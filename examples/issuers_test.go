package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demos are the examples that trust an issuer of their own: they hold no data
// but theirs.
var demos = []string{"first", "quickstart"}

// A DID with all its digits, and what makes issuers for tests.
var (
	wholeDID   = regexp.MustCompile(`did:(ethr|key|pkh):[0-9A-Za-z:]{20,}`)
	testIssuer = regexp.MustCompile(`passporttest\b`)
)

// namedIssuers returns where the programs in the folder, tests aside, name an
// issuer, or make one of package passporttest.
func namedIssuers(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, issuer := range []*regexp.Regexp{wholeDID, testIssuer} {
			for _, name := range issuer.FindAllString(string(source), -1) {
				found = append(found, path+": "+name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return found
}

// The private keys of demo issuers are public: a program that trusts one lets
// everybody in. Programs for production read their issuers from the
// environment.
func TestExamples_NameNoIssuer(t *testing.T) {
	programs, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	scanned := 0
	for _, program := range programs {
		folder := filepath.Dir(program)
		if folder == demos[0] || folder == demos[1] {
			continue
		}
		scanned++
		assert.Empty(t, namedIssuers(t, folder))
	}
	for _, folder := range []string{"../internal/environment", "../internal/server", "../internal/setup", "../cmd/passport"} {
		assert.Empty(t, namedIssuers(t, folder))
	}
	assert.GreaterOrEqual(t, scanned, 3, "postgres, server and setup at least")
}

func TestExamples_NameNoIssuer_Notices(t *testing.T) {
	assert.NotEmpty(t, namedIssuers(t, "first"), "it makes an issuer of passporttest")
	for name, planted := range map[string]string{
		"the quickstart's": `passport.WithTrustedIssuers("did:ethr:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91")`,
		"on a network":     `"did:ethr:0x5:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91"`,
		"a did:key":        `"did:key:z6Mkj9se6ebKKi6U9wxVuJKfNrVg3TftERczRXZSGf86QPLS"`,
		"a seed's":         `passporttest.NewIssuerFromSeed("demo").DID()`,
	} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(planted), 0o600))
		assert.Len(t, namedIssuers(t, folder), 1, name)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(`such as "did:ethr:0x…"`), 0o600))
		assert.Empty(t, namedIssuers(t, folder), name)
	}
}
