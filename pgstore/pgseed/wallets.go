package pgseed

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// chunk is the number of wallets that are written together.
const chunk = 200

// signAll signs and stores the stamps of the wallets.
func (f *filling) signAll(ctx context.Context) error {
	issuer := f.Issuer()
	for from := 0; from < f.Wallets; from += chunk {
		signed, err := f.sign(ctx, issuer, from, min(chunk, f.Wallets-from))
		if err != nil {
			return err
		}
		if err := f.copyIn(ctx, signed); err != nil {
			return fmt.Errorf("storing credentials: %w", err)
		}
		f.Progress(Progress{Signing, from + len(signed), f.Wallets})
	}
	return nil
}

// stamped is a wallet with its stamps.
type stamped struct {
	address string
	stamps  []store.CredentialInput
}

// sign returns a number of wallets, which all processors sign.
func (f *filling) sign(ctx context.Context, issuer *passporttest.Issuer, from, number int) ([]stamped, error) {
	wallets, faults := make([]stamped, number), make([]error, number)
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for i := range wallets {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			if faults[i] = ctx.Err(); faults[i] == nil {
				wallets[i], faults[i] = f.signOne(issuer, from+i)
			}
		})
	}
	running.Wait()
	return wallets, cmp.Or(faults...)
}

// signOne returns the wallet of that number.
func (f *filling) signOne(issuer *passporttest.Issuer, number int) (stamped, error) {
	wallet := stamped{address: f.address(number)}
	for stamp := range f.Stamps {
		signed, err := issuer.Issue(wallet.address, provider(stamp), fmt.Sprintf("%s %d", f.Seed, number))
		if err != nil {
			return stamped{}, err
		}
		input, err := passport.ReadCredential(signed)
		if err != nil {
			return stamped{}, err
		}
		wallet.stamps = append(wallet.stamps, input)
	}
	return wallet, nil
}

// copyIn stores the wallets with their stamps.
func (f *filling) copyIn(ctx context.Context, wallets []stamped) error {
	var rows [][]any
	now := time.Now()
	for _, wallet := range wallets {
		for i := range wallet.stamps {
			stamp := &wallet.stamps[i]
			rows = append(rows, []any{
				1, wallet.address, stamp.Provider, stamp.Document, stamp.ProofValue, stamp.IssuedAt, stamp.ExpiresAt,
				now, now, "pending", "",
			})
		}
	}
	_, err := f.pool.CopyFrom(ctx, pgx.Identifier{f.Schema, "ceramic_cache_ceramiccache"}, []string{
		"type", "address", "provider", "stamp", "proof_value", "issuance_date", "expiration_date",
		"created_at", "updated_at", "compose_db_save_status", "compose_db_stream_id",
	}, pgx.CopyFromRows(rows))
	return err
}
