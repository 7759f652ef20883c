package passporthttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/store"
)

// Bounds of a metadata document. The second one bounds what metadata adds to a
// page of a listing.
const (
	maxMetadata      = 1 << 20
	maxStampMetadata = 8 << 10
)

// platform is one element of a metadata document.
type platform struct {
	platformBody

	Groups []struct {
		Name   string      `json:"name"`
		Stamps []stampFact `json:"stamps"`
	} `json:"groups"`
}

type platformBody struct {
	ID             string `json:"id"`
	Icon           string `json:"icon"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	ConnectMessage string `json:"connectMessage"`
}

type stampFact struct {
	Name        string `json:"name"` // the provider
	Description string `json:"description"`
	Hash        string `json:"hash"`
}

// metadataBody is the metadata of a stamp in a listing.
type metadataBody struct {
	Group    string       `json:"group"`
	Platform platformBody `json:"platform"`
	stampFact
}

// metadata is a document that has been read.
type metadata struct {
	document []byte                     // as it is served
	stamps   map[string]json.RawMessage // metadataBody by provider
}

func readMetadata(document []byte) (*metadata, error) {
	var platforms []platform
	switch {
	case len(document) > maxMetadata:
		return nil, fmt.Errorf("metadata of %d bytes, want at most %d", len(document), maxMetadata)
	case !utf8.Valid(document):
		return nil, errors.New("the metadata is not UTF-8")
	}
	if err := json.Unmarshal(document, &platforms); err != nil {
		return nil, fmt.Errorf("the metadata is not a list of platforms: %w", err)
	}
	if platforms == nil {
		return nil, errors.New("the metadata is not a list of platforms but null")
	}
	m := &metadata{stamps: map[string]json.RawMessage{}}
	for _, p := range platforms {
		for _, group := range p.Groups {
			for _, stamp := range group.Stamps {
				text, err := json.Marshal(metadataBody{group.Name, p.platformBody, stamp})
				switch {
				case err != nil:
					return nil, err
				case stamp.Name == "" || p.ID == "":
					return nil, fmt.Errorf("a stamp without a name or a platform: %.100q of %.100q", stamp.Name, p.ID)
				case len(text) > maxStampMetadata:
					return nil, fmt.Errorf("the metadata of %.100q has %d bytes, want at most %d", stamp.Name, len(text), maxStampMetadata)
				case m.stamps[stamp.Name] == nil:
					m.stamps[stamp.Name] = text
				}
			}
		}
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, document)
	m.document = compact.Bytes()
	return m, err
}

// metadataOfAll answers GET /v2/stamps/metadata.
func (h *Handler) metadataOfAll(context.Context, *call) answer {
	return answer{status: http.StatusOK, body: h.metadata.document}
}

// anyKey allows what is about nobody.
func anyKey(*store.Key) bool { return true }
