package store

import (
	"errors"
	"fmt"
	"slices"
)

// mostFaults is how many faults of one thing are told. A list of a hundred
// thousand would help nobody, and what is hostile is not to be paid for by the
// megabyte.
const mostFaults = 20

// faults collects what is wrong with something.
type faults struct {
	told []error
	more int
}

// faultFunc takes note of a fault, in the words of [fmt.Errorf].
type faultFunc func(format string, args ...any)

func (f *faults) addf(format string, args ...any) {
	if len(f.told) == mostFaults {
		f.more++
		return
	}
	f.told = append(f.told, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...))
}

// err returns the faults, joined; each wraps [ErrInvalid]. It is nil when there
// are none.
func (f *faults) err() error {
	told := f.told
	if f.more > 0 {
		told = append(slices.Clip(told), fmt.Errorf("%w: and %d faults more", ErrInvalid, f.more))
	}
	return errors.Join(told...)
}
