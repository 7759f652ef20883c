package storetest_test

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// pages is a store whose pages of credentials are changed.
func pages(change func(asked store.Page, p *store.CredentialPage)) broken {
	return instead("ListCredentials", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil {
			change(c.args[2].Interface().(store.Page), results[0].Interface().(*store.CredentialPage))
		}
		return results
	})
}

// asks is a store that returns another page than was asked for.
func asks(change func(*store.Page)) broken {
	return given("ListCredentials", func(page store.Page) store.Page {
		change(&page)
		return page
	})
}

// brokenPages are stores that list credentials wrongly.
var brokenPages = map[string]fault{
	"lists the oldest first":            {"listing", pages(func(_ store.Page, p *store.CredentialPage) { slices.Reverse(p.Credentials) })},
	"knows of no newer ones":            {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Newer = false })},
	"knows of no older ones":            {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Older = false })},
	"takes a full page for one of many": {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Older = len(p.Credentials) == q.Limit })},
	"takes the cursor for a newer one":  {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Newer = p.Newer || q.Before > 0 })},
	"lists from the cursor on":          {"listing", asks(func(p *store.Page) { p.Before += min(p.Before, 1) })},
	"lists the newest for every After":  {"listing", asks(func(p *store.Page) { p.After = 0 })},
	"lists by the limit that it can":    {"listing/a malformed page is refused", asks(func(p *store.Page) { p.Limit = max(1, min(p.Limit, store.MaxPage)) })},
	"knows nothing beside an empty page": {"listing/page before 10 after 0 of 2", pages(func(_ store.Page, p *store.CredentialPage) {
		none := len(p.Credentials) == 0
		p.Newer, p.Older = p.Newer && !none, p.Older && !none
	})},
	"knows of newer ones where there are none": {
		"listing/an address without credentials is no error",
		pages(func(q store.Page, p *store.CredentialPage) {
			p.Newer = p.Newer || len(p.Credentials) == 0 && q.Before > 0
		}),
	},
	"lists one of each provider": {"listing/all credentials of one provider are listed", pages(func(_ store.Page, p *store.CredentialPage) {
		p.Credentials = slices.CompactFunc(p.Credentials, func(a, b store.Credential) bool { return a.Provider == b.Provider })
	})},
	"lists without times": {"listing/a page has credentials as they are stored", pages(func(_ store.Page, p *store.CredentialPage) {
		for i := range p.Credentials {
			p.Credentials[i].UpdatedAt = time.Time{}
		}
	})},
	"skips one between pages": {"listing/pages in both directions have each credential once", asks(func(p *store.Page) {
		if p.Before > 1 {
			p.Before--
		}
	})},
	"lists revoked ones": {"listing/deleted and revoked ones are not listed and not counted", func(b *brokenstore.Store) {
		b.On.ListCredentials = func(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
			return b.Like(each(func(c *store.StoredCredential) { c.Revoked = false })).ListCredentials(ctx, address, page)
		}
	}},
	"omits nothing": {"listing/a credential that is too large is omitted", func(b *brokenstore.Store) {
		b.On.ListCredentials = func(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
			listed, err := b.Good.ListCredentials(ctx, address, page)
			for _, c := range b.Good.State().Credentials {
				if i := slices.IndexFunc(listed.Credentials, func(l store.Credential) bool { return l.ID == c.ID }); i >= 0 {
					listed.Credentials[i] = c.Credential
				}
			}
			return listed, err
		}
	}},
	"fills pages of any size": {"listing/a page ends before it is too large", func(b *brokenstore.Store) {
		b.On.ListCredentials = func(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
			listed, err := b.Good.ListCredentials(ctx, address, page)
			for err == nil && listed.Older && page.After == 0 && len(listed.Credentials) < page.Limit {
				var more *store.CredentialPage
				last := listed.Credentials[len(listed.Credentials)-1].ID
				more, err = b.Good.ListCredentials(ctx, address, store.Page{Limit: page.Limit - len(listed.Credentials), Before: last})
				if err == nil {
					listed.Credentials, listed.Older = append(listed.Credentials, more.Credentials...), more.Older
				}
			}
			return listed, err
		}
	}},
}
