package passporthttp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// noScore is the body for a moment at which there was none.
type noScore struct {
	Detail  string           `json:"detail"`
	Address passport.Address `json:"address"`
}

// history answers GET /v2/stamps/{scorer_id}/score/{address}/history: the newest
// score that was recorded at or before a moment.
func (h *Handler) history(ctx context.Context, c *call) answer {
	asked, given := parameter(c.URL, "created_at")
	at, isMoment := parseMoment(asked)
	switch {
	case !given:
		return missing("query", "created_at")
	case asked == "":
		return detail(http.StatusBadRequest, "You must provide created_at as a query param.")
	case !isMoment:
		return detail(http.StatusBadRequest, "Invalid created_at.")
	}
	community, address, refused := h.subject(ctx, c, "No Community matches the given query.")
	if refused != nil {
		return *refused
	}
	event, err := h.rows.ScoreAt(ctx, community, string(address), at)
	switch {
	case store.KindOf(err) == store.KindNotFound:
		return answer{status: http.StatusNotFound, body: noScore{fmt.Sprintf("No Score Found for %s at %s", address, asked), address}}
	case err != nil:
		return failed(err)
	}
	body, err := recordedBody(address, event.Data)
	if err != nil {
		return failed(fmt.Errorf("event %d: %w", event.ID, err))
	}
	return answer{status: http.StatusOK, body: body}
}

// recordedBody returns the answer for a score of which there is only its event.
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
		ScoredAt: moment(read.ScoredAt), ExpiresAt: moment(read.ExpiresAt), Stamps: read.Stamps,
	}, nil
}
