package pgstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// walletVersion is the version of a wallet.
type walletVersion struct {
	// store is the id of the store that has read it: rows of two databases can be
	// stored at the same place.
	store string
	// rows is the digest of where the wallet's rows are stored, or of what they
	// hold.
	rows string
	// ids are those of the credentials that can count: their documents were read.
	ids []int64
	// stamps is the digest of where the stamps are stored that were written last,
	// "" if they are not known: those of the credentials with the digest counted.
	// They are the wallet's in one community.
	community       int64
	counted, stamps string
}

// readable returns the ids of the credentials whose documents were read.
func readable(credentials []store.Credential) []int64 {
	ids := make([]int64, 0, len(credentials))
	for i := range credentials {
		if credentials[i].Omitted == "" {
			ids = append(ids, credentials[i].ID)
		}
	}
	return ids
}

// countedDigest returns the digest of the credentials that count.
func countedDigest(ids []int64) string {
	var text []byte
	for _, id := range slices.Sorted(slices.Values(ids)) {
		text = binary.AppendVarint(text, id)
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// String returns the version as package store has it.
func (v *walletVersion) String() string {
	ids := make([]byte, 0, 2*len(v.ids))
	before := int64(0)
	for _, id := range v.ids {
		ids = binary.AppendVarint(ids, id-before)
		before = id
	}
	return strings.Join([]string{
		v.store, v.rows, base64.RawStdEncoding.EncodeToString(ids), strconv.FormatInt(v.community, 10), v.counted, v.stamps,
	}, ".")
}

// parseVersion is the reverse of String. A text that String did not make is the
// version of no wallet, which is zero.
func parseVersion(text string) (v walletVersion) {
	fields := strings.Split(text, ".")
	if len(fields) != 6 || !storable(text, len(text)) {
		return v
	}
	ids, err := base64.RawStdEncoding.DecodeString(fields[2])
	community, err2 := strconv.ParseInt(fields[3], 10, 64)
	if err != nil || err2 != nil {
		return v
	}
	for _, digest := range fields[4:] { // CockroachDB's sha256 returns hexadecimal digits, which are encoded again
		if size := hex.EncodedLen(sha256.Size); digest != "" && len(digest) != size && len(digest) != 2*size {
			return v
		}
	}
	v = walletVersion{store: fields[0], rows: fields[1], community: community, counted: fields[4], stamps: fields[5]}
	for id := int64(0); len(ids) > 0; {
		delta, size := binary.Varint(ids)
		if size <= 0 {
			return walletVersion{}
		}
		id, ids = id+delta, ids[size:]
		v.ids = append(v.ids, id)
	}
	return v
}
