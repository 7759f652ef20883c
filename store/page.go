package store

import "fmt"

// MaxPage is the number of rows that a page holds at most.
const MaxPage = 1000

// Page asks for a part of a list that is ordered from the newest row, which has
// the highest id, to the oldest.
type Page struct {
	// Before, when above 0, asks for the newest of those rows whose id is below
	// it; After, when above 0, for the oldest of those whose id is above it. Both
	// 0 asks for the newest rows of all.
	Before, After int64
	// MayLag allows the list as of an earlier moment, as that of a query does.
	MayLag bool
	// Limit is the number of rows at most, 1 to [MaxPage].
	Limit int
}

// Validate reports what is wrong with the page; the fault wraps [ErrInvalid].
func (p *Page) Validate() error {
	switch {
	case p.Limit < 1 || p.Limit > MaxPage:
		return fmt.Errorf("%w: a page has 1 to %d rows, not %d", ErrInvalid, MaxPage, p.Limit)
	case p.Before < 0 || p.After < 0:
		return fmt.Errorf("%w: a page begins at a row's id, and ids are not below 0", ErrInvalid)
	case p.Before > 0 && p.After > 0:
		return fmt.Errorf("%w: a page is before a row or after one, not both", ErrInvalid)
	}
	return nil
}
