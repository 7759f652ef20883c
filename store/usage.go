package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// UsageLog is the role that records the calls made with API keys.
type UsageLog interface {
	// AddUsage must insert all of the usages or none, in order. It must return
	// [ErrInvalid] when [Usage.Validate] refuses one or the database cannot hold
	// it, and [ErrNotFound] when a key does not exist. None is no error.
	//
	// The service has indexes on Segments, Query and Payload that hold some 2,700
	// bytes: keep them below 2,000.
	AddUsage(ctx context.Context, usages ...Usage) error
}

// Usage is one call that was made with an API key. Empty texts but Path,
// documents that are nil and a Status of 0 stand for absent values.
type Usage struct {
	KeyID string    // the [Key.ID]
	At    time.Time // the time of the call
	// Path is the path of the request, BasePath its part that all calls of one
	// route share.
	Path, BasePath string
	// Segments is the path's segments, a JSON array; Query, Headers and Payload
	// are JSON objects. The caller masks secrets.
	Segments, Query, Headers, Payload json.RawMessage `json:",omitempty"`
	// Response is the answer, JSON of any kind; ResponseSkipped reports that
	// it was left out.
	Response        json.RawMessage `json:",omitempty"`
	ResponseSkipped bool
	Status          int    // the answer's HTTP status, at most 999
	Error           string // at most [MaxUsageError] characters
}

// Validate returns what keeps the usage from being stored, joined; each problem
// wraps [ErrInvalid]. Every store must call it first in AddUsage.
func (u *Usage) Validate() error {
	found := problems.New(ErrInvalid)
	checkText(found, "the key id of a usage", u.KeyID, 1, MaxKeyID)
	checkText(found, "the path of a usage", u.Path, 0, MaxPath)
	checkText(found, "the base path of a usage", u.BasePath, 0, MaxBasePath)
	checkText(found, "the error of a usage", u.Error, 0, MaxUsageError)
	if u.Status < 0 || u.Status > 999 {
		found.Addf("%d is not the status of an answer", u.Status)
	}
	checkTime(found, "the time of a usage", u.At)
	checkDocument(found, "the path segments of a usage", u.Segments)
	checkDocument(found, "the query of a usage", u.Query)
	checkDocument(found, "the headers of a usage", u.Headers)
	checkDocument(found, "the payload of a usage", u.Payload)
	checkDocument(found, "the response of a usage", u.Response)
	return found.Err()
}
