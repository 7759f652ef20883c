package memstore

import (
	"bytes"
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
	byProvider := make(map[string][]int, len(wallet.Stamps)) // places in wanted
	own := ownedBy(live)
	for i, stamp := range wallet.Stamps {
		credential, err := own.stored(stamp)
		if err != nil {
			return stampChanges{}, err
		}
		wanted[i] = stampRow{Provider: stamp.Provider, Credential: credential}
		byProvider[stamp.Provider] = append(byProvider[stamp.Provider], i)
	}

	var changes stampChanges
	found := make([]bool, len(wanted))
	for _, row := range w.stampsOf(wallet.Address) {
		same := func(i int) bool { return !found[i] && bytes.Equal(wanted[i].Credential, row.Credential) }
		places := byProvider[row.Provider]
		if i := slices.IndexFunc(places, same); i >= 0 {
			found[places[i]] = true
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
	return w.Stamps.inOrder(w.Stamps.byPassport.find(passport.ID))
}

// owned are the live credentials of a wallet, of which each provider has one.
type owned struct {
	byID       map[int64]*credentialRow
	byProvider map[string]*credentialRow
}

func ownedBy(live []*credentialRow) owned {
	o := owned{make(map[int64]*credentialRow, len(live)), make(map[string]*credentialRow, len(live))}
	for _, row := range live {
		o.byID[row.ID], o.byProvider[row.Provider] = row, row
	}
	return o
}

// stored returns the canonical text of the stamp's credential. Mostly it is
// one of the wallet's, which is canonical, and then its bytes are shared.
func (o owned) stored(stamp store.Stamp) (document, error) {
	if stamp.CredentialID != 0 {
		row, found := o.byID[stamp.CredentialID]
		if !found || !bytes.Equal(row.Stamp, stamp.Credential) {
			return nil, store.Errorf(opApply, store.ErrConflict, "credential %d is not the one that was read", stamp.CredentialID)
		}
		return row.Stamp, nil
	}
	if row, found := o.byProvider[stamp.Provider]; found && bytes.Equal(row.Stamp, stamp.Credential) {
		return row.Stamp, nil
	}
	return canonical(stamp.Credential) // which Changes.Validate has let through
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
