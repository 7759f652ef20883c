package passporthttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// listing answers GET /v2/stamps/{address}.
func (h *Handler) listing(ctx context.Context, c *call) answer {
	page, withMetadata, refused := pageOf(c)
	if refused != nil {
		return *refused
	}
	address, refused := addressOf(c)
	if refused != nil {
		return *refused
	}
	listed, err := h.db.ListCredentials(ctx, address, page)
	if err != nil {
		return failed(err)
	}
	body := scoreapi.Page{Items: make([]scoreapi.Item, 0, len(listed.Credentials))}
	for _, credential := range listed.Credentials {
		if credential.Omitted != "" {
			continue
		}
		item := scoreapi.Item{Version: "1.0.0", Credential: credential.Document}
		if withMetadata && h.metadata != nil {
			item.Metadata = h.metadata.Stamps[credential.Provider]
		}
		body.Items = append(body.Items, item)
	}
	// The links of an empty page, whose rows have been deleted, lead back.
	first, last := page.Before-1, page.After+1
	if n := len(listed.Credentials); n > 0 {
		first, last = listed.Credentials[0].ID, listed.Credentials[n-1].ID
	}
	query := "limit=" + strconv.Itoa(page.Limit)
	if withMetadata {
		query += "&include_metadata=true"
	}
	if listed.Older {
		body.Next = h.link(address, older, last, query)
	}
	if listed.Newer {
		body.Prev = h.link(address, newer, first, query)
	}
	return answer{status: http.StatusOK, body: body, private: true}
}

// pageOf reads the parameters of a listing.
func pageOf(c *call) (page store.Page, withMetadata bool, refused *answer) {
	page.Limit, page.MayLag = store.MaxPage, true
	if text, given := parameter(c.URL, "limit"); given {
		number, isInteger := integer(text)
		if !isInteger {
			return page, false, new(notAnInteger("query", "limit"))
		}
		limit, err := strconv.Atoi(number)
		if err != nil || limit < 1 || limit > store.MaxPage {
			return page, false, new(refuse(http.StatusBadRequest, "Invalid limit."))
		}
		page.Limit = limit
	}
	if token, _ := parameter(c.URL, "token"); token != "" {
		var ok bool
		if page.Before, page.After, ok = parseToken(token); !ok {
			return page, false, new(refuse(http.StatusBadRequest, "Invalid token."))
		}
	}
	text, given := parameter(c.URL, "include_metadata")
	withMetadata, isBoolean := boolean(text)
	if given && !isBoolean {
		const message = "Input should be a valid boolean, unable to interpret input"
		return page, false, new(unprocessable("bool_parsing", message, "query", "include_metadata"))
	}
	return page, withMetadata, nil
}

// A token is a direction and an id. It holds no secret.
const older, newer = "o", "n"

var likeToken = regexp.MustCompile(`^[on][1-9][0-9]{0,18}$`)

// link leads to the page of credentials that are older or newer than the id.
func (h *Handler) link(address passport.Address, direction string, id int64, query string) *string {
	if id > 0 {
		query = "token=" + direction + strconv.FormatInt(id, 10) + "&" + query
	}
	return new(h.publicURL + "/v2/stamps/" + url.PathEscape(string(address)) + "?" + query)
}

func parseToken(text string) (before, after int64, ok bool) {
	if !likeToken.MatchString(text) {
		return 0, 0, false
	}
	id, err := strconv.ParseInt(text[1:], 10, 64)
	if strings.HasPrefix(text, older) {
		return id, 0, err == nil
	}
	return 0, id, err == nil
}

// The bounds of a request to store credentials.
const maxCredentials, maxBody = 100, 1 << 20

// ingestion answers POST /v2/stamps/{address}.
func (h *Handler) ingestion(ctx context.Context, c *call) answer {
	address, refused := addressOf(c)
	if refused != nil {
		return *refused
	}
	body, refused := readBody(ctx, c)
	if refused != nil {
		return *refused
	}
	credentials, err := submitted(body)
	if err != nil {
		return badRequest(err)
	}
	switch err := h.ingest.AddCredentials(ctx, address, credentials...); {
	case store.KindOf(err) == store.KindInvalid:
		refused := badRequest(errors.New("a credential holds what cannot be stored"))
		refused.err = err
		return refused
	case err != nil:
		return failed(err)
	}
	return ok(map[string]int{"stored": len(credentials)})
}

func readBody(ctx context.Context, c *call) ([]byte, *answer) {
	if deadline, has := ctx.Deadline(); has {
		// A body that never ends must not outlive its request. The writers of
		// some tests have no deadlines.
		_ = http.NewResponseController(c.to).SetReadDeadline(deadline)
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.to, c.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, new(refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", maxBody)))
	case err != nil && ctx.Err() != nil:
		return nil, new(unavailable(err))
	case err != nil:
		return nil, new(badRequest(errors.New("the body could not be read")))
	}
	return body, nil
}

// submitted returns the credentials of a body. The body must have no other
// member: misspelled ones would be ignored silently.
func submitted(document []byte) ([]store.CredentialInput, error) {
	form := errors.New(`the body is not {"credentials": […]}`)
	var body map[string]json.RawMessage
	if json.Unmarshal(document, &body) != nil {
		return nil, form
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name != "credentials" {
			return nil, fmt.Errorf("%w: it has a member %.60q", form, name)
		}
	}
	var signed []json.RawMessage
	if json.Unmarshal(body["credentials"], &signed) != nil {
		return nil, form
	}
	if n := len(signed); n < 1 || n > maxCredentials {
		return nil, fmt.Errorf("%d credentials, want 1 to %d", n, maxCredentials)
	}
	credentials := make([]store.CredentialInput, 0, len(signed))
	for i := range signed {
		c, err := passport.ReadCredential(signed[i])
		if err != nil {
			return nil, fmt.Errorf("credential %d: %w", i+1, err)
		}
		if slices.ContainsFunc(credentials, func(other store.CredentialInput) bool { return other.Provider == c.Provider }) {
			return nil, fmt.Errorf("credential %d: another one has its provider %q", i+1, c.Provider)
		}
		credentials = append(credentials, c)
	}
	return credentials, nil
}

// badRequest refuses a request with an error that may quote it.
func badRequest(err error) answer {
	refused := refuse(http.StatusBadRequest, cut("Invalid request: "+err.Error(), store.MaxUsageError))
	refused.private = true
	return refused
}
