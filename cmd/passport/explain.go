package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
)

// explanation is the JSON form of a score. Members may be added to it; none is
// changed.
type explanation struct {
	Community int64            `json:"community"`
	Address   passport.Address `json:"address"`
	Preview   bool             `json:"preview"` // nothing was recorded
	Passing   bool             `json:"passing"`
	Score     string           `json:"score"`
	Threshold string           `json:"threshold"`
	ScoredAt  time.Time        `json:"scored_at"`
	ExpiresAt time.Time        `json:"expires_at,omitzero"`
	Stamps    []explainedStamp `json:"stamps"`
	Points    []explainedAward `json:"points"`
	Linked    *explainedGroup  `json:"linked,omitempty"`
}

type explainedStamp struct {
	Provider     string           `json:"provider"`
	Outcome      passport.Outcome `json:"outcome"` // counted, deduplicated, left out
	Weight       string           `json:"weight"`
	ExpiresAt    time.Time        `json:"expires_at,omitzero"`
	ClaimedUntil time.Time        `json:"claimed_until,omitzero"`
	Source       passport.Address `json:"source,omitempty"` // the wallet that a merged stamp is from
	Reason       passport.Reason  `json:"reason,omitempty"`
	Why          string           `json:"why,omitempty"`
}

type explainedAward struct {
	Action   string `json:"action"`
	Provider string `json:"provider,omitempty"`
	Points   int    `json:"points"`
}

func explain(r *passport.Result, preview bool) *explanation {
	e := &explanation{
		Community: r.Community, Address: r.Address, Preview: preview, Passing: r.Passing,
		Score: r.Score.String(), Threshold: r.Threshold.String(), ScoredAt: r.ScoredAt, ExpiresAt: r.ExpiresAt,
		Stamps: explainStamps(r.Stamps), Points: []explainedAward{}, Linked: explainGroup(r.Linked),
	}
	for _, award := range r.Points {
		e.Points = append(e.Points, explainedAward{award.Action, award.Provider, award.Points})
	}
	return e
}

func explainStamps(stamps []passport.Stamp) []explainedStamp {
	explained := make([]explainedStamp, len(stamps))
	for i := range stamps {
		s := &stamps[i]
		explained[i] = explainedStamp{s.Provider, s.Outcome, s.Weight.String(), s.ExpiresAt, s.ClaimedUntil, s.Source, s.Reason, s.Why}
	}
	return explained
}

func (e *explanation) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return writeJSON(w, e)
	case "html":
		return scorePage.Execute(w, e)
	}
	return e.writeText(w)
}

// Verdict returns the outcome in words.
func (e *explanation) Verdict() string { return verdict(e.Passing) }

func verdict(passing bool) string {
	if passing {
		return "passes"
	}
	return "does not pass"
}

func (e *explanation) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s %s in community %d: a score of %s, and %s are needed\n\n",
		e.Address, e.Verdict(), e.Community, e.Score, e.Threshold)
	if err != nil {
		return err
	}
	if e.Linked != nil {
		err = e.Linked.writeText(w)
	} else {
		err = writeStamps(w, e.Stamps)
	}
	if err != nil {
		return err
	}
	for _, award := range e.Points {
		line := strings.TrimRight(fmt.Sprintf("%d points for %s %s", award.Points, award.Action, award.Provider), " ")
		if _, err := fmt.Fprintln(w, printable(line)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "\n%s\n", e.Validity())
	return err
}

func writeStamps(w io.Writer, stamps []explainedStamp) error {
	if len(stamps) == 0 {
		_, err := fmt.Fprintln(w, "The wallet has no stamps.")
		return err
	}
	t := &table{right: map[int]bool{2: true}}
	t.row("STAMP", "OUTCOME", "WEIGHT", "EXPIRES", "WHY")
	for i := range stamps {
		s := &stamps[i]
		t.row(s.Provider, string(s.Outcome), s.Weight, dateOf(s.ExpiresAt), s.Explained())
	}
	return t.write(w)
}

// Explained returns why the stamp has its outcome.
func (s *explainedStamp) Explained() string {
	switch {
	case s.Why != "":
		return s.Why
	case s.Reason != "":
		return string(s.Reason)
	case !s.ClaimedUntil.IsZero():
		return "another wallet holds its account until " + dateOf(s.ClaimedUntil)
	}
	return ""
}

// Validity returns until when the score holds, and whether it is recorded.
func (e *explanation) Validity() string {
	text := "Scored at " + e.ScoredAt.Format(time.RFC3339) + "."
	if !e.ExpiresAt.IsZero() {
		text += " It holds until " + e.ExpiresAt.Format(time.RFC3339) + "."
	}
	if e.Preview {
		text += " This is a preview: nothing was recorded."
	}
	return text
}

func dateOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.DateOnly)
}

//go:embed score.html
var scoreHTML string

var scorePage = template.Must(template.New("score").Funcs(template.FuncMap{
	"date":  dateOf,
	"class": func(outcome passport.Outcome) string { return strings.ReplaceAll(string(outcome), " ", "-") },
}).Parse(scoreHTML))
