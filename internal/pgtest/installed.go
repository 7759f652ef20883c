package pgtest

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// installation is a Postgres that is installed on this machine.
type installation struct {
	major int
	// bin is the folder of its programs.
	bin string
}

// programs are what it takes to run a server.
var programs = []string{"initdb", "pg_ctl", "postgres"}

// installed returns the servers of this machine that are new enough, the newest
// first.
func installed() []installation {
	var found []installation
	for _, bin := range binFolders() {
		if !complete(bin) {
			continue
		}
		if major := majorOf(bin); major >= oldest {
			found = append(found, installation{major, bin})
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return cmp.Compare(b.major, a.major) })
	return found
}

// binFolders returns where the programs may be, that which the user prefers
// first.
func binFolders() []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	if output, err := exec.Command("pg_config", "--bindir").Output(); err == nil { //nolint:noctx // ends at once
		folders = append(folders, strings.TrimSpace(string(output)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // Red Hat, from postgresql.org
		"/usr/libexec/postgresql*",  // Alpine
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin",
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		folders = append(folders, matches...)
	}
	return folders
}

func complete(bin string) bool {
	for _, program := range programs {
		if info, err := os.Stat(filepath.Join(bin, program)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf returns the version of the server in the folder, 0 if it is unknown.
func majorOf(bin string) int {
	output, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output() //nolint:gosec,noctx // an installed program, which ends at once
	if err != nil {
		return 0
	}
	found := versionText.FindSubmatch(output)
	if found == nil {
		return 0
	}
	major, _ := strconv.Atoi(string(found[1])) // digits
	return major
}
