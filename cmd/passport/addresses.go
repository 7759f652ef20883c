package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/passport-sdk/passport-go/shadow"
)

// addressFile is a file with an address on each line. Empty lines are ignored.
type addressFile struct {
	file   *os.File
	share  float64 // of the addresses that are used
	total  int64   // the number of addresses
	done   int64   // how many of them a run has behind it
	failed error   // of the last reading
}

// standardInput is the name of an address file that is none.
const standardInput = "-"

// openAddresses opens the file, or a copy of standard input, of whose addresses
// a share is used, for a run that goes on after so many, the last of which is
// given. The caller closes it.
func (p *program) openAddresses(name string, share float64, done int64, last string) (*addressFile, error) {
	open := func() (*os.File, error) { return os.Open(name) } //nolint:gosec // the operator names it
	if name == standardInput {
		open = p.copyInput
	}
	file, err := open()
	if err != nil {
		return nil, err
	}
	f := &addressFile{file: file, share: share, done: done}
	if err := f.check(last); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// copyInput returns a file without a name that has what standard input has.
func (p *program) copyInput() (*os.File, error) {
	file, err := os.CreateTemp("", "passport-*")
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(file, p.stdin)
	if err = errors.Join(err, os.Remove(file.Name())); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// check counts the addresses, and compares the last one that is done.
func (f *addressFile) check(last string) error {
	var found string
	for address := range shadow.ShareOf(f.all(), f.share) {
		if f.total++; f.total == f.done {
			found = address
		}
	}
	if f.failed == nil && f.done > 0 && found != last {
		return fmt.Errorf("%s has changed: address %d is not the last one of the checkpoint", f.file.Name(), f.done)
	}
	return f.failed
}

// all returns the addresses from the beginning of the file. It sets failed when
// it ends.
func (f *addressFile) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		_, err := f.file.Seek(0, io.SeekStart)
		lines := bufio.NewScanner(f.file) // of at most 64 KiB
		for err == nil && lines.Scan() {
			if address := strings.TrimSpace(lines.Text()); address != "" && !yield(address) {
				return
			}
		}
		if err = errors.Join(err, lines.Err()); err != nil {
			f.failed = fmt.Errorf("reading %s: %w", f.file.Name(), err)
		}
	}
}

// left returns the addresses that are not done.
func (f *addressFile) left() iter.Seq[string] {
	return func(yield func(string) bool) {
		n := int64(0)
		for address := range shadow.ShareOf(f.all(), f.share) {
			if n++; n > f.done && !yield(address) {
				return
			}
		}
	}
}
