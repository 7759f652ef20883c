package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// AddCredentials implements [store.Credentials].
func (s *Store) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
	added, fault := newCredentials(address, credentials)
	return s.update(ctx, "add_credentials", fault, func(d *data, now time.Time) error {
		for _, c := range added {
			d.delete(c.Address, now, func(old *credential) bool { return old.Provider == c.Provider && !old.Foreign })
			c.ID, c.UpdatedAt = d.lastCredential+1, now
			d.insert(c)
		}
		return nil
	})
}

func newCredentials(address store.Address, inputs []store.CredentialInput) ([]*credential, error) {
	address, err := store.ParseAddress(string(address))
	if err = cmp.Or(err, store.CheckCredentials(inputs)); err != nil {
		return nil, err
	}
	added := make([]*credential, len(inputs))
	for i := range inputs {
		input := &inputs[i]
		if added[i], err = newCredential(store.StoredCredential{
			Credential: store.Credential{Provider: input.Provider, Document: input.Document},
			Address:    address, ProofValue: input.ProofValue, IssuedAt: input.IssuedAt, ExpiresAt: input.ExpiresAt,
		}); err != nil {
			return nil, err
		}
	}
	return added, nil
}

// DeleteCredentials implements [store.Credentials].
func (s *Store) DeleteCredentials(ctx context.Context, address store.Address, providers ...string) (n int, err error) {
	address, fault := store.ParseAddress(string(address))
	err = s.update(ctx, "delete_credentials", fault, func(d *data, now time.Time) error {
		n = d.delete(address, now, func(c *credential) bool { return slices.Contains(providers, c.Provider) })
		return nil
	})
	return n, err
}

func (d *data) delete(address store.Address, now time.Time, chosen func(*credential) bool) (n int) {
	for _, c := range d.credentials[address] {
		if !c.Deleted && chosen(c) {
			c.Deleted, c.UpdatedAt = true, now
			n++
		}
	}
	return n
}

// RevokeCredentials implements [store.Credentials].
func (s *Store) RevokeCredentials(ctx context.Context, proofValues ...string) (revoked int, err error) {
	var fault error
	if i := slices.Index(proofValues, ""); i >= 0 {
		fault = fmt.Errorf("proof value %d is empty", i)
	}
	err = s.update(ctx, "revoke_credentials", fault, func(d *data, _ time.Time) error {
		for _, value := range proofValues {
			for _, c := range d.byProof[value] {
				if !c.Revoked {
					c.Revoked = true
					revoked++
				}
			}
		}
		return nil
	})
	return revoked, err
}

// ListCredentials implements [store.Credentials].
func (s *Store) ListCredentials(
	ctx context.Context, address store.Address, page store.Page,
) (*store.CredentialPage, error) {
	if err := page.Validate(); err != nil {
		return nil, named("list_credentials", err)
	}
	return viewOf(ctx, s, "list_credentials", address, func(d *data, a store.Address) (*store.CredentialPage, error) {
		live := d.live(a)
		low, high := cut(live, func(c *credential) int64 { return c.ID }, page)
		part := slices.Clone(live[low:high])
		if page.After > 0 {
			part = fitting(part)
			high = low + len(part)
			slices.Reverse(part)
		} else {
			slices.Reverse(part)
			part = fitting(part)
			low = high - len(part)
		}
		return &store.CredentialPage{Credentials: bounded(part, nil), Newer: high < len(live), Older: low > 0}, nil
	})
}

// fitting returns the first of the credentials, as many as have no more than
// [store.MaxWalletBytes].
func fitting(list []*credential) []*credential {
	total := 0
	for i, c := range list {
		if !c.tooLarge {
			total += len(c.Document)
		}
		if total > store.MaxWalletBytes {
			return list[:i]
		}
	}
	return list
}

// cut returns the bounds of the page in a list that is ordered by id.
func cut[T any](list []T, id func(T) int64, page store.Page) (low, high int) {
	if page.After > 0 {
		low = sort.Search(len(list), func(i int) bool { return id(list[i]) > page.After })
		return low, min(len(list), low+page.Limit)
	}
	high = len(list)
	if page.Before > 0 {
		high = sort.Search(len(list), func(i int) bool { return id(list[i]) >= page.Before })
	}
	return max(0, high-page.Limit), high
}
