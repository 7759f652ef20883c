package pgtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const repository = "https://repo1.maven.org/maven2/io/zonky/test/postgres"

// download returns the folder of the programs of a downloaded build, from the
// cache if it is there.
func download(major int, as account) (string, error) {
	build, platform, err := pinned(major)
	if err != nil {
		return "", err
	}
	cache, err := cacheFolder(as)
	if err != nil {
		return "", err
	}
	name, release := "embedded-postgres-binaries-"+platform, build.release
	folder := filepath.Join(cache, name+"-"+release)
	bin := filepath.Join(folder, "bin")
	if complete(bin) {
		return bin, nil
	}
	archive, err := fetchVerified(fmt.Sprintf("%s/%s/%s/%s-%s.jar", repository, name, release, name, release), build.sha256)
	if err != nil {
		return "", err
	}
	if err := install(archive, folder); err != nil {
		return "", fmt.Errorf("unpack %s %s: %w", name, release, err)
	}
	if !complete(bin) {
		return "", fmt.Errorf("%s %s does not hold %s", name, release, strings.Join(programs, ", "))
	}
	return bin, nil
}

// cacheFolder returns where builds are kept: in the user's cache, or for root,
// whose home no other user may enter, in the machine's.
func cacheFolder(as account) (string, error) {
	parents := []string{"/var/cache"}
	if own, err := os.UserCacheDir(); err == nil {
		parents = []string{own, "/var/cache"}
	}
	var failures []error
	for _, parent := range parents {
		folder := filepath.Join(parent, "passport-go")
		if !as.reaches(folder) {
			failures = append(failures, fmt.Errorf("%s is closed to the user that the server runs as", parent))
			continue
		}
		err := os.MkdirAll(folder, 0o755) //nolint:gosec // others must be able to run what is in it
		if err == nil {
			return folder, nil
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("there is no folder to keep it in: %w", errors.Join(failures...))
}

// fetchVerified returns the file behind the address, if its SHA-256 is the
// given one, in hex.
func fetchVerified(address, want string) ([]byte, error) {
	const mostArchive = 256 << 20
	archive, err := fetch(address, mostArchive)
	if err != nil {
		return nil, err
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(archive)); got != want {
		return nil, fmt.Errorf("%s has SHA-256 %s, pinned is %s: it is not the file that this module was tested with", address, got, want)
	}
	return archive, nil
}

func fetch(address string, most int64) (content []byte, err error) {
	client := http.Client{Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()  // or the connection outlives the tests, which Main reports
	response, err := client.Get(address) //nolint:noctx // the client's timeout bounds it
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", address, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: %s", address, response.Status)
	}
	content, err = io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", address, err)
	}
	if int64(len(content)) > most {
		return nil, fmt.Errorf("fetch %s: more than %d bytes", address, most)
	}
	return content, nil
}
