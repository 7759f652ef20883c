package pgstore

import (
	"math"

	"github.com/passport-sdk/passport-go/store"
)

// highest returns the highest id that a row of the page can have.
func highest(page *store.Page) int64 {
	if page.Before > 0 {
		return page.Before - 1
	}
	return math.MaxInt64
}

// parse returns the address in lower case.
func parse(op string, address store.Address) (string, error) {
	parsed, err := store.ParseAddress(string(address))
	if err != nil {
		return "", store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return string(parsed), nil
}

// parsePage is parse for a page of rows about the address.
func parsePage(op string, address store.Address, page *store.Page) (string, error) {
	if err := page.Validate(); err != nil {
		return "", store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return parse(op, address)
}
