package equivalence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// kinds are all errors that a caller can tell apart.
var kinds = []struct {
	name string
	err  error
}{
	{"ErrCommunityNotFound", store.ErrCommunityNotFound},
	{"ErrNotFound", store.ErrNotFound},
	{"ErrConflict", store.ErrConflict},
	{"ErrUnavailable", store.ErrUnavailable},
	{"ErrUnknownOutcome", store.ErrUnknownOutcome},
	{"ErrInvalid", store.ErrInvalid},
	{"ErrFault", store.ErrFault},
	{"ErrInvalidAddress", passport.ErrInvalidAddress},
	{"ErrUnsupportedRule", passport.ErrUnsupportedRule},
	{"ErrInvalidWeights", passport.ErrInvalidWeights},
	{"ErrNeverScored", passport.ErrNeverScored},
	{"Canceled", context.Canceled},
	{"DeadlineExceeded", context.DeadlineExceeded},
}

// kind names what errors.Is finds in the error.
func kind(err error) string {
	if err == nil {
		return "no error"
	}
	var found []string
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			found = append(found, k.name)
		}
	}
	if scoringError, is := errors.AsType[*passport.ScoringError](err); is {
		found = append(found, "ScoringError of "+string(scoringError.Address)+": "+scoringError.Err.Error())
	}
	if len(found) == 0 {
		return "an error of no kind"
	}
	return strings.Join(found, ", ")
}

// account is the number of an account.
type account int64

// tell writes an answer so that it is the same for both stores if it means the
// same: without the numbers of rows, versions and the stores' own moments.
func (b *book) tell(answer any) string {
	switch a := answer.(type) {
	case *store.Snapshot:
		if a == nil {
			return "nothing"
		}
		return b.tellSnapshot(a)
	case *store.Receipt:
		if a == nil {
			return "nothing"
		}
		var told strings.Builder
		for _, w := range a.Wallets {
			fmt.Fprintf(&told, "%s, %s, %v\n", b.of("registry_passport", w.PassportID), b.of("registry_score", w.ScoreID), w.Awards)
		}
		return told.String()
	case *store.CredentialPage:
		if a == nil {
			return "nothing"
		}
		return fmt.Sprintf("newer %v, older %v\n%s", a.Newer, a.Older, b.tellCredentials(a.Credentials))
	case []store.RecordedEvent:
		var told strings.Builder
		for i := range a {
			told.WriteString(b.tellEvent(&a[i]))
		}
		return told.String()
	case *store.RecordedEvent:
		if a == nil {
			return "nothing"
		}
		return b.tellEvent(a)
	case []store.Claim:
		return tellClaims(a)
	case *store.Key:
		if a == nil {
			return "nothing"
		}
		key := *a
		key.Account = 0
		key.CreatedAt, key.ExpiresAt = time.Time{}, time.Time{}
		return fmt.Sprintf("%+v of %s, from %s until %s", key, b.of("account_account", a.Account), b.moment(a.CreatedAt), a.ExpiresAt)
	case *store.PointsLedger:
		if a == nil {
			return "nothing"
		}
		return fmt.Sprintf("%+v\n%+v\n%+v", *a, passport.TotalPoints(a), passport.PossiblePoints(a))
	case account:
		return b.of("account_account", int64(a))
	default: // a number, a result, a standing
		text, err := json.Marshal(answer)
		if err != nil {
			panic(err) // all of them are plain
		}
		return string(text)
	}
}

func (b *book) tellSnapshot(s *store.Snapshot) string {
	var told strings.Builder
	c := s.Community
	fmt.Fprintf(&told, "at %s\ncommunity %d %q of %s, %q, rule %q, points %v, %s %s over %q, overlay %v\n", b.moment(s.At), c.ID, c.Name,
		b.of("account_account", c.Account), c.ExternalID, c.Rule, c.HumanPoints, c.Scorer, document(c.Weights), c.Threshold, c.Overlay)
	for _, w := range s.Wallets {
		fmt.Fprintf(&told, "wallet %s\n%s", w.Address, b.tellCredentials(w.Credentials))
		if score := w.Score; score != nil {
			fmt.Fprintf(&told, "score %s %q at %v until %v, error %q, %s %s %s\n", score.Status, score.Value, score.ScoredAt, score.ExpiresAt,
				score.Error, document(score.Evidence), document(score.StampScores), document(score.Stamps))
		}
	}
	told.WriteString(tellClaims(s.Claims))
	if s.Points == nil {
		return told.String()
	}
	for _, history := range s.Points.Wallets {
		awards := slices.SortedFunc(slices.Values(history.Awards), store.CompareAwards)
		fmt.Fprintf(&told, "awards %v, communities %v, lists %v\n", awards, history.Communities, history.Lists)
	}
	fmt.Fprintf(&told, "given %v, values %v", s.Points.Given, s.Points.Values)
	return told.String()
}

func (b *book) tellCredentials(credentials []store.Credential) string {
	var told strings.Builder
	for _, c := range credentials {
		fmt.Fprintf(&told, "%s, %q, %s: %s\n", b.of("ceramic_cache_ceramiccache", c.ID), c.Provider, b.moment(c.UpdatedAt), document(c.Stamp))
	}
	return told.String()
}

func tellClaims(claims []store.Claim) string {
	var told strings.Builder
	for _, c := range claims {
		fmt.Fprintf(&told, "%q by %s until %v\n", c.Nullifier, c.Address, c.ExpiresAt)
	}
	return told.String()
}

func (b *book) tellEvent(e *store.RecordedEvent) string {
	decoder := json.NewDecoder(bytes.NewReader(e.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return err.Error()
	}
	text, err := json.Marshal(b.value("registry_event", "data", data))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s, %s %s at %v: %s\n", b.of("registry_event", e.ID), e.Action, e.Address, e.At, text)
}

// document writes a JSON document in one way.
func document(text []byte) string {
	if text == nil {
		return "none"
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err.Error()
	}
	written, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(written)
}
