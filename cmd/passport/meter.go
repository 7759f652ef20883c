package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// meter measures the speed of a run.
type meter struct {
	first int64 // the wallets that were done when it began
	marks []mark
}

// mark is how many wallets were done at a time.
type mark struct {
	at   time.Time
	done int64
}

func newMeter(c *checkpoint) *meter {
	now := time.Now()
	return &meter{first: c.Report.Wallets, marks: []mark{{now, c.Report.Wallets}}}
}

// perSecond returns the speed of the last seconds.
func (m *meter) perSecond(done int64) float64 {
	const window, most = 10 * time.Second, 50
	now := time.Now()
	if last := m.marks[len(m.marks)-1]; now.Sub(last.at) >= window/most {
		m.marks = append(m.marks, mark{now, done})
	}
	for len(m.marks) > 1 && now.Sub(m.marks[1].at) > window {
		m.marks = m.marks[1:]
	}
	elapsed := max(now.Sub(m.marks[0].at), time.Millisecond)
	return float64(done-m.marks[0].done) / elapsed.Seconds()
}

// fraction returns how much of the run is done. Without a total it is the place
// of the last address among all that there can be: they are digests, and so
// evenly distributed.
func (*meter) fraction(c *checkpoint) float64 {
	if c.Total > 0 {
		return min(float64(c.Report.Wallets)/float64(c.Total), 1)
	}
	var place, whole float64 = 0, 1
	for _, digit := range strings.TrimPrefix(string(c.After), "0x") {
		whole *= 16
		place = place*16 + float64(strings.IndexRune("0123456789abcdef", digit))
		if whole > 1<<40 {
			break
		}
	}
	return place / whole
}

// text returns the counts, the speed and the remaining time.
func (m *meter) text(c *checkpoint) string {
	done, speed, fraction := c.Report.Wallets, m.perSecond(c.Report.Wallets), m.fraction(c)
	text := strconv.FormatInt(done, 10)
	const few = 20 // wallets, whose places are no basis for an estimate
	switch {
	case c.Total > 0:
		text += fmt.Sprintf(" of %d", c.Total)
	case done >= few:
		text += fmt.Sprintf(" of about %.0f", about(float64(done)/max(fraction, 1e-9)))
	}
	text += fmt.Sprintf(" wallets, %.0f/s", speed)
	if speed > 0 && fraction > 0 && done-m.first >= few {
		left := float64(done)/fraction - float64(done)
		text += ", " + (time.Duration(left/speed) * time.Second).String() + " left"
	}
	if c.Report.Unchanged > 0 {
		text += fmt.Sprintf(", %d unchanged", c.Report.Unchanged)
	}
	if c.Report.Failed > 0 {
		text += fmt.Sprintf(", %d failed", c.Report.Failed)
	}
	return text
}

// about returns the number with two digits that are not 0.
func about(n float64) float64 {
	unit := 1.0
	for n/unit >= 100 {
		unit *= 10
	}
	return math.Round(n/unit) * unit
}
