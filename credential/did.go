package credential

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/sha3"
)

// ethereumAddress is an address as a DID spells it. If that has a letter in
// upper case it must be the checksummed form.
type ethereumAddress string

// is compares with the 20 bytes of an address.
func (a ethereumAddress) is(address [20]byte) bool {
	return a.wellSpelt() && strings.ToLower(string(a)) == "0x"+hex.EncodeToString(address[:])
}

// wellSpelt tells whether the address, which is 0x and 40 hex digits, is in
// lower case or checksummed.
func (a ethereumAddress) wellSpelt() bool {
	lower := strings.ToLower(string(a))
	return lower == string(a) || checksummed(lower[len("0x"):]) == string(a)
}

// CheckIssuer tells what keeps the proofs of the issuer from ever holding, nil if
// nothing does: the text is no DID of a supported method, or none that is spelt
// as a credential must spell it.
func CheckIssuer(did string) error {
	if id, isKey := strings.CutPrefix(did, "did:key:"); isKey {
		if _, wellFormed := ed25519Key(id); wellFormed {
			return nil
		}
		return fmt.Errorf("issuer %.100q is not did:key:z and an Ed25519 key", did)
	}
	for _, fragment := range []string{"controller", "blockchainAccountId", "Recovery2020"} {
		key, found := ethereumKey(did, did+"#"+fragment)
		switch {
		case !found:
		case !key.wellSpelt():
			return fmt.Errorf("the address of issuer %.100q is neither in lower case nor checksummed", did)
		default:
			return nil
		}
	}
	return fmt.Errorf("issuer %.100q is not of the form did:ethr:[network:]0x…, did:pkh:… or did:key:z…", did)
}

// ethereumKey returns the address that the verification method stands for, if
// it is one of the methods of the DID's document. No chain is looked at: the
// address in the DID is the key.
func ethereumKey(did, method string) (ethereumAddress, bool) {
	fragment, ofDID := strings.CutPrefix(method, did+"#")
	if !ofDID {
		return "", false
	}
	if id, found := strings.CutPrefix(did, "did:ethr:"); found {
		return ethrKey(id, fragment)
	}
	if id, found := strings.CutPrefix(did, "did:pkh:eip155:"); found {
		chain, address, _ := strings.Cut(id, ":")
		return ethereumAddress(address), isDecimal(chain) && isHex(address, 20) && fragment == "blockchainAccountId"
	}
	if address, found := strings.CutPrefix(did, "did:pkh:eth:"); found {
		return ethereumAddress(address), isHex(address, 20) && fragment == "Recovery2020"
	}
	return "", false
}

// ethrKey reads [network:]address or [network:]public key.
func ethrKey(id, fragment string) (ethereumAddress, bool) {
	if network, rest, found := strings.Cut(id, ":"); found {
		if !isNetwork(network) {
			return "", false
		}
		id = rest
	}
	if isHex(id, 20) {
		return ethereumAddress(id), fragment == "controller"
	}
	const compressed = 33
	if !isHex(id, compressed) || fragment != "controller" && fragment != "controllerKey" {
		return "", false
	}
	bytes, _ := hex.DecodeString(id[2:]) // it is hex
	key, err := secp256k1.ParsePubKey(bytes)
	if err != nil {
		return "", false
	}
	address := addressOf(key)
	return ethereumAddress("0x" + hex.EncodeToString(address[:])), true
}

func isNetwork(name string) bool {
	switch name {
	case "mainnet", "morden", "ropsten", "rinkeby", "goerli", "kovan":
		return true
	}
	// The issuers' library keeps a chain's id in 64 bits with a sign.
	digits, found := strings.CutPrefix(name, "0x")
	_, err := strconv.ParseInt(digits, 16, 64)
	return found && err == nil && len(digits) <= 16 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// isHex tells whether the text is 0x and that many bytes in hex of any case.
func isHex(text string, bytes int) bool {
	digits, found := strings.CutPrefix(text, "0x")
	return found && len(digits) == hex.EncodedLen(bytes) && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

func isDecimal(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "0123456789") == ""
}

// addressOf is the last 20 bytes of the hash of the key's coordinates.
func addressOf(key *secp256k1.PublicKey) (address [20]byte) {
	sum := keccak(key.SerializeUncompressed()[1:])
	copy(address[:], sum[len(sum)-len(address):])
	return address
}

// checksummed spells an address, given in lower-case hex, as EIP-55 says: a
// letter is in upper case where the hash of the text has a high digit.
func checksummed(digits string) string {
	sum := hex.EncodeToString(keccak([]byte(digits)))
	spelt := []byte(digits)
	for i, d := range spelt {
		if d >= 'a' && sum[i] >= '8' {
			spelt[i] = d - 'a' + 'A'
		}
	}
	return "0x" + string(spelt)
}

func keccak(data []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	return h.Sum(nil)
}
