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

// checkPage refuses a page, or an address, that cannot be.
func checkPage(address string, page *store.Page) error {
	if err := store.CheckAddress(address); err != nil {
		return err
	}
	return page.Validate()
}
