package histories

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// Rows are what a content holds about a plan, in the plan's terms.
type Rows struct {
	*Content

	Claims []ClaimRow
	Scores []ScoreRow
	Events []EventRow // in the order in which they were written
	Awards []AwardRow
	// Faults are what no plan can lead to.
	Faults []error
}

// WalletPlace is a wallet in a community.
type WalletPlace struct {
	Community int64
	Wallet    int
}

// String is the place in words.
func (p WalletPlace) String() string {
	return fmt.Sprintf("%s in %d", walletName(p.Wallet), p.Community)
}

// ClaimRow is a claim.
type ClaimRow struct {
	Community         int64
	Nullifier, Wallet int
	Until             time.Duration
}

// String is the claim in words.
func (r ClaimRow) String() string {
	return fmt.Sprintf("%v is %v", place{r.Community, r.Nullifier}, claim{r.Wallet, r.Until})
}

// ScoreRow is a score.
type ScoreRow struct {
	WalletPlace
	Standing
}

// Standing is the outcome of a scoring.
type Standing struct {
	At      time.Duration
	Passing bool
	Sum     string
	// Expires is 0 when no credential counts.
	Expires time.Duration
	// Counts are the credentials that count, Lost the deduplicated ones.
	Counts, Lost set
}

// String is the standing in words.
func (s Standing) String() string {
	return fmt.Sprintf("%s at +%v, expires at +%v; %v count, %v do not", s.Sum, s.At, s.Expires, s.Counts, s.Lost)
}

// EventRow is an event: with the score of a new score, or with the credential
// that lost.
type EventRow struct {
	WalletPlace
	Action     string
	Standing   Standing
	Credential int
}

// AwardRow is a human point.
type AwardRow struct {
	Wallet           int
	Action, Provider string
}

// newRows reads the content, and leaves out what is not about the plan.
func newRows(plan *Plan, content *Content) *Rows {
	r := &rowsReader{plan: plan, rows: Rows{Content: content}}
	state := &content.State
	for i := range state.Claims {
		r.claim(&state.Claims[i])
	}
	for i := range state.Scores {
		row := &state.Scores[i]
		if w := slices.Index(plan.Wallets, row.Address); w >= 0 {
			score, err := invariants.ReadScore(row.Score)
			r.rows.Scores = append(r.rows.Scores, ScoreRow{WalletPlace{row.Community, w}, r.standing(score, err)})
		}
	}
	for i := range state.Events {
		r.event(&state.Events[i])
	}
	for _, point := range state.Points {
		if w := slices.Index(plan.Wallets, point.Address); w >= 0 {
			r.rows.Awards = append(r.rows.Awards, AwardRow{w, point.Action, point.Provider})
			if point.Action != actionKey {
				r.faultf("%s has been given %s", walletName(w), point.Action)
			}
		}
	}
	return &r.rows
}

type rowsReader struct {
	plan *Plan
	rows Rows
}

func (r *rowsReader) faultf(format string, args ...any) {
	r.rows.Faults = append(r.rows.Faults, fmt.Errorf(format, args...))
}

func (r *rowsReader) claim(row *store.StoredClaim) {
	n := slices.Index(r.plan.Nullifiers, row.Nullifier)
	if n < 0 {
		return
	}
	wallet := slices.Index(r.plan.Wallets, row.Address)
	if wallet < 0 {
		r.faultf("nullifier %d is claimed by %s, which is not of the history", n, row.Address)
	}
	if !slices.Contains(communities(), row.Community) {
		r.faultf("nullifier %d is claimed in community %d", n, row.Community)
	}
	r.rows.Claims = append(r.rows.Claims, ClaimRow{row.Community, n, wallet, since(row.ExpiresAt)})
}

func (r *rowsReader) event(row *store.StoredEvent) {
	w := slices.Index(r.plan.Wallets, row.Address)
	if w < 0 {
		return
	}
	event := EventRow{WalletPlace: WalletPlace{row.Community, w}, Action: row.Action}
	switch row.Action {
	case store.ActionScoreUpdate:
		event.Standing = r.standing(invariants.ReadEvent(row.Data))
	case store.ActionDeduplicated:
		event.Credential = r.lost(w, row.Data)
	default:
		r.faultf("event %d has action %q", row.ID, row.Action)
	}
	r.rows.Events = append(r.rows.Events, event)
}

func (r *rowsReader) standing(score *invariants.Score, err error) Standing {
	if err != nil {
		r.faultf("%w", err)
		return Standing{}
	}
	s := Standing{At: since(score.ScoredAt), Passing: score.Evidence.Success, Sum: score.Evidence.RawScore}
	if !score.ExpiresAt.IsZero() {
		s.Expires = since(score.ExpiresAt)
	}
	for _, stamp := range score.Stamps {
		i, found := r.plan.expiring(since(stamp.Expires))
		switch {
		case !found:
			r.faultf("no credential expires at +%v", since(stamp.Expires))
		case stamp.Dedup:
			s.Lost = s.Lost.with(i)
		default:
			s.Counts = s.Counts.with(i)
		}
	}
	return s
}

// lost returns the credential that the event names, or one like it.
func (r *rowsReader) lost(wallet int, data json.RawMessage) int {
	var lost struct {
		Provider   string   `json:"provider"`
		Nullifiers []string `json:"nullifiers"`
	}
	if err := json.Unmarshal(data, &lost); err != nil {
		r.faultf("the event of a lost credential: %w", err)
	}
	var nullifiers []int
	for _, text := range lost.Nullifiers {
		nullifiers = append(nullifiers, slices.Index(r.plan.Nullifiers, text))
	}
	i := r.plan.like(Credential{Wallet: wallet, Provider: lost.Provider, Nullifiers: nullifiers})
	if i < 0 {
		r.faultf("an event names a credential of %s with nullifiers %q", lost.Provider, lost.Nullifiers)
	}
	return i
}
