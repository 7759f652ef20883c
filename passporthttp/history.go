package passporthttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

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
	case errors.Is(err, store.ErrNotFound):
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

// recordedBody tells a score of which there is only the data of its event.
func recordedBody(address passport.Address, data []byte) (scoreBody, error) {
	var event struct {
		Fields struct {
			Error     *string                    `json:"error"`
			Evidence  json.RawMessage            `json:"evidence"`
			ScoredAt  *time.Time                 `json:"last_score_timestamp"`
			ExpiresAt *time.Time                 `json:"expiration_date"`
			Stamps    map[string]json.RawMessage `json:"stamps"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return scoreBody{}, fmt.Errorf("%w: the data of a score: %w", store.ErrFault, err)
	}
	fields := &event.Fields
	switch {
	case fields.Error != nil && *fields.Error != "":
		return errorBody(address, *fields.Error), nil
	case fields.Evidence == nil || string(fields.Evidence) == "null":
		return errorBody(address, "the score was recorded without its evidence"), nil
	}
	told, err := passport.ParseEvidence(fields.Evidence)
	if err != nil {
		return scoreBody{}, err
	}
	body := scoreBody{
		Address: address, Score: told.Score.Fixed(places), Passing: told.Passing, Threshold: told.Threshold.Fixed(places),
		Stamps: fields.Stamps,
	}
	if fields.Stamps == nil {
		body.Stamps = map[string]json.RawMessage{}
	}
	if fields.ScoredAt != nil {
		body.ScoredAt = moment(*fields.ScoredAt)
	}
	if fields.ExpiresAt != nil {
		body.ExpiresAt = moment(*fields.ExpiresAt)
	}
	return body, nil
}
