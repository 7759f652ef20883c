// Package ethereum derives and spells addresses.
package ethereum

import (
	"encoding/hex"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/sha3"
)

// Address returns the address of the key: the last 20 bytes of the hash of its
// coordinates.
func Address(key *secp256k1.PublicKey) [20]byte {
	return [20]byte(keccak(key.SerializeUncompressed()[1:])[12:])
}

// Checksummed returns the spelling of EIP-55 of an address in lower case: a
// letter is in upper case where the hash of the digits has a high digit.
func Checksummed(address string) string {
	sum := hex.EncodeToString(keccak([]byte(address[len("0x"):])))
	spelt := []byte(address)
	for i, d := range spelt[len("0x"):] {
		if d >= 'a' && sum[i] >= '8' {
			spelt[len("0x")+i] = d - 'a' + 'A'
		}
	}
	return string(spelt)
}

func keccak(data []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	return h.Sum(nil)
}
