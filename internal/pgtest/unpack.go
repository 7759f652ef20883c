package pgtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/xi2/xz"
)

// install unpacks the archive and puts the result in place at once: others see
// all of it or nothing, and the second to come keeps the first one's.
func install(archive []byte, folder string) (err error) {
	parent := filepath.Dir(folder)
	unpacked, err := os.MkdirTemp(parent, "unpacking-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unpacked)) }()
	if err := os.Chmod(unpacked, 0o755); err != nil { //nolint:gosec // others must be able to run what is in it
		return err
	}
	if err := unpack(archive, unpacked); err != nil {
		return err
	}
	if err := os.Rename(unpacked, folder); err != nil && !complete(filepath.Join(folder, "bin")) {
		return err
	}
	return nil
}

// unpack writes what is in the archive, a zip that holds one xz-compressed tar,
// into the folder, and nothing outside of it.
func unpack(archive []byte, folder string) error {
	outer, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	for _, file := range outer.File {
		if !strings.HasSuffix(file.Name, ".txz") {
			continue
		}
		compressed, err := file.Open()
		if err != nil {
			return err
		}
		plain, err := xz.NewReader(compressed, 0)
		if err == nil {
			err = unpackTar(plain, folder)
		}
		return errors.Join(err, compressed.Close())
	}
	return errors.New("the archive holds no .txz")
}

func unpackTar(plain io.Reader, folder string) (err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	const most = 1 << 30
	entries := tar.NewReader(io.LimitReader(plain, most))
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = unpackEntry(root, entry, entries)
		}
		if err != nil {
			return err
		}
	}
}

func unpackEntry(root *os.Root, entry *tar.Header, content io.Reader) error {
	name := filepath.Clean(entry.Name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	switch entry.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(entry.Linkname, name)
	case tar.TypeReg:
		return unpackFile(root, name, os.FileMode(entry.Mode)&0o755, content) //nolint:gosec // masked
	}
	return fmt.Errorf("%s is neither a file, a folder nor a link", entry.Name)
}

func unpackFile(root *os.Root, name string, mode os.FileMode, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
