package shadow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/scoreapi"
)

// maxAnswer is the number of bytes of an answer that are kept and read.
const maxAnswer = 256 << 10

// ReadAnswer reads an answer of the service's V2 route of scores, as
// [scoreapi.Score] does. A body that is no such answer, or is longer than 256
// KiB, makes a decision that is Malformed. The body is only read if the status
// is 200.
func ReadAnswer(status int, body []byte) Decision {
	if status != http.StatusOK {
		return Decision{Status: status}
	}
	var score scoreapi.Score
	if len(body) > maxAnswer || json.Unmarshal(body, &score) != nil {
		return Decision{Status: status, Malformed: true}
	}
	return DecisionOfAnswer(&score)
}

// DecisionOfAnswer returns the decision of an answer of 200. It is Malformed if
// a linked score names no wallet.
func DecisionOfAnswer(score *scoreapi.Score) Decision {
	if score.Error != nil {
		return Decision{Status: http.StatusOK, Failed: true}
	}
	d := Decision{
		Status: http.StatusOK, Passing: score.Passing, Score: score.Score.Decimal, Threshold: score.Threshold.Decimal,
		ScoredAt: score.ScoredAt.Time, ExpiresAt: score.ExpiresAt.Time,
	}
	d.take(score.Stamps)
	if score.Linked != nil {
		canonical, err := passport.ParseAddress(string(score.Linked.Address))
		if err != nil {
			return Decision{Status: http.StatusOK, Malformed: true}
		}
		d.Canonical = string(canonical)
	}
	return d
}

// take makes the stamps those of the decision.
func (d *Decision) take(stamps map[string]scoreapi.Stamp) {
	d.Stamps = make(map[string]Stamp, len(stamps))
	for provider, s := range stamps {
		d.Stamps[provider] = Stamp{s.Weight.Decimal, s.Deduplicated, s.ExpiresAt.Time}
		d.turns = append(d.turns, s.ExpiresAt.Time)
	}
}

// Source returns the primary's decision about an address; see [ReadAnswer] and
// [FromClient]. It must return when the context ends.
type Source func(ctx context.Context, address string) (Decision, error)

// FromClient returns a source that asks the server of the client for the score
// in the community of the scorer, its external id or id. The server scores, and
// counts the requests. An answer of 400 or 500, or in another form, is a
// decision. Every other error is that of [scoreapi.Client.Score].
func FromClient(client *scoreapi.Client, scorer int64) Source {
	return func(ctx context.Context, address string) (Decision, error) {
		score, err := client.Score(ctx, scorer, address)
		var failure *scoreapi.Error
		switch {
		case err == nil || errors.Is(err, scoreapi.ErrUnscored):
			return DecisionOfAnswer(score), nil
		case !errors.As(err, &failure) || ctx.Err() != nil || !decides(failure.Status):
			return Decision{}, err
		}
		return Decision{Status: failure.Status, Malformed: failure.Status == http.StatusOK}, nil
	}
}
