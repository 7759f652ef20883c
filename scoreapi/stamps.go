package scoreapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// Stamps asks for the credentials of the address, the newest first, page by
// page as they are used. The key needs read_scores. Credentials that are added
// in between are not seen.
//
// An error ends the sequence and comes with a zero Item. A link to the next
// page must lead to the same path of the same server, and is followed 1,000
// times at most. The sequence can be used again, and then begins again.
func (c *Client) Stamps(ctx context.Context, address string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		parsed, err := passport.ParseAddress(address)
		if err != nil {
			yield(Item{}, err)
			return
		}
		target := c.base.JoinPath("v2", "stamps", string(parsed))
		target.RawQuery = "limit=100"
		for range maxPages {
			var page Page
			if err := c.get(ctx, target, maxPage, &page); err != nil {
				yield(Item{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == nil || *page.Next == "" {
				return
			}
			next, ok := follow(target, *page.Next)
			if !ok {
				yield(Item{}, wrongAnswer(target.Path, "its link leads to no other page of the listing"))
				return
			}
			target = next
		}
		yield(Item{}, wrongAnswer(target.Path, "the listing has more than %d pages", maxPages))
	}
}

// follow returns the URL that the link of a page leads to. It reports false if
// that is the page itself or has another origin or path.
func follow(page *url.URL, link string) (*url.URL, bool) {
	const longest = 4096
	if len(link) > longest {
		return nil, false
	}
	next, err := page.Parse(link)
	if err != nil || origin(next) != origin(page) || next.User != nil || next.EscapedPath() != page.EscapedPath() {
		return nil, false
	}
	next.Fragment, next.RawFragment = "", ""
	return next, next.RawQuery != page.RawQuery
}

// origin returns the origin of a URL, in the form of browsers but always with a
// port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// UnmarshalJSON reads at most [store.MaxPage] items, and returns an error for
// more.
func (p *Page) UnmarshalJSON(text []byte) error {
	type plain Page
	var read struct {
		plain

		Items json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if len(read.Items) == 0 || read.Items[0] != '[' {
		return lacks("page", "a list of items")
	}
	*p = Page(read.plain)
	items := json.NewDecoder(bytes.NewReader(read.Items))
	_, _ = items.Token() // the bracket
	for items.More() {
		if len(p.Items) == store.MaxPage {
			return fmt.Errorf("a page has more than %d items", store.MaxPage)
		}
		var item Item
		if err := items.Decode(&item); err != nil {
			return err
		}
		p.Items = append(p.Items, item)
	}
	return nil
}
