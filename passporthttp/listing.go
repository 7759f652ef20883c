package passporthttp

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// pageBody is a page of the credentials of an address.
type pageBody struct {
	Next  *string    `json:"next"` // older ones
	Prev  *string    `json:"prev"` // newer ones
	Items []itemBody `json:"items"`
}

type itemBody struct {
	Version    string          `json:"version"`
	Credential json.RawMessage `json:"credential"`
	Metadata   json.RawMessage `json:"metadata"` // a metadataBody, null if there is none
}

const itemVersion = "1.0.0"

// listing answers GET /v2/stamps/{address}. A page ends early when its credentials
// are large, and has none that the store omits: the links lead past them.
func (h *Handler) listing(ctx context.Context, c *call) answer {
	page := store.Page{Limit: store.MaxPage}
	if text, given := parameter(c.URL, "limit"); given {
		number, isInteger := integer(text)
		if !isInteger {
			return notAnInteger("query", "limit")
		}
		limit, err := strconv.Atoi(number)
		if err != nil || limit < 1 || limit > store.MaxPage {
			return detail(http.StatusBadRequest, "Invalid limit.")
		}
		page.Limit = limit
	}
	if token, _ := parameter(c.URL, "token"); token != "" {
		var ok bool
		if page.Before, page.After, ok = parseToken(token); !ok {
			return detail(http.StatusBadRequest, "Invalid token.")
		}
	}
	text, given := parameter(c.URL, "include_metadata")
	withMetadata, isBoolean := boolean(text)
	if given && !isBoolean {
		return notABoolean("query", "include_metadata")
	}
	address, err := passport.ParseAddress(c.PathValue("address"))
	if err != nil {
		return invalidAddress()
	}
	c.learn(slog.String("address", string(address)))
	listed, err := h.rows.ListCredentials(ctx, string(address), page)
	if err != nil {
		return failed(err)
	}
	body := pageBody{Items: make([]itemBody, 0, len(listed.Credentials))}
	for _, credential := range listed.Credentials {
		if credential.Omitted != "" {
			continue
		}
		item := itemBody{Version: itemVersion, Credential: credential.Stamp}
		if withMetadata && h.metadata != nil {
			item.Metadata = h.metadata.stamps[credential.Provider]
		}
		body.Items = append(body.Items, item)
	}
	first, last := edges(listed.Credentials, page)
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

// edges returns the ids from which on there are newer and older credentials. An
// empty page, whose rows have gone, ends where it was asked to begin.
func edges(credentials []store.Credential, page store.Page) (first, last int64) {
	if len(credentials) == 0 {
		return page.Before - 1, page.After + 1
	}
	return credentials[0].ID, credentials[len(credentials)-1].ID
}

// link leads to the page of the credentials that are older or newer than the id.
func (h *Handler) link(address passport.Address, direction byte, id int64, query string) *string {
	if id > 0 {
		query = "token=" + token(direction, id) + "&" + query
	}
	return new(h.publicURL + "/v2/stamps/" + url.PathEscape(string(address)) + "?" + query)
}

// A token is a direction and an id. It holds no secret and is believed no more
// than a number in a query would be.
const (
	older byte = 'o'
	newer byte = 'n'
)

func token(direction byte, id int64) string {
	return string(strconv.AppendInt([]byte{direction}, id, 10))
}

// parseToken reads what token wrote, and nothing else.
func parseToken(text string) (before, after int64, ok bool) {
	if len(text) < 2 {
		return 0, 0, false
	}
	id, err := strconv.ParseInt(text[1:], 10, 64)
	if err != nil || id < 1 || token(text[0], id) != text {
		return 0, 0, false
	}
	switch text[0] {
	case older:
		return id, 0, true
	case newer:
		return 0, id, true
	}
	return 0, 0, false
}
