package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

const credentialTable = "ceramic_cache_ceramiccache"

// brokenCredentials is a store with functions in place of the methods that take
// credentials in and give them up; those that are nil work.
type brokenCredentials struct {
	harness
	add    func(context.Context, harness, string, []store.NewCredential) error
	remove func(context.Context, harness, string, []string) (int, error)
	revoke func(context.Context, harness, []string) (int, error)
	listed func(context.Context, harness, string, store.Page) (*store.CredentialPage, error)
}

func (b brokenCredentials) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b brokenCredentials) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	if b.add == nil {
		return b.harness.AddCredentials(ctx, address, credentials...)
	}
	return b.add(ctx, b.harness, address, credentials)
}

func (b brokenCredentials) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	if b.remove == nil {
		return b.harness.DeleteCredentials(ctx, address, providers...)
	}
	return b.remove(ctx, b.harness, address, providers)
}

func (b brokenCredentials) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	if b.revoke == nil {
		return b.harness.RevokeCredentials(ctx, proofValues...)
	}
	return b.revoke(ctx, b.harness, proofValues)
}

func (b brokenCredentials) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	if b.listed == nil {
		return b.harness.ListCredentials(ctx, address, page)
	}
	return b.listed(ctx, b.harness, address, page)
}

// adds is a store that adds changed credentials.
func adds(change func(*store.NewCredential)) brokenCredentials {
	return brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
		credentials = slices.Clone(credentials)
		for i := range credentials {
			change(&credentials[i])
		}
		return h.AddCredentials(ctx, address, credentials...)
	}}
}

// beforeAdding is a store that does something more before it adds credentials.
func beforeAdding(more func(address string, given []string, r row)) brokenCredentials {
	return brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
		var given []string
		for _, c := range credentials {
			given = append(given, c.Provider)
		}
		h.edit(func(t tables) {
			for _, r := range t[credentialTable] {
				more(address, given, r)
			}
		})
		return h.AddCredentials(ctx, address, credentials...)
	}}
}

// without runs the call while some credentials are out of sight.
func (h harness) without(which func(row) bool, call func() (int, error)) (int, error) {
	var hidden []row
	h.edit(func(t tables) {
		t[credentialTable] = slices.DeleteFunc(t[credentialTable], func(r row) bool {
			if which(r) {
				hidden = append(hidden, r)
			}
			return which(r)
		})
	})
	defer h.edit(func(t tables) { t[credentialTable] = append(t[credentialTable], hidden...) })
	return call()
}

// pages is a store whose pages of credentials are changed.
func pages(change func(store.Page, *store.CredentialPage)) brokenCredentials {
	return brokenCredentials{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
		listed, err := h.ListCredentials(ctx, address, page)
		if err == nil {
			change(page, listed)
		}
		return listed, err
	}}
}

// asks is a store that returns another page of credentials than is wanted.
func asks(change func(*store.Page)) brokenCredentials {
	return brokenCredentials{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
		change(&page)
		return h.ListCredentials(ctx, address, page)
	}}
}

