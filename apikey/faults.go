package apikey

import (
	"cmp"
	"errors"
	"fmt"
)

// ErrMisconfigured is wrapped by every fault that [New], [NewUseLog] and
// [NewMemoryLimiter] report: a nil where something is needed, or a number beyond
// the bounds of its option. An option that is nil itself is passed over.
var ErrMisconfigured = errors.New("misconfigured")

// faults are what is wrong with a configuration.
type faults []error

func (f *faults) addf(format string, args ...any) {
	*f = append(*f, fmt.Errorf("%w: "+format, append([]any{ErrMisconfigured}, args...)...))
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
