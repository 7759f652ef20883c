package passporthttp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// scoreBody is a score as the service tells it, in its order.
type scoreBody struct {
	Address        passport.Address `json:"address"`
	Score          string           `json:"score"`
	Passing        bool             `json:"passing_score"`
	ScoredAt       *string          `json:"last_score_timestamp"`
	ExpiresAt      *string          `json:"expiration_timestamp"`
	Threshold      string           `json:"threshold"`
	Error          *string          `json:"error"`
	Stamps         any              `json:"stamps"` // stampBody by provider, or JSON
	Points         *pointsBody      `json:"points_data"`
	PossiblePoints *pointsBody      `json:"possible_points_data"`
	Linked         json.RawMessage  `json:"linked_score"` // always null: nothing links wallets yet
	// LeftOut is nil, and not in the answer, unless the host wants it.
	LeftOut map[string]leftOutBody `json:"left_out,omitzero"`
}

type leftOutBody struct {
	Reason    passport.Reason `json:"reason"`
	ExpiresAt *string         `json:"expiration_date"`
}

type stampBody struct {
	Score     string  `json:"score"`
	Dedup     bool    `json:"dedup"`
	ExpiresAt *string `json:"expiration_date"`
}

type pointsBody struct {
	Total      int64            `json:"total_points"`
	Eligible   bool             `json:"is_eligible"`
	Multiplier int              `json:"multiplier"`
	Breakdown  map[string]int64 `json:"breakdown"`
}

// places are the decimal places of scores and thresholds.
const places = 5

// score answers GET /v2/stamps/{scorer_id}/score/{address}.
func (h *Handler) score(ctx context.Context, c *call) answer {
	community, address, refused := h.subject(ctx, c, "No scorer matches the given criteria.")
	if refused != nil {
		return *refused
	}
	result, err := h.scorer.Score(ctx, community, string(address))
	var impossible *passport.ScoringError
	switch {
	case err == nil:
	case store.KindOf(err) == store.KindNotFound: // gone since it was found
		return detail(http.StatusNotFound, "No scorer matches the given criteria.")
	case errors.As(err, &impossible) && impossible.Unrecorded == nil && !h.scoringErrorStatus:
		return answer{status: http.StatusOK, body: errorBody(address, impossible.Err.Error()), err: err}
	default:
		return failed(err)
	}
	body := bodyOf(result)
	if h.leftOut {
		body.LeftOut = leftOutOf(result.Stamps)
	}
	if h.points != nil {
		ledger, err := h.points.LoadPoints(ctx, string(address))
		if err != nil {
			return failed(err)
		}
		body.Points = pointsOf(passport.TotalPoints(ledger))
		body.PossiblePoints = pointsOf(passport.PossiblePoints(ledger))
	}
	return answer{status: http.StatusOK, body: body}
}

// subject reads from the path whom to score and in which community, or refuses.
func (h *Handler) subject(ctx context.Context, c *call, notFound string) (int64, passport.Address, *answer) {
	scorer, isInteger := integer(c.PathValue("scorer_id"))
	if !isInteger {
		return 0, "", new(notAnInteger("path", "scorer_id"))
	}
	address, err := passport.ParseAddress(c.PathValue("address"))
	if err != nil {
		return 0, "", new(invalidAddress())
	}
	c.learn(slog.String("address", string(address)))
	community, err := h.rows.FindCommunity(ctx, c.key.Account, scorer)
	switch {
	case store.KindOf(err) == store.KindNotFound:
		return 0, "", new(detail(http.StatusNotFound, notFound))
	case err != nil:
		return 0, "", new(failed(err))
	}
	c.learn(slog.Int64("community", community))
	return community, address, nil
}

func bodyOf(result *passport.Result) scoreBody {
	stamps := map[string]stampBody{}
	for _, s := range result.Stamps {
		if s.Outcome != passport.LeftOut {
			stamps[s.Provider] = stampBody{
				Score: s.Weight.Fixed(places), Dedup: s.Outcome == passport.Deduplicated, ExpiresAt: moment(s.ExpiresAt),
			}
		}
	}
	return scoreBody{
		Address: result.Address, Score: result.Score.Fixed(places), Passing: result.Passing,
		ScoredAt: moment(result.ScoredAt), ExpiresAt: moment(result.ExpiresAt),
		Threshold: result.Threshold.Fixed(places), Stamps: stamps,
	}
}

func leftOutOf(stamps []passport.Stamp) map[string]leftOutBody {
	leftOut := map[string]leftOutBody{}
	for _, s := range stamps {
		if s.Outcome == passport.LeftOut {
			leftOut[s.Provider] = leftOutBody{Reason: s.Reason, ExpiresAt: moment(s.ExpiresAt)}
		}
	}
	return leftOut
}

// errorBody is what the service answers where there is no score.
func errorBody(address passport.Address, text string) scoreBody {
	return scoreBody{Address: address, Score: "0.00000", Threshold: "20.00000", Error: &text, Stamps: map[string]stampBody{}}
}

func pointsOf(total passport.PointsTotal) *pointsBody {
	return &pointsBody{Total: total.Total, Eligible: total.Eligible, Multiplier: total.Multiplier, Breakdown: total.Breakdown}
}

// moment returns the moment as the service's JSON holds it, nil for none.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(store.FormatTime(t))
}
