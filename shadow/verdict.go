package shadow

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// Confidence is that of the bound of a [Verdict].
const Confidence = 0.95

// Verdict is what the comparisons so far have shown. It holds no nullifier, no
// credential and no key.
type Verdict struct {
	// Compared are the comparisons that were made: Agreed, and those of Classes.
	Compared uint64 `json:"compared"`
	Agreed   uint64 `json:"agreed"`
	// Classes counts the other comparisons by the most serious class of their
	// differences, the more serious classes first. Classes without any are left
	// out.
	Classes []ClassCount `json:"classes"`
	// Records are the rows and events that were compared; see [WithRecords].
	Records uint64 `json:"records,omitempty"`
	// Dropped are the answers for which the queue was full or closed. Skipped are
	// those that are not about the wallet or could not be read, see
	// [ErrNotCompared] and [Shadow.Handler]. Failed are the comparisons that ended
	// with another error.
	Dropped uint64 `json:"dropped"`
	Skipped uint64 `json:"skipped"`
	Failed  uint64 `json:"failed"`
	// FailedByKind counts the failures by the kind of their error.
	FailedByKind map[store.Kind]uint64 `json:"failed_by_kind,omitempty"`
	// Settled are the comparisons from which something follows: those that agreed
	// or were found to be Real, Rounding or Excepted.
	Settled uint64 `json:"settled"`
	// Bound is the upper [Bound] at Confidence on the share of Real ones, by those
	// that are Settled. It holds for wallets like those that were compared.
	Bound float64 `json:"bound"`
	// Flow and Scores are about the first answer and the first plan, of the
	// comparisons in which both have a score. Scores counts these by their share
	// of their own threshold: below 0, in 20 steps of a tenth from 0 to 2, and
	// from there on.
	Flow   Flow  `json:"flow,omitzero"`
	Scores []Bin `json:"scores,omitempty"`
	// Primary and Ours are the latencies of the primary's first answer and the
	// first plan, of those that were compared.
	Primary Latency `json:"primary_latency"`
	Ours    Latency `json:"our_latency"`
}

// Flow counts the wallets that pass by the decisions of both sides, of the
// primary alone, of ours alone, or of neither.
type Flow struct {
	Both    uint64 `json:"both"`
	Primary uint64 `json:"primary"`
	Ours    uint64 `json:"ours"`
	Neither uint64 `json:"neither"`
}

// Bin counts the scores of a range, on both sides.
type Bin struct {
	Primary uint64 `json:"primary"`
	Ours    uint64 `json:"ours"`
}

// ClassCount counts the comparisons of a class.
type ClassCount struct {
	Class Class  `json:"class"`
	Count uint64 `json:"count"`
	// Fields counts the differences of this class by field; a comparison can have
	// several.
	Fields map[Field]uint64 `json:"fields"`
	// Samples are the first comparisons.
	Samples []Sample `json:"samples"`
}

// Sample is a comparison that a verdict shows.
type Sample struct {
	Community int64 `json:"community"`
	// Address is "hidden" if addresses are.
	Address string `json:"address"`
	// Differences are the first ones, at most 20, and More the number of the rest.
	Differences []Difference `json:"differences"`
	More        int          `json:"more,omitempty"`
}

// The bounds of what a verdict holds.
const (
	mostSamples     = 1000 // of each class
	mostDifferences = 20   // of each sample
)

// check returns an error if nothing can be added to the verdict.
func (v *Verdict) check() error {
	counted, order, last := v.Agreed, Classes(), -1
	sound := (v.Scores == nil || len(v.Scores) == steps+2) && v.Primary.sound() && v.Ours.sound()
	for i := range v.Classes {
		c := &v.Classes[i]
		place := slices.Index(order, c.Class)
		sound = sound && place > last && c.Fields != nil && len(c.Samples) <= mostSamples
		counted, last = counted+c.Count, place
	}
	if !sound || counted != v.Compared {
		return fmt.Errorf("%w: a verdict that contradicts itself", store.ErrInvalid)
	}
	return nil
}

// Count returns the number of comparisons of the class.
func (v *Verdict) Count(class Class) uint64 {
	for i := range v.Classes {
		if v.Classes[i].Class == class {
			return v.Classes[i].Count
		}
	}
	return 0
}

// String returns the verdict in one sentence, such as "0 real differences in
// 10000 settled comparisons: below 0.03 % at 95 %".
func (v *Verdict) String() string {
	noun := "differences"
	if v.Count(Real) == 1 {
		noun = "difference"
	}
	return fmt.Sprintf("%d real %s in %d settled comparisons: below %s %% at %.0f %%",
		v.Count(Real), noun, v.Settled, twoDigits(100*v.Bound), 100*Confidence)
}

// twoDigits returns the number with two digits that count, or those before its
// point.
func twoDigits(n float64) string {
	if n >= 10 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2g", n)
}

// WriteText writes the verdict for a terminal.
func (v *Verdict) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v)
	fmt.Fprintf(&b, "compared %d, agreed %d, dropped %d, skipped %d, failed %d\n", v.Compared, v.Agreed, v.Dropped, v.Skipped, v.Failed)
	fmt.Fprintf(&b, "latency of the primary: %s\n", v.Primary.text())
	fmt.Fprintf(&b, "latency of ours:        %s\n", v.Ours.text())
	for i := range v.Classes {
		c := &v.Classes[i]
		fmt.Fprintf(&b, "\n%s: %d\n", c.Class, c.Count)
		for k := range c.Samples {
			c.Samples[k].write(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *Latency) text() string {
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, max %v", l.P50, l.P90, l.P99, l.Max)
}

func (s *Sample) write(b *strings.Builder) {
	fmt.Fprintf(b, "  community %d, %s\n", s.Community, s.Address)
	for _, d := range s.Differences {
		fmt.Fprintf(b, "    %s: %s, ours %s (%s", strings.TrimSpace(string(d.Field)+" "+d.Provider), d.Primary, d.Ours, d.Class)
		if d.Exception != "" {
			fmt.Fprintf(b, " %s", d.Exception)
		}
		fmt.Fprintln(b, ")")
	}
	if s.More > 0 {
		fmt.Fprintf(b, "    and %d more\n", s.More)
	}
}