// storesWithBrokenCredentials are stores whose credentials are broken.
var storesWithBrokenCredentials = map[string]fault{
	"adds credentials without a proof": {"credentials/are added as the service adds them", adds(func(c *store.NewCredential) { c.ProofValue = "" })},
	"dates credentials": {"credentials/without dates have none", adds(func(c *store.NewCredential) {
		if c.IssuedAt.IsZero() {
			c.IssuedAt = time.Now()
		}
	})},
	"adds no credential": {
		"credentials/are selected by Load once added",
		brokenCredentials{add: func(context.Context, harness, string, []store.NewCredential) error { return nil }},
	},
	"removes what it replaces": {
		"credentials/replace those of the same provider, which are marked deleted",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			if err := h.AddCredentials(ctx, address, credentials...); err != nil {
				return err
			}
			h.edit(func(t tables) {
				t[credentialTable] = slices.DeleteFunc(t[credentialTable], func(r row) bool { return r["deleted_at"] != nil })
			})
			return nil
		}},
	},
	"replaces once only": {
		"credentials/can be replaced many times in a row",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			for _, r := range h.tables()[credentialTable] {
				if r["deleted_at"] != nil && r["provider"] == credentials[0].Provider {
					return store.ErrFault
				}
			}
			return h.AddCredentials(ctx, address, credentials...)
		}},
	},
	"replaces everybody's credentials": {"credentials/leave another wallet's alone", beforeAdding(func(_ string, given []string, r row) {
		if slices.Contains(given, r["provider"].(string)) {
			r["deleted_at"] = r["updated_at"]
		}
	})},
	"replaces credentials of every type": {
		"credentials/are deleted of every type, and added in the place of the service's own only",
		beforeAdding(func(address string, given []string, r row) {
			if r["address"] == address && slices.Contains(given, r["provider"].(string)) {
				r["deleted_at"] = r["updated_at"]
			}
		}),
	},
	"deletes credentials of the service only": {
		"credentials/are deleted of every type, and added in the place of the service's own only",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			return h.without(func(r row) bool { return r["type"] != 1.0 }, func() (int, error) { return h.DeleteCredentials(ctx, address, providers...) })
		}},
	},
	"chokes on an odd provider": {
		"credentials/are none, where no column holds the provider or the proof that is asked for",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			if slices.ContainsFunc(providers, unkept) {
				return 0, store.ErrInvalid
			}
			return h.DeleteCredentials(ctx, address, providers...)
		}},
	},
	"chokes on an odd proof": {
		"credentials/are none, where no column holds the provider or the proof that is asked for",
		brokenCredentials{revoke: func(ctx context.Context, h harness, proofValues []string) (int, error) {
			if slices.ContainsFunc(proofValues, unkept) {
				return 0, store.ErrInvalid
			}
			return h.RevokeCredentials(ctx, proofValues...)
		}},
	},
	"looks at no context when there is nothing to add": {
		"credentials/must return the context's error when it has ended, also when there is nothing to add, and change nothing",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			if len(credentials) == 0 {
				return nil
			}
			return h.AddCredentials(ctx, address, credentials...)
		}},
	},
	"deletes without the context": {
		"credentials/must return the context's error when it has ended, also when there is nothing to add, and change nothing",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			return h.DeleteCredentials(context.WithoutCancel(ctx), address, providers...)
		}},
	},
	"adds first and looks at the context then": {
		"credentials/must return the context's error when it has ended, also when there is nothing to add, and change nothing",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			return errors.Join(h.AddCredentials(context.WithoutCancel(ctx), address, credentials...), ctx.Err())
		}},
	},
	"cuts numbers short": {
		"credentials/with numbers that would fill the memory once written out must return ErrInvalid and change nothing",
		adds(func(c *store.NewCredential) {
			if store.CheckJSON(c.Stamp) != nil && bytes.Contains(c.Stamp, []byte("1e1001")) {
				c.Stamp = bytes.ReplaceAll(c.Stamp, []byte("1e1001"), []byte("1e308"))
			}
		}),
	},
	"takes every exponent for too large": {
		"credentials/with numbers that would fill the memory once written out must return ErrInvalid and change nothing",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			if slices.ContainsFunc(credentials, func(c store.NewCredential) bool { return bytes.Contains(c.Stamp, []byte("1e")) }) {
				return store.ErrInvalid
			}
			return h.AddCredentials(ctx, address, credentials...)
		}},
	},
	"adds one of two of a provider": {
		"credentials/with a provider twice must return ErrInvalid and change nothing",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			return h.AddCredentials(ctx, address, slices.CompactFunc(slices.Clone(credentials), func(a, b store.NewCredential) bool {
				return a.Provider == b.Provider
			})...)
		}},
	},
	"adds the good credentials only": {
		"credentials/with anything malformed must return ErrInvalid and change nothing",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			var failed error
			for _, c := range credentials {
				failed = errors.Join(failed, h.AddCredentials(ctx, address, c))
			}
			return failed
		}},
	},
	"adds credentials to addresses in any case": {
		"credentials/for a malformed address must return ErrInvalid",
		brokenCredentials{add: func(ctx context.Context, h harness, address string, credentials []store.NewCredential) error {
			return h.AddCredentials(ctx, strings.ToLower(address), credentials...)
		}},
	},
	"counts providers": {
		"credentials/are deleted by provider, and counted",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			_, err := h.DeleteCredentials(ctx, address, providers...)
			return len(providers), err
		}},
	},
	"deletes everybody's credentials": {
		"credentials/are deleted by provider, and counted",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			n, err := h.DeleteCredentials(ctx, address, providers...)
			h.edit(func(t tables) {
				for _, r := range t[credentialTable] {
					if r["deleted_at"] == nil && slices.Contains(providers, r["provider"].(string)) {
						r["deleted_at"] = r["updated_at"]
					}
				}
			})
			return n, err
		}},
	},
	"deletes again what is deleted": {
		"credentials/are deleted by provider, and counted",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			h.edit(func(t tables) {
				for _, r := range t[credentialTable] {
					r["deleted_at"] = nil
				}
			})
			return h.DeleteCredentials(ctx, address, providers...)
		}},
	},
	"misses credentials that it cannot delete": {
		"credentials/deleting none is no error",
		brokenCredentials{remove: func(ctx context.Context, h harness, address string, providers []string) (int, error) {
			n, err := h.DeleteCredentials(ctx, address, providers...)
			if err == nil && n == 0 {
				err = store.ErrNotFound
			}
			return n, err
		}},
	},
	"counts what was revoked before": {
		"credentials/are revoked wherever they carry the proof value, and counted once",
		brokenCredentials{revoke: func(ctx context.Context, h harness, proofValues []string) (int, error) {
			_, err := h.RevokeCredentials(ctx, proofValues...)
			return len(h.tables()["ceramic_cache_revocation"]), err
		}},
	},
	"counts twice what is revoked twice": {
		"credentials/are revoked wherever they carry the proof value, and counted once",
		brokenCredentials{revoke: func(ctx context.Context, h harness, proofValues []string) (int, error) {
			n, err := h.RevokeCredentials(ctx, proofValues...)
			return n + len(repeated(proofValues)), err
		}},
	},
	"revokes live credentials only": {
		"credentials/are revoked though they are deleted",
		brokenCredentials{revoke: func(ctx context.Context, h harness, proofValues []string) (int, error) {
			return h.without(func(r row) bool { return r["deleted_at"] != nil }, func() (int, error) { return h.RevokeCredentials(ctx, proofValues...) })
		}},
	},

	"lists the oldest first":       {"listing", pages(func(_ store.Page, p *store.CredentialPage) { slices.Reverse(p.Credentials) })},
	"never knows of newer ones":    {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Newer = false })},
	"never knows of older ones":    {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Older = false })},
	"takes a full page for a sign": {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Older = len(p.Credentials) == q.Limit })},
	"takes the cursor for a sign":  {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Newer = p.Newer || q.Before > 0 })},
	"knows nothing beside no row": {"listing", pages(func(_ store.Page, p *store.CredentialPage) {
		none := len(p.Credentials) == 0
		p.Newer, p.Older = p.Newer && !none, p.Older && !none
	})},
	"lists one of each provider":  {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Credentials = compact(p.Credentials) })},
	"lists without moments":       {"listing", pages(func(_ store.Page, p *store.CredentialPage) { noMoments(p.Credentials) })},
	"lists from the cursor on":    {"listing", asks(func(p *store.Page) { p.Before += min(p.Before, 1) })},
	"lists from the newest after": {"listing", asks(func(p *store.Page) { p.After = 0 })},
	"lists whatever is asked for": {"listing", asks(func(p *store.Page) { p.Limit = max(1, min(p.Limit, store.MaxPage)) })},
	"lists without the context": {
		"listing/must return the error of the context when it has ended",
		brokenCredentials{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
			return h.ListCredentials(context.WithoutCancel(ctx), address, page)
		}},
	},
}

func compact(credentials []store.Credential) []store.Credential {
	return slices.CompactFunc(credentials, func(a, b store.Credential) bool { return a.Provider == b.Provider })
}
