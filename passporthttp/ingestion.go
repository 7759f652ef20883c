package passporthttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// What a request to store credentials may hold.
const (
	maxCredentials = 100
	maxBody        = 1 << 20
)

// ingestionBody tells how many credentials were stored.
type ingestionBody struct {
	Stored int `json:"stored"`
}

// ingestion answers POST /v2/stamps/{address}.
func (h *Handler) ingestion(ctx context.Context, c *call) answer {
	address, err := passport.ParseAddress(c.PathValue("address"))
	if err != nil {
		return invalidAddress()
	}
	c.learn(slog.String("address", string(address)))
	signed, refused := h.submitted(ctx, c)
	if refused != nil {
		return *refused
	}
	credentials, err := fileable(signed)
	if err != nil {
		return badRequest(err)
	}
	switch err := h.ingest.AddCredentials(ctx, string(address), credentials...); {
	case store.KindOf(err) == store.KindInvalid:
		refused := badRequest(errors.New("a credential holds what cannot be stored"))
		refused.err = err
		return refused
	case err != nil:
		return failed(err)
	}
	return answer{status: http.StatusOK, body: ingestionBody{len(credentials)}}
}

// fileable returns what the store files the credentials under, or what keeps one
// of them from being stored.
func fileable(signed []json.RawMessage) ([]store.NewCredential, error) {
	credentials := make([]store.NewCredential, 0, len(signed))
	for i := range signed {
		c, err := passport.NewCredential(signed[i])
		if err != nil {
			return nil, fmt.Errorf("credential %d: %w", i+1, err)
		}
		if slices.ContainsFunc(credentials, func(other store.NewCredential) bool { return other.Provider == c.Provider }) {
			return nil, fmt.Errorf("credential %d: another one has its provider %q", i+1, c.Provider)
		}
		credentials = append(credentials, c)
	}
	return credentials, nil
}

// submitted reads the credentials of the body.
func (h *Handler) submitted(ctx context.Context, c *call) ([]json.RawMessage, *answer) {
	if deadline, has := ctx.Deadline(); has {
		// A body that never ends must not outlive its request. A writer that
		// cannot do this belongs to a test.
		_ = http.NewResponseController(c.to).SetReadDeadline(deadline)
	}
	document, err := io.ReadAll(http.MaxBytesReader(c.to, c.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, new(detail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", maxBody)))
	case err != nil && ctx.Err() != nil:
		return nil, new(unavailable(err))
	case err != nil:
		return nil, new(badRequest(errors.New("the body could not be read")))
	}
	signed, err := credentialsOf(document)
	if err != nil {
		return nil, new(badRequest(err))
	}
	return signed, nil
}

// credentialsOf returns the credentials of a body that has no other member:
// under another name they would be passed over in silence.
func credentialsOf(document []byte) (signed []json.RawMessage, err error) {
	var body map[string]json.RawMessage
	form := errors.New(`the body is not {"credentials": […]}`)
	if json.Unmarshal(document, &body) != nil {
		return nil, form
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name != "credentials" {
			return nil, fmt.Errorf("%w: it has a member %.60q", form, name)
		}
	}
	if json.Unmarshal(body["credentials"], &signed) != nil {
		return nil, form
	}
	if n := len(signed); n < 1 || n > maxCredentials {
		return nil, fmt.Errorf("%d credentials, want 1 to %d", n, maxCredentials)
	}
	return signed, nil
}

// badRequest says what is wrong with what the caller sent, and may quote it.
func badRequest(err error) answer {
	refused := detail(http.StatusBadRequest, cut("Invalid request: "+err.Error(), store.MaxUseError))
	refused.private = true
	return refused
}
