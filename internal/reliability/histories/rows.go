package histories

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rows are those rows of the tables that are about a plan, told in its terms.
type Rows struct {
	Claims    []ClaimRow
	Scores    []ScoreRow
	Stamps    []StampRow
	Events    []EventRow // in the order of their ids
	Awards    []AwardRow
	Qualified []WalletPlace
	// Visits are the rows that the host wrote. Hosted tells whether there is a
	// host.
	Visits []string
	Hosted bool
	// Faults are what makes no sense.
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

// ClaimRow is a row of registry_hashscorerlink.
type ClaimRow struct {
	Community         int64
	Nullifier, Wallet int
	Until             time.Duration
}

// String is the row in words.
func (r ClaimRow) String() string {
	return fmt.Sprintf("%v is %v", place{r.Community, r.Nullifier}, claim{r.Wallet, r.Until})
}

// ScoreRow is a row of registry_score.
type ScoreRow struct {
	WalletPlace
	Standing
}

// Standing is what a scoring comes to.
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

// StampRow is a row of registry_stamp.
type StampRow struct {
	WalletPlace
	Credential int
}

// EventRow is a row of registry_event: of an SCU what it tells, of an LDP the
// credential that does not count.
type EventRow struct {
	WalletPlace
	Action     string
	Standing   Standing
	Credential int
}

// AwardRow is a row of registry_humanpoints.
type AwardRow struct {
	Wallet           int
	Action, Provider string
}

// The tables, as far as they are looked at.
type (
	tables struct {
		Links     []linkRow      `json:"registry_hashscorerlink"`
		Passports []passportRow  `json:"registry_passport"`
		Scores    []scoreRow     `json:"registry_score"`
		Stamps    []stampRow     `json:"registry_stamp"`
		Events    []eventRow     `json:"registry_event"`
		Points    []pointsRow    `json:"registry_humanpoints"`
		Qualified []qualifiedRow `json:"registry_humanpointscommunityqualifiedusers"`
		Visits    []visitRow     `json:"visits"`
	}
	linkRow struct {
		Hash      string    `json:"hash"`
		Address   string    `json:"address"`
		ExpiresAt time.Time `json:"expires_at"`
		Community int64     `json:"community_id"`
	}
	passportRow struct {
		ID        int64  `json:"id"`
		Address   string `json:"address"`
		Community int64  `json:"community_id"`
	}
	scoreRow struct {
		Passport int64 `json:"passport_id"`
		scoreColumns
	}
	scoreColumns struct {
		Status     string          `json:"status"`
		Score      json.RawMessage `json:"score"`
		ScoredAt   time.Time       `json:"last_score_timestamp"`
		Expiration time.Time       `json:"expiration_date"`
		Evidence   struct {
			Success  bool   `json:"success"`
			RawScore string `json:"rawScore"`
		} `json:"evidence"`
		Stamps map[string]struct {
			Dedup      bool      `json:"dedup"`
			Expiration time.Time `json:"expiration_date"`
		} `json:"stamps"`
	}
	stampRow struct {
		Passport   int64 `json:"passport_id"`
		Credential struct {
			Expiration time.Time `json:"expirationDate"`
		} `json:"credential"`
	}
	eventRow struct {
		ID        int64  `json:"id"`
		Action    string `json:"action"`
		Address   string `json:"address"`
		Community int64  `json:"community_id"`
		Data      struct {
			Fields     scoreColumns `json:"fields"` // of an SCU
			Provider   string       `json:"provider"`
			Nullifiers []string     `json:"nullifiers"` // of an LDP
		} `json:"data"`
	}
	pointsRow struct {
		Address  string `json:"address"`
		Action   string `json:"action"`
		Provider string `json:"provider"`
	}
	qualifiedRow struct {
		Address   string `json:"address"`
		Community int64  `json:"community_id"`
	}
	visitRow struct {
		Visit string `json:"visit"`
	}
)

// newRows reads the tables, and leaves out what is not about the plan.
func newRows(plan *Plan, document []byte) (*Rows, error) {
	var t tables
	if err := json.Unmarshal(document, &t); err != nil {
		return nil, err
	}
	r := &rowsReader{plan: plan, passports: map[int64]WalletPlace{}}
	r.ofClaims(&t)
	r.ofScores(&t)
	r.ofEvents(&t)
	r.ofPoints(&t)
	r.rows.Hosted = t.Visits != nil
	for _, row := range t.Visits {
		r.rows.Visits = append(r.rows.Visits, row.Visit)
	}
	return &r.rows, nil
}

type rowsReader struct {
	plan      *Plan
	rows      Rows
	passports map[int64]WalletPlace
}

func (r *rowsReader) faultf(format string, args ...any) {
	r.rows.Faults = append(r.rows.Faults, fmt.Errorf(format, args...))
}

func (r *rowsReader) ofClaims(t *tables) {
	for _, row := range t.Links {
		if n := slices.Index(r.plan.Nullifiers, row.Hash); n >= 0 {
			wallet := slices.Index(r.plan.Wallets, row.Address)
			if wallet < 0 {
				r.faultf("nullifier %d is claimed by %s, who is not of the history", n, row.Address)
			}
			r.rows.Claims = append(r.rows.Claims, ClaimRow{row.Community, n, wallet, since(row.ExpiresAt)})
		}
	}
}

func (r *rowsReader) ofScores(t *tables) {
	for _, row := range t.Passports {
		if w := slices.Index(r.plan.Wallets, row.Address); w >= 0 {
			r.passports[row.ID] = WalletPlace{row.Community, w}
		}
	}
	for i := range t.Scores {
		if place, ours := r.passports[t.Scores[i].Passport]; ours {
			r.rows.Scores = append(r.rows.Scores, ScoreRow{place, r.standing(&t.Scores[i].scoreColumns)})
		}
	}
	for _, row := range t.Stamps {
		if place, ours := r.passports[row.Passport]; ours {
			r.rows.Stamps = append(r.rows.Stamps, StampRow{place, r.credential(row.Credential.Expiration)})
		}
	}
}

func (r *rowsReader) ofEvents(t *tables) {
	slices.SortFunc(t.Events, func(a, b eventRow) int { return cmp.Compare(a.ID, b.ID) })
	for i := range t.Events {
		row := &t.Events[i]
		w := slices.Index(r.plan.Wallets, row.Address)
		if w < 0 {
			continue
		}
		event := EventRow{WalletPlace: WalletPlace{row.Community, w}, Action: row.Action}
		switch row.Action {
		case "SCU":
			event.Standing = r.standing(&row.Data.Fields)
		case "LDP":
			event.Credential = r.lost(w, row)
		default:
			r.faultf("event %d has action %q", row.ID, row.Action)
		}
		r.rows.Events = append(r.rows.Events, event)
	}
}

func (r *rowsReader) ofPoints(t *tables) {
	for _, row := range t.Points {
		if w := slices.Index(r.plan.Wallets, row.Address); w >= 0 {
			r.rows.Awards = append(r.rows.Awards, AwardRow{w, row.Action, row.Provider})
		}
	}
	for _, row := range t.Qualified {
		if w := slices.Index(r.plan.Wallets, row.Address); w >= 0 {
			r.rows.Qualified = append(r.rows.Qualified, WalletPlace{row.Community, w})
		}
	}
}

func (r *rowsReader) standing(row *scoreColumns) Standing {
	s := Standing{At: since(row.ScoredAt), Passing: row.Evidence.Success, Sum: row.Evidence.RawScore}
	if !row.Expiration.IsZero() {
		s.Expires = since(row.Expiration)
	}
	value, _, _ := strings.Cut(strings.Trim(string(row.Score), `"`), ".")
	if row.Status != "DONE" || (value == "1") != s.Passing {
		r.faultf("a score has status %s, value %s and evidence of passing %t", row.Status, row.Score, s.Passing)
	}
	for _, stamp := range row.Stamps {
		if i := r.credential(stamp.Expiration); stamp.Dedup {
			s.Lost = s.Lost.with(i)
		} else {
			s.Counts = s.Counts.with(i)
		}
	}
	return s
}

// credential returns the one that has the expiry.
func (r *rowsReader) credential(expires time.Time) int {
	i, found := r.plan.expiring(since(expires))
	if !found {
		r.faultf("no credential expires at +%v", since(expires))
		return 0
	}
	return i
}

// lost returns the credential that the event tells of, or one like it.
func (r *rowsReader) lost(wallet int, row *eventRow) int {
	var nullifiers []int
	for _, text := range row.Data.Nullifiers {
		nullifiers = append(nullifiers, slices.Index(r.plan.Nullifiers, text))
	}
	i := r.plan.like(Credential{Wallet: wallet, Provider: row.Data.Provider, Nullifiers: nullifiers})
	if i < 0 {
		r.faultf("an event tells that a credential of %s with nullifiers %q does not count", row.Data.Provider, row.Data.Nullifiers)
	}
	return i
}
