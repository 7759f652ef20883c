package passport

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/store"
)

// before returns the score that is recorded for a wallet of the snapshot, or
// nil if there is none or none that can be read.
func before(snapshot *store.Snapshot, wallet int, candidates []candidate) *LastScore {
	score := snapshot.Wallets[wallet].LastScore
	if score == nil {
		return nil
	}
	live := make([]string, len(candidates)) // one of each provider, expired ones too
	for i := range candidates {
		live[i] = candidates[i].row.Provider
	}
	recorded := &store.RecordedScore{Score: *score, ReadAt: snapshot.At, Scorer: snapshot.Community.Scorer, Live: live}
	last, _ := lastScoreOf(recorded, snapshot.Community.ID, snapshot.Wallets[wallet].Address) // nil if it fails
	return last
}

// repeats reports whether the decision is the score that is recorded, in
// everything but its time.
func (s *settling) repeats() bool {
	last, score := s.snapshot.Wallets[s.at].LastScore, &s.writes.Score
	return last != nil && last.Status == score.Status && last.Error == "" && last.ExpiresAt.Equal(score.ExpiresAt) && sameNumber(last.Value, score.Value) &&
		sameJSON(last.Evidence, score.Evidence) && sameJSON(last.StampScores, score.StampScores) && sameJSON(last.Stamps, score.Stamps)
}

// unchanged reports whether a decision that repeats the recorded score, and
// changes no claim, may be left alone.
func (s *settling) unchanged() bool {
	scoredAt := s.snapshot.Wallets[s.at].LastScore.ScoredAt
	if scoredAt.After(s.snapshot.At) || s.snapshot.At.Sub(scoredAt) >= s.leaving || s.writes.Qualified || len(s.writes.Awards) > 0 {
		return false
	}
	written := func(c candidate) bool { return c.row.UpdatedAt.After(scoredAt) }
	return !slices.ContainsFunc(s.candidates, written)
}

// same returns the last score of a decision that repeats it, which need not be
// read again: all stamps that it counted are there.
func (s *settling) same() (*LastScore, error) {
	r := s.result
	read, err := compared(json.Number(r.rawScore()), json.Number(r.Threshold.Fixed(places)), &r.Passing) // as it is recorded
	if err != nil {
		return nil, err
	}
	last := &LastScore{
		Community: r.Community, Address: r.Address, PassedWhenScored: read.Passing, Score: read.Score, Threshold: read.Threshold,
		ScoredAt: s.snapshot.Wallets[s.at].LastScore.ScoredAt, ExpiresAt: r.ExpiresAt,
	}
	last.Passing = last.PassingAt(s.snapshot.At)
	return last, nil
}

// sameNumber reports whether both texts are decimals of one value.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, err := ParseDecimal(a)
	y, other := ParseDecimal(b)
	return err == nil && other == nil && x.Cmp(y) == 0
}

// sameJSON reports whether a document that was read is the same JSON value as
// one that is to be written. Documents that no scoring would write may count as
// different.
func sameJSON(a, b []byte) bool {
	if spaced(a, b) {
		return true
	}
	limits := strictjson.Limits{Size: 1 << 20, Depth: 8, Values: 1 << 16}
	x, err := strictjson.Parse(a, limits)
	y, other := strictjson.Parse(b, limits)
	return err == nil && other == nil && sameValue(x, y)
}

// spaced reports whether a is b, a JSON value, or b as jsonb writes it: with a
// space after each comma and colon that is not in a text.
func spaced(a, b []byte) bool {
	inText := false
	for i, c := range b {
		if len(a) == 0 || a[0] != c {
			return false
		}
		a = a[1:]
		switch {
		case c == '"' && (!inText || !escaped(b[:i])):
			inText = !inText
		case (c == ',' || c == ':') && !inText && len(a) > 0 && a[0] == ' ':
			a = a[1:]
		}
	}
	return len(a) == 0
}

// escaped reports whether what follows the text is escaped.
func escaped(text []byte) bool {
	return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
}

func sameValue(a, b *strictjson.Value) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Items {
		if !sameValue(&a.Items[i], &b.Items[i]) {
			return false
		}
	}
	for i := range a.Members { // of one object no two have the same name
		if other := b.Get(a.Members[i].Name); other == nil || !sameValue(&a.Members[i].Value, other) {
			return false
		}
	}
	if a.Kind == strictjson.Number {
		return sameNumber(a.Text, b.Text)
	}
	return a.Bool == b.Bool && a.Text == b.Text
}
