package apikey

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/passport-sdk/passport-go/store"
)

// faults are what is wrong with a configuration.
type faults []error

func (f *faults) addf(format string, args ...any) {
	*f = append(*f, fmt.Errorf("%w: "+format, append([]any{store.ErrMisconfigured}, args...)...))
}

// within demands that the option's number is from least to most. NaN is not: to
// cmp it is less than any.
func within[N cmp.Ordered](f *faults, option string, n, least, most N) {
	if cmp.Less(n, least) || n > most {
		f.addf("%s got %v, want %v to %v", option, n, least, most)
	}
}

// err returns the faults, joined, or nil.
func (f *faults) err() error { return errors.Join(*f...) }
