package memstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// PutAddressList implements [store.Communities].
func (s *Store) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	const op = "put_address_list"
	if err := store.CheckAddressList(name, addresses...); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return s.change(ctx, op, func(d *data, _ time.Time) error {
		d.replaceMembers(d.list(name), addresses)
		return nil
	})
}

// list returns the id of the named list, which is made if there is none.
func (d *data) list(name string) int64 {
	if row, found := d.Lists.byName.find(name); found {
		return row.ID
	}
	row := &addressListRow{ID: d.Lists.nextID(), Name: name}
	d.Lists.set(row)
	return row.ID
}

func (d *data) replaceMembers(list int64, addresses []string) {
	wanted := make(map[string]bool, len(addresses))
	for _, address := range addresses {
		wanted[address] = true
	}
	var leaving []*addressListMemberRow
	for _, row := range d.Members.byList.find(list) {
		if !wanted[row.Address] {
			leaving = append(leaving, row)
		}
	}
	for _, row := range leaving {
		d.Members.remove(row)
	}
	for _, address := range addresses {
		if !d.Members.byAddress.has(member{address, list}) {
			d.Members.set(&addressListMemberRow{ID: d.Members.nextID(), Address: address, ListID: list})
		}
	}
}
