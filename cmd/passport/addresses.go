package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/passport-sdk/passport-go/whatif"
)

// addressFile is a file with an address on each line. Empty lines are ignored.
type addressFile struct {
	file  *os.File
	total int64 // the number of addresses
	done  int64 // how many of them a report has
	after string
}

// openAddresses opens the file, for a run that goes on after the report. The
// caller closes it.
func openAddresses(name string, r *whatif.Report) (*addressFile, error) {
	file, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	f := &addressFile{file: file, done: r.Wallets, after: r.After}
	if err := f.check(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// check counts the addresses, and finds the last one of the report.
func (f *addressFile) check() error {
	var last string
	for address, err := range f.all() {
		if err != nil {
			return err
		}
		if f.total++; f.total == f.done {
			last = address
		}
	}
	if f.done > 0 && last != f.after {
		return fmt.Errorf("%s has changed: address %d is not the last one of the checkpoint", f.file.Name(), f.done)
	}
	return nil
}

// all returns the addresses from the beginning of the file.
func (f *addressFile) all() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		_, err := f.file.Seek(0, io.SeekStart)
		lines := bufio.NewScanner(f.file) // of at most 64 KiB
		for err == nil && lines.Scan() {
			if address := strings.TrimSpace(lines.Text()); address != "" && !yield(address, nil) {
				return
			}
		}
		if err = errors.Join(err, lines.Err()); err != nil {
			yield("", fmt.Errorf("reading %s: %w", f.file.Name(), err))
		}
	}
}

// compare compares the wallets that the report does not have.
func (f *addressFile) compare(ctx context.Context, c *whatif.Comparison) iter.Seq2[whatif.Wallet, error] {
	return func(yield func(whatif.Wallet, error) bool) {
		var failed error
		left := func(yield func(string) bool) {
			skipped := int64(0)
			for address, err := range f.all() {
				if skipped++; err == nil && skipped <= f.done {
					continue
				}
				if failed = err; err != nil || !yield(address) {
					return
				}
			}
		}
		for wallet, err := range c.Compare(ctx, left) {
			if !yield(wallet, err) || err != nil {
				return
			}
		}
		if failed != nil {
			yield(whatif.Wallet{}, failed)
		}
	}
}
