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
func document(ingestion bool) []byte {
	if ingestion {
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
	delete(whole.Paths["/v2/stamps/{address}"], "post")
	without, err := json.Marshal(whole)
	if err != nil {
		panic(err) // it has just been read
	}
	return without
}
