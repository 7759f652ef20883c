package pgstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// walletVersion is the version of a wallet. Verify_credentials compares where
// its rows are stored; replace_stamps the exact text of those that it copies.
type walletVersion struct {
	// rows is the digest of the wallet's rows, which load_snapshot makes.
	rows string
	// documents are the SHA-256 of the documents that were read, by the ids of
	// their rows.
	documents map[int64]digest
}

type digest = [sha256.Size]byte

// entrySize is the size of an id and a digest.
const entrySize = 8 + sha256.Size

// version returns the version of a wallet whose rows have the digest.
func version(rows string, credentials []store.Credential) string {
	entries := make([]byte, 0, len(credentials)*entrySize)
	for i := range credentials {
		c := &credentials[i]
		if c.Omitted != "" {
			continue // it cannot count
		}
		of := sha256.Sum256(c.Document)
		entries = binary.BigEndian.AppendUint64(entries, uint64(c.ID)) //nolint:gosec // ids are above 0
		entries = append(entries, of[:]...)
	}
	return rows + "." + base64.RawStdEncoding.EncodeToString(entries)
}

// parseVersion is the reverse of version. A text that version did not make is
// the version of no wallet.
func parseVersion(text string) walletVersion {
	rows, encoded, _ := strings.Cut(text, ".")
	entries, err := base64.RawStdEncoding.DecodeString(encoded)
	malformed := err != nil || len(entries)%entrySize != 0
	if malformed || len(rows) != hex.EncodedLen(sha256.Size) || !storable(rows, len(rows)) {
		return walletVersion{}
	}
	v := walletVersion{rows: rows, documents: make(map[int64]digest, len(entries)/entrySize)}
	for ; len(entries) > 0; entries = entries[entrySize:] {
		id := int64(binary.BigEndian.Uint64(entries)) //nolint:gosec // ids are above 0
		v.documents[id] = digest(entries[8:entrySize])
	}
	return v
}
