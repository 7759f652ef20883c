package passporthttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporthttp/internal/iso8601"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// score answers GET /v2/stamps/{scorer_id}/score/{address}.
func (h *Handler) score(ctx context.Context, c *call) answer {
	community, address, refused := h.subject(ctx, c, scoreapi.NoScorer)
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
		return refuse(http.StatusNotFound, scoreapi.NoScorer)
	case errors.As(err, &impossible) && impossible.Unrecorded == nil && !h.scoringErrorStatus:
		return answer{status: http.StatusOK, body: scoreapi.Unscored(address, impossible.Err.Error()), err: err}
	default:
		return failed(err)
	}
	body := scoreapi.Of(result)
	if h.leftOut {
		body.LeftOut = scoreapi.LeftOutOf(result)
	}
	if h.points != nil {
		ledger := result.Ledger
		if ledger == nil { // the engine awards no points
			if ledger, err = h.points.LoadPoints(ctx, address); err != nil {
				return failed(err)
			}
		}
		body.Points = scoreapi.PointsOf(passport.TotalPoints(ledger))
		body.PossiblePoints = scoreapi.PointsOf(passport.PossiblePoints(ledger))
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
	community, address, refused := h.subject(ctx, c, scoreapi.NoCommunity)
	if refused != nil {
		return *refused
	}
	event, err := h.db.ScoreAt(ctx, community, address, at)
	switch {
	case store.KindOf(err) == store.KindNotFound:
		body := scoreapi.Refusal{Detail: fmt.Sprintf("No Score Found for %s at %s", address, text), Address: address}
		return answer{status: http.StatusNotFound, body: body}
	case err != nil:
		return failed(err)
	}
	recorded, err := passport.ParseEvent(event.Data)
	if err != nil {
		return failed(fmt.Errorf("event %d: %w", event.ID, err))
	}
	return ok(scoreapi.OfRecorded(address, recorded))
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
