package pgtest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFetchVerified(t *testing.T) {
	files := map[string]string{"/good.jar": "archive", "/bad.jar": "tampered"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, there := files[r.URL.Path]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, err := w.Write([]byte(content))
		assert.NoError(t, err)
	}))
	defer server.Close()

	pin := fmt.Sprintf("%x", sha256.Sum256([]byte("archive")))
	archive, err := fetchVerified(server.URL+"/good.jar", pin)
	require.NoError(t, err)
	assert.Equal(t, "archive", string(archive))
	_, err = fetchVerified(server.URL+"/bad.jar", pin)
	require.ErrorContains(t, err, "pinned is "+pin)
	_, err = fetchVerified(server.URL+"/good.jar", "")
	require.ErrorContains(t, err, "pinned is ")
	_, err = fetchVerified(server.URL+"/none.jar", pin)
	require.ErrorContains(t, err, "none.jar: 404")
	_, err = fetch(server.URL+"/good.jar", 6)
	require.ErrorContains(t, err, "more than 6 bytes")
}

// Every build has a digest of its own, and Linux has a build of every version.
func TestBuilds(t *testing.T) {
	digests := map[string]bool{}
	for platform, versions := range builds {
		for major, build := range versions {
			assert.True(t, strings.HasPrefix(build.release, fmt.Sprintf("%d.", major)), "%s %d", platform, major)
			assert.Regexp(t, "^[0-9a-f]{64}$", build.sha256)
			assert.False(t, digests[build.sha256], "%s %d has the digest of another build", platform, major)
			digests[build.sha256] = true
		}
	}
	for major := oldest; major <= newest; major++ {
		assert.Contains(t, builds["linux-amd64"], major)
		assert.Contains(t, builds["linux-arm64v8"], major)
	}
	_, _, err := pinned(newest + 1)
	require.ErrorContains(t, err, "there is no build of Postgres 19 for ")
}

func TestNothingIsUnpackedOutsideTheFolder(t *testing.T) {
	for name, entries := range map[string][]tar.Header{
		"upwards":        {{Name: "../evil", Typeflag: tar.TypeReg, Mode: 0o755}},
		"absolute":       {{Name: "/tmp/passport-evil", Typeflag: tar.TypeReg, Mode: 0o755}},
		"through a link": {{Name: "out", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "out/evil", Typeflag: tar.TypeReg}},
		"a device":       {{Name: "evil", Typeflag: tar.TypeChar}},
		"twice":          {{Name: "a", Typeflag: tar.TypeReg}, {Name: "a", Typeflag: tar.TypeReg}},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			folder := filepath.Join(parent, "folder")
			require.NoError(t, os.Mkdir(folder, 0o700))
			require.Error(t, unpackTar(packed(t, entries), folder))
			assert.NoFileExists(t, filepath.Join(parent, "evil"))
			assert.NoFileExists(t, "/tmp/passport-evil")
		})
	}
}

func TestAnArchiveIsUnpacked(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, unpackTar(packed(t, []tar.Header{
		{Name: "bin/", Typeflag: tar.TypeDir},
		{Name: "bin/postgres", Typeflag: tar.TypeReg, Mode: 0o4755},
		{Name: "./lib/libpq.so", Typeflag: tar.TypeSymlink, Linkname: "libpq.so.5"},
	}), folder))
	info, err := os.Stat(filepath.Join(folder, "bin", "postgres"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o755, info.Mode())
	link, err := os.Readlink(filepath.Join(folder, "lib", "libpq.so"))
	require.NoError(t, err)
	assert.Equal(t, "libpq.so.5", link)
}

func packed(t *testing.T, entries []tar.Header) *bytes.Buffer {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for i := range entries {
		require.NoError(t, w.WriteHeader(&entries[i]))
	}
	require.NoError(t, w.Close())
	return &archive
}

func TestMajor(t *testing.T) {
	for want := oldest; want <= newest; want++ {
		major, err := settings{version: strconv.Itoa(want)}.major()
		require.NoError(t, err)
		assert.Equal(t, want, major)
	}
	for _, version := range []string{"13", "19", "latest", "15.2", " 15"} {
		_, err := settings{version: version}.major()
		require.ErrorContains(t, err, "neither 14 to 18 nor", version)
	}
}

func TestOnlyOldDatabasesOfOursAreSweptAway(t *testing.T) {
	age, ours := ageOf(newName(), time.Now().Add(25*time.Hour))
	assert.True(t, ours)
	assert.InDelta(t, 25*time.Hour, age, float64(time.Minute))
	for _, name := range []string{"", "postgres", "passport_test_", "passport_test_mine", "passport_test_20200101t000000_", "passport_test_20200101t000000_a; drop", "passport_test_20209999t000000_abcdefghijklmnopqrstuvwxyz", "passport_test_20200101t000000"} {
		_, ours := ageOf(name, time.Now())
		assert.False(t, ours, name)
	}
}
