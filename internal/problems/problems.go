// Package problems collects what is wrong with a value, so that a caller
// learns of every problem at once.
package problems

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// most is the number of problems that a list keeps. Hostile input must not
// cost megabytes of error text.
const most = 20

// List collects problems, each of which wraps one sentinel.
type List struct {
	kind error
	kept []error
	more int
}

// New returns an empty list whose problems wrap the sentinel.
func New(kind error) *List { return &List{kind: kind} }

// Addf adds a problem in the words of [fmt.Errorf].
func (l *List) Addf(format string, args ...any) {
	if len(l.kept) == most {
		l.more++
		return
	}
	l.kept = append(l.kept, fmt.Errorf("%w: "+format, append([]any{l.kind}, args...)...))
}

// Err returns the problems, joined. It is nil when there are none.
func (l *List) Err() error {
	kept := l.kept
	if l.more > 0 {
		kept = append(slices.Clip(kept), fmt.Errorf("%w: and %d more problems", l.kind, l.more))
	}
	return errors.Join(kept...)
}

// CheckRange adds a problem unless the number that the option got is from least
// to most. NaN is not.
func CheckRange[N cmp.Ordered](l *List, option string, n, least, most N) {
	if cmp.Less(n, least) || n > most { // to cmp.Less, NaN is less than any number
		l.Addf("%s got %v, want %v to %v", option, n, least, most)
	}
}

// Checkf adds a problem unless ok, as Addf does.
func (l *List) Checkf(ok bool, format string, args ...any) {
	if !ok {
		l.Addf(format, args...)
	}
}
