package ratelimit

import (
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWindows(t *testing.T) {
	phase := time.Duration(crc32.ChecksumIEEE([]byte("Gh4kLm2p"))%900) * time.Second
	for rate, want := range map[Rate]Windows{
		{Calls: 125, Period: 15 * time.Minute}: {Limit: 125, Period: 15 * time.Minute, Phase: phase},
		{Calls: -1, Period: time.Second}:       {Period: time.Second},
		{Period: 1}:                            {Period: time.Microsecond},
		{Period: time.Microsecond + 1}:         {Period: 2 * time.Microsecond},
		{Period: maxPeriod}:                    {Period: maxPeriod, Phase: Rate{Period: maxPeriod}.Windows("Gh4kLm2p").Phase},
		{Calls: 1 << 40, Period: 1<<63 - 1}:    {Limit: 1 << 40, Period: maxPeriod, Phase: Rate{Period: maxPeriod}.Windows("Gh4kLm2p").Phase},
		{Calls: 2, Period: 15*time.Minute - 1}: {Limit: 2, Period: 15 * time.Minute, Phase: phase},
	} {
		assert.Equal(t, want, rate.Windows("Gh4kLm2p"), rate)
	}
}

func TestWindows_End(t *testing.T) {
	for _, at := range []int64{-1, 0, 1, -900e9, 123e9} {
		w := fifteen.Windows("Gh4kLm2p")
		end := w.end(at)
		assert.True(t, at < end && end <= at+int64(w.Period), at)
		assert.Zero(t, (end-int64(w.Phase))%int64(w.Period))
	}
}
