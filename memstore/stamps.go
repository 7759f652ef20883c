package memstore

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// stampChanges is what brings the stamps of a passport to those that count.
type stampChanges struct {
	remove []*stampRow
	add    []stampRow
}

// compareStamps tells how the stored stamps of the wallet differ from those
// that count. Credentials are compared as JSON; of equal ones as many are kept
// as are wanted.
func (w *writer) compareStamps(wallet *store.WalletChanges, live []*credentialRow) (stampChanges, error) {
	if wallet.Score.Status == store.StatusError {
		return stampChanges{}, nil
	}
	wanted := make([]stampRow, len(wallet.Stamps))
	for i, stamp := range wallet.Stamps {
		if moved(stamp, live) {
			return stampChanges{}, refuse(opApply, store.ErrConflict, "credential %d is not the one that was read", stamp.CredentialID)
		}
		credential, err := stored(stamp, live)
		if err != nil {
			return stampChanges{}, fmt.Errorf("memstore: %s: %w: the credential of provider %q: %w",
				opApply, store.ErrInvalid, stamp.Provider, err)
		}
		wanted[i] = stampRow{Provider: stamp.Provider, Credential: credential}
	}

	var changes stampChanges
	found := make([]bool, len(wanted))
	for _, row := range w.stampsOf(wallet.Address) {
		if i := find(wanted, found, row); i >= 0 {
			found[i] = true
		} else {
			changes.remove = append(changes.remove, row)
		}
	}
	for i, row := range wanted {
		if !found[i] {
			changes.add = append(changes.add, row)
		}
	}
	return changes, nil
}

func (w *writer) stampsOf(address string) []*stampRow {
	passport, found := w.Passports.byAddress.find(place{address, w.community})
	if !found {
		return nil
	}
	return w.Stamps.byPassport.rows[passport.ID]
}

// moved reports whether the credential that the stamp names by its id is
// another one than the stamp holds.
func moved(stamp store.Stamp, live []*credentialRow) bool {
	if stamp.CredentialID == 0 {
		return false
	}
	return !slices.ContainsFunc(live, func(row *credentialRow) bool {
		return row.ID == stamp.CredentialID && bytes.Equal(row.Stamp, stamp.Credential)
	})
}

// stored returns the canonical text of the stamp's credential. Mostly it is
// one of the wallet's, which is canonical, and then its bytes are shared.
func stored(stamp store.Stamp, live []*credentialRow) (document, error) {
	for _, row := range live {
		if row.Provider == stamp.Provider && bytes.Equal(row.Stamp, stamp.Credential) {
			return row.Stamp, nil
		}
	}
	return canonical(stamp.Credential)
}

func find(wanted []stampRow, found []bool, row *stampRow) int {
	for i := range wanted {
		if !found[i] && wanted[i].Provider == row.Provider && bytes.Equal(wanted[i].Credential, row.Credential) {
			return i
		}
	}
	return -1
}

func (w *writer) replaceStamps(passport int64, changes stampChanges) {
	for _, row := range changes.remove {
		w.Stamps.remove(row)
	}
	for _, row := range changes.add {
		row.ID, row.PassportID = w.Stamps.nextID(), &passport
		w.Stamps.set(&row)
	}
}
