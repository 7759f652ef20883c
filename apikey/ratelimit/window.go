package ratelimit

import (
	"hash/crc32"
	"time"
)

// Windows are those in which the calls of one key are counted. They begin at
// the multiples of the period since 1970, shifted by the phase. It is for
// limiters that keep their counts elsewhere, so that all count alike.
type Windows struct {
	// Limit is the number of calls that pass in a window, 0 or more.
	Limit int
	// Period is that of the rate, 366 days at most, in whole microseconds,
	// rounded up. Phase is 0 or more, and less than the period.
	Period, Phase time.Duration
}

// Windows returns those of the key with that prefix. The phase is the CRC-32 of
// the prefix, in seconds, modulo the period. The rate must not be unlimited.
func (r Rate) Windows(prefix string) Windows {
	period := (min(r.Period, maxPeriod) + time.Microsecond - 1).Truncate(time.Microsecond)
	phase := time.Duration(crc32.ChecksumIEEE([]byte(prefix))) * time.Second % period
	return Windows{Limit: max(r.Calls, 0), Period: period, Phase: phase.Truncate(time.Microsecond)}
}

// Quota returns the quota of a call that is the last of so many in a window
// which ends after reset.
func (w Windows) Quota(calls int, reset time.Duration) Quota {
	return Quota{
		Allowed:   calls <= w.Limit,
		Limit:     w.Limit,
		Remaining: max(w.Limit-calls, 0),
		Reset:     reset,
	}
}

// end returns the end of the window that holds now, in nanoseconds since 1970.
func (w Windows) end(now int64) int64 {
	into := (now - int64(w.Phase)) % int64(w.Period)
	if into < 0 {
		into += int64(w.Period)
	}
	return now - into + int64(w.Period)
}
