package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
)

// explainedGroup is the JSON form of the score that linked wallets have
// together.
type explainedGroup struct {
	Group     string            `json:"group,omitempty"`
	Canonical passport.Address  `json:"canonical"` // the wallet that carries the score
	Why       string            `json:"why"`       // it is that wallet
	Passing   bool              `json:"passing"`
	Score     string            `json:"score"`
	Threshold string            `json:"threshold"`
	ScoredAt  time.Time         `json:"scored_at"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	Stamps    []explainedStamp  `json:"stamps"` // the merged ones
	Members   []explainedMember `json:"members"`
}

// explainedMember is a wallet of the group, by its own stamps.
type explainedMember struct {
	Address passport.Address `json:"address"`
	Score   string           `json:"score"`
	Stamps  []explainedStamp `json:"stamps"`
}

// explainGroup returns nil for a wallet that is scored alone.
func explainGroup(l *passport.LinkedScore) *explainedGroup {
	if l == nil {
		return nil
	}
	g := &explainedGroup{
		l.GroupID, l.Canonical, l.Why, l.Passing, l.Score.String(), l.Threshold.String(), l.ScoredAt, l.ExpiresAt,
		explainStamps(l.Stamps), make([]explainedMember, len(l.Members)),
	}
	for i := range l.Members {
		m := &l.Members[i]
		g.Members[i] = explainedMember{m.Address, m.Score.String(), explainStamps(m.Stamps)}
	}
	return g
}

// Verdict returns the outcome in words.
func (g *explainedGroup) Verdict() string { return verdict(g.Passing) }

// Carried returns the score of the group in words.
func (g *explainedGroup) Carried() string {
	return strings.Join(strings.Fields(fmt.Sprintf("Its group %s has %d wallets, and %s with a score of %s.",
		g.Group, len(g.Members), g.Verdict(), g.Score)), " ")
}

// Elected returns in words which wallet carries the score, and why.
func (g *explainedGroup) Elected() string {
	return fmt.Sprintf("The score is that of %s: %s.", g.Canonical, g.Why)
}

func (g *explainedGroup) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n%s\n", printable(g.Carried()), g.Elected())
	if err != nil {
		return err
	}
	if len(g.Stamps) > 0 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		t := &table{right: map[int]bool{1: true}}
		t.row("MERGED", "WEIGHT", "EXPIRES", "FROM")
		for i := range g.Stamps {
			s := &g.Stamps[i]
			t.row(s.Provider, s.Weight, dateOf(s.ExpiresAt), string(s.Source))
		}
		if err := t.write(w); err != nil {
			return err
		}
	}
	for _, m := range g.Members {
		if _, err := fmt.Fprintf(w, "\n%s: %s by its own stamps\n", m.Address, m.Score); err != nil {
			return err
		}
		if err := writeStamps(w, m.Stamps); err != nil {
			return err
		}
	}
	return nil
}
