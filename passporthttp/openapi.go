package passporthttp

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
)

//go:embed openapi.json
var openapi []byte

// describe answers GET /openapi.json.
func (h *Handler) describe(context.Context, *call) answer {
	return answer{status: http.StatusOK, body: h.openapi}
}

// document returns the description of what the handler answers.
func document(ingestion, metadata bool) []byte {
	if ingestion && metadata {
		return openapi
	}
	var whole struct {
		OpenAPI    json.RawMessage                       `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components json.RawMessage                       `json:"components"`
	}
	if err := json.Unmarshal(openapi, &whole); err != nil {
		panic(err) // it is a constant, and tested
	}
	if !ingestion {
		delete(whole.Paths["/v2/stamps/{address}"], "post")
	}
	if !metadata {
		delete(whole.Paths, "/v2/stamps/metadata")
	}
	without, err := json.Marshal(whole)
	if err != nil {
		panic(err) // it has just been read
	}
	return without
}
