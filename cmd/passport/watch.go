package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/time/rate"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// watchTerms say which wallets a run of shadow compares.
type watchTerms struct {
	Community int64   `json:"community"`
	Primary   string  `json:"primary"`
	Addresses string  `json:"addresses,omitempty"` // the file
	Sample    float64 `json:"sample"`
}

// watch is the place of a run of shadow, and its checkpoint.
type watch struct {
	Version int             `json:"version"`
	Terms   watchTerms      `json:"terms"`
	After   string          `json:"after"` // the last address
	Done    int64           `json:"done"`  // the number of addresses
	Verdict *shadow.Verdict `json:"verdict"`
}

// readWatch returns the place of the file, if the file exists, or a new one.
func readWatch(file string, terms watchTerms) (*watch, error) {
	var found watch
	exists, err := readCheckpoint(file, &found, func() bool { return found.Version == checkpointVersion })
	if err != nil {
		return nil, err
	}
	if !exists {
		return &watch{Version: checkpointVersion, Terms: terms}, nil
	}
	if found.Terms != terms {
		return nil, fmt.Errorf("%s is of another run: give the same flags to go on, or another file", file)
	}
	return &found, nil
}

// watching is one run of shadow.
type watching struct {
	program *program
	shadow  *shadow.Shadow
	engine  *passport.Engine
	source  shadow.Source
	flags   *shadowFlags
	kept    *watch
	show    *progress
}

// run compares the wallets that are left. Whatever its error, the checkpoint
// has all that were compared, but for one that ends every run.
func (r *watching) run(ctx context.Context) (err error) {
	kept, f := r.kept, r.flags
	save := func() error {
		kept.Verdict = r.shadow.Verdict()
		return replace(f.checkpoint, kept)
	}
	if err := save(); err != nil { // a file that cannot be written is an error now
		return err
	}
	place := &checkpoint{}
	var failed error
	addresses := shadow.ShareOf(plain(r.engine.Addresses(ctx, store.AddressQuery{
		Community: f.watch.Community, After: store.Address(kept.After),
	}), &failed), f.watch.Sample)
	if f.watch.Addresses != "" {
		list, unopened := r.program.openAddresses(f.watch.Addresses, f.watch.Sample, kept.Done, kept.After)
		if unopened != nil {
			return unopened
		}
		defer func() { err = errors.Join(err, list.failed, list.file.Close()) }()
		addresses, place.Total = list.left(), list.total
	}
	pace := rate.NewLimiter(rate.Inf, 1)
	if f.rate > 0 {
		pace.SetLimit(rate.Limit(f.rate))
	}
	place.Report.Wallets = kept.Done
	m, saved, failures := newMeter(place), time.Now(), 0
	for c, err := range r.shadow.Run(ctx, f.watch.Community, r.source, addresses) {
		if err != nil {
			return errors.Join(err, save())
		}
		if endsRun(c.Err) {
			return c.Err // it is not in the checkpoint
		}
		if c.Err != nil {
			if failures++; failures <= shownFailures {
				r.note(&c)
			}
		}
		kept.After, kept.Done = c.Address, kept.Done+1
		place.After, place.Report.Wallets = passport.Address(kept.After), kept.Done
		r.show.update(m.fraction(place), func() string { return m.text(place) })
		if time.Since(saved) >= f.saveEvery {
			if err := save(); err != nil {
				return err
			}
			saved = time.Now()
		}
		if err := pace.Wait(ctx); err != nil {
			return errors.Join(err, save())
		}
	}
	return errors.Join(failed, save())
}

// note shows a wallet that could not be compared.
func (r *watching) note(c *shadow.Comparison) {
	address, text := printable(c.Address), printable(c.Err.Error())
	if r.flags.hide {
		address, text = "a wallet", string(store.KindOf(c.Err)) // the error may name it
	}
	r.show.notef("%s: %s", address, text)
}

// plain returns the addresses. It sets the error that ends them.
func plain(addresses iter.Seq2[passport.Address, error], failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for address, err := range addresses {
			if *failed = err; err != nil || !yield(string(address)) {
				return
			}
		}
	}
}
