package scoreapi

import "encoding/json"

// Page is a page of the credentials of an address, the newest first.
type Page struct {
	// Next and Prev are the URLs of the pages with older and newer ones, nil if
	// there are none. They can lack scheme and host.
	Next  *string `json:"next"`
	Prev  *string `json:"prev"`
	Items []Item  `json:"items"`
}

// Item is a credential in a [Page].
type Item struct {
	// Version is "1.0.0".
	Version string `json:"version"`
	// Credential is the document as it was stored. passport.ReadCredential reads
	// it; whether it is genuine is not known.
	Credential json.RawMessage `json:"credential"`
	// Metadata describes the stamp if that was asked for; null or nil for none.
	Metadata json.RawMessage `json:"metadata"`
}
