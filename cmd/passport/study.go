package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/whatif"
)

// study is the place of a run of whatif, and its checkpoint.
type study struct {
	Version   int            `json:"version"`
	Addresses string         `json:"addresses,omitempty"` // the file
	Report    *whatif.Report `json:"report"`              // nil at first
}

// readStudy returns the study of the file, if the file exists, or a new one.
func readStudy(file, addresses string) (*study, error) {
	var found study
	exists, err := readCheckpoint(file, &found, func() bool { return found.Version == checkpointVersion && found.Report != nil })
	if err != nil {
		return nil, err
	}
	if !exists {
		return &study{Version: checkpointVersion, Addresses: addresses}, nil
	}
	if found.Addresses != addresses {
		return nil, fmt.Errorf("%s is of other addresses: give the same flags to go on, or another file", file)
	}
	return &found, nil
}

// run compares the wallets that are left. Whatever its error, the checkpoint
// has all that were compared.
func (s *study) run(ctx context.Context, p *program, c *whatif.Comparison, f *whatifFlags, show *progress) (err error) {
	if err := replace(f.checkpoint, s); err != nil { // one that cannot be written is an error now
		return err
	}
	wallets := c.CompareSelected(ctx, store.AddressQuery{})
	place := &checkpoint{}
	if s.Addresses != "" {
		list, unopened := p.openAddresses(s.Addresses, 1, s.Report.Wallets, s.Report.After)
		if unopened != nil {
			return unopened
		}
		defer func() { err = errors.Join(err, list.failed, list.file.Close()) }()
		wallets, place.Total = c.Compare(ctx, list.left()), list.total
	}
	place.Report.Wallets = s.Report.Wallets
	m, saved := newMeter(place), time.Now()
	defer func() { err = errors.Join(err, replace(f.checkpoint, s)) }()
	for wallet, err := range wallets {
		if err != nil {
			return err
		}
		if wallet.Err != nil && s.Report.Failed <= shownFailures {
			show.notef("%s: %s", printable(wallet.Address), printable(wallet.Err.Error()))
		}
		place.After, place.Report.Wallets, place.Report.Failed = passport.Address(s.Report.After), s.Report.Wallets, s.Report.Failed
		show.update(m.fraction(place), func() string { return m.text(place) })
		if time.Since(saved) >= f.saveEvery {
			if err := replace(f.checkpoint, s); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}
