// Package metadata reads the service's descriptions of stamps.
package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	maxDocument = 1 << 20
	maxStamp    = 8 << 10 // what the metadata of a stamp may add to a listing
)

// Document is a parsed document.
type Document struct {
	// Text is the whole document, compact.
	Text []byte
	// Stamps are the metadata of each stamp, by provider.
	Stamps map[string]json.RawMessage
}

// platform is an element of a document.
type platform struct {
	platformFacts

	Groups []struct {
		Name   string       `json:"name"`
		Stamps []stampFacts `json:"stamps"`
	} `json:"groups"`
}

type platformFacts struct {
	ID             string `json:"id"`
	Icon           string `json:"icon"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	ConnectMessage string `json:"connectMessage"`
}

type stampFacts struct {
	Name        string `json:"name"` // the provider
	Description string `json:"description"`
	Hash        string `json:"hash"`
}

// stamp is the metadata of a stamp in a listing.
type stamp struct {
	Group    string        `json:"group"`
	Platform platformFacts `json:"platform"`
	stampFacts
}

// Parse reads a document. The first of two stamps with one name counts.
func Parse(document []byte) (*Document, error) {
	var platforms []platform
	switch {
	case len(document) > maxDocument:
		return nil, fmt.Errorf("metadata of %d bytes, want at most %d", len(document), maxDocument)
	case !utf8.Valid(document):
		return nil, errors.New("the metadata is not UTF-8")
	}
	if err := json.Unmarshal(document, &platforms); err != nil {
		return nil, fmt.Errorf("the metadata is not a list of platforms: %w", err)
	}
	if platforms == nil {
		return nil, errors.New("the metadata is not a list of platforms but null")
	}
	d := &Document{Stamps: map[string]json.RawMessage{}}
	for _, p := range platforms {
		for _, group := range p.Groups {
			for _, facts := range group.Stamps {
				text, err := json.Marshal(stamp{group.Name, p.platformFacts, facts})
				switch {
				case err != nil:
					return nil, err
				case facts.Name == "" || p.ID == "":
					return nil, fmt.Errorf("a stamp without a name or a platform: %.100q of %.100q", facts.Name, p.ID)
				case len(text) > maxStamp:
					return nil, fmt.Errorf("the metadata of %.100q has %d bytes, want at most %d", facts.Name, len(text), maxStamp)
				case d.Stamps[facts.Name] == nil:
					d.Stamps[facts.Name] = text
				}
			}
		}
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, document)
	d.Text = compact.Bytes()
	return d, err
}
