package passporthttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporthttp/internal/iso8601"
	"github.com/passport-sdk/passport-go/store"
)

// scoreBody is a score in the service's form.
type scoreBody struct {
	Address        passport.Address       `json:"address"`
	Score          string                 `json:"score"`
	Passing        bool                   `json:"passing_score"`
	ScoredAt       *string                `json:"last_score_timestamp"`
	ExpiresAt      *string                `json:"expiration_timestamp"`
	Threshold      string                 `json:"threshold"`
	Error          *string                `json:"error"`
	Stamps         any                    `json:"stamps"` // stampBody by provider, or as they were recorded
	Points         *pointsBody            `json:"points_data"`
	PossiblePoints *pointsBody            `json:"possible_points_data"`
	Linked         *linkedBody            `json:"linked_score"`
	LeftOut        map[string]leftOutBody `json:"left_out,omitzero"`
}

type leftOutBody struct {
	Reason    passport.Reason `json:"reason"`
	ExpiresAt *string         `json:"expiration_date"`
}

type stampBody struct {
	Score     string           `json:"score"`
	Dedup     bool             `json:"dedup"`
	ExpiresAt *string          `json:"expiration_date"`
	Source    passport.Address `json:"source_wallet,omitempty"` // of a merged stamp
}

type pointsBody struct {
	Total      int64            `json:"total_points"`
	Eligible   bool             `json:"is_eligible"`
	Multiplier int              `json:"multiplier"`
	Breakdown  map[string]int64 `json:"breakdown"`
}

// places is the number of decimals of scores and thresholds.
const places = 5

// score answers GET /v2/stamps/{scorer_id}/score/{address}.
func (h *Handler) score(ctx context.Context, c *call) answer {
	const notFound = "No scorer matches the given criteria."
	community, address, refused := h.subject(ctx, c, notFound)
	if refused != nil {
		return *refused
	}
	result, err := h.scorer.Score(ctx, community, string(address))
	var impossible *passport.ScoringError
	switch {
	case err == nil:
	case errors.Is(err, passport.ErrGroups): // whatever the source's error is
		return unavailable(err)
	case store.KindOf(err) == store.KindNotFound: // deleted since it was found
		return refuse(http.StatusNotFound, notFound)
	case errors.As(err, &impossible) && impossible.Unrecorded == nil && !h.scoringErrorStatus:
		return answer{status: http.StatusOK, body: errorBody(address, impossible.Err.Error()), err: err}
	default:
		return failed(err)
	}
	body := h.bodyOf(result)
	if h.points != nil {
		ledger := result.Ledger
		if ledger == nil { // the engine awards no points
			if ledger, err = h.points.LoadPoints(ctx, address); err != nil {
				return failed(err)
			}
		}
		body.Points = pointsOf(passport.TotalPoints(ledger))
		body.PossiblePoints = pointsOf(passport.PossiblePoints(ledger))
	}
	return ok(body)
}

// history answers GET /v2/stamps/{scorer_id}/score/{address}/history: the
// newest score that was recorded at or before a time.
func (h *Handler) history(ctx context.Context, c *call) answer {
	text, given := parameter(c.URL, "created_at")
	at, isTime := iso8601.Parse(text)
	switch {
	case !given:
		return unprocessable("missing", "Field required", "query", "created_at")
	case text == "":
		return refuse(http.StatusBadRequest, "You must provide created_at as a query param.")
	case !isTime:
		return refuse(http.StatusBadRequest, "Invalid created_at.")
	}
	community, address, refused := h.subject(ctx, c, "No Community matches the given query.")
	if refused != nil {
		return *refused
	}
	event, err := h.db.ScoreAt(ctx, community, address, at)
	switch {
	case store.KindOf(err) == store.KindNotFound:
		body := struct {
			Detail  string           `json:"detail"`
			Address passport.Address `json:"address"`
		}{fmt.Sprintf("No Score Found for %s at %s", address, text), address}
		return answer{status: http.StatusNotFound, body: body}
	case err != nil:
		return failed(err)
	}
	body, err := recordedBody(address, event.Data)
	if err != nil {
		return failed(fmt.Errorf("event %d: %w", event.ID, err))
	}
	return ok(body)
}

// subject returns the community and the address of the path, or a refusal.
func (h *Handler) subject(ctx context.Context, c *call, notFound string) (int64, passport.Address, *answer) {
	scorer, isInteger := integer(c.PathValue("scorer_id"))
	if !isInteger {
		return 0, "", new(notAnInteger("path", "scorer_id"))
	}
	address, refused := addressOf(c)
	if refused != nil {
		return 0, "", refused
	}
	if c.community == nil {
		found, err := h.db.FindCommunity(ctx, c.key.Account, scorer)
		switch {
		case store.KindOf(err) == store.KindNotFound:
			found = 0
		case err != nil:
			return 0, "", new(failed(err))
		}
		c.community = &found
	}
	if *c.community == 0 {
		return 0, "", new(refuse(http.StatusNotFound, notFound))
	}
	c.facts = append(c.facts, slog.Int64("community", *c.community))
	return *c.community, address, nil
}

// addressOf returns the address of the path, or a refusal.
func addressOf(c *call) (passport.Address, *answer) {
	address, err := passport.ParseAddress(c.PathValue("address"))
	if err != nil {
		return "", new(refuse(http.StatusBadRequest, "Invalid address."))
	}
	c.facts = append(c.facts, slog.String("address", string(address)))
	return address, nil
}

func (h *Handler) bodyOf(result *passport.Result) scoreBody {
	var leftOut map[string]leftOutBody // nil is absent
	if h.leftOut {
		leftOut = leftOutOf(result)
	}
	return scoreBody{
		Address: result.Address, Score: result.Score.Fixed(places), Passing: result.Passing,
		Threshold: result.Threshold.Fixed(places), ScoredAt: date(result.ScoredAt), ExpiresAt: date(result.ExpiresAt),
		Stamps: stampsOf(result.Stamps), Linked: linkedOf(result.Linked), LeftOut: leftOut,
	}
}

// recordedBody returns the body for a recorded score.
func recordedBody(address passport.Address, data []byte) (scoreBody, error) {
	read, err := passport.ParseEvent(data)
	switch {
	case err != nil:
		return scoreBody{}, err
	case read.Error != "":
		return errorBody(address, read.Error), nil
	case read.Stamps == nil:
		read.Stamps = map[string]json.RawMessage{}
	}
	return scoreBody{
		Address: address, Score: read.Score.Fixed(places), Passing: read.Passing, Threshold: read.Threshold.Fixed(places),
		ScoredAt: date(read.ScoredAt), ExpiresAt: date(read.ExpiresAt), Stamps: read.Stamps,
	}, nil
}

// errorBody is the service's answer for an address that could not be scored.
func errorBody(address passport.Address, text string) scoreBody {
	none := map[string]stampBody{}
	return scoreBody{Address: address, Score: "0.00000", Threshold: "20.00000", Error: &text, Stamps: none}
}

func pointsOf(total passport.PointsTotal) *pointsBody {
	return &pointsBody{total.Total, total.Eligible, total.Multiplier, total.Breakdown}
}

// date returns the time as the service's JSON has it, nil for none.
func date(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(store.FormatTime(t))
}
