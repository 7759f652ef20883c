package credential

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/passport-sdk/passport-go/internal/ethereum"
)

// ethereumAddress is an address as a DID spells it, 0x and 40 hex digits.
type ethereumAddress string

// is reports whether the address is well spelt and has these 20 bytes.
func (a ethereumAddress) is(address [20]byte) bool {
	return a.wellSpelt() && strings.ToLower(string(a)) == "0x"+hex.EncodeToString(address[:])
}

// wellSpelt reports whether the address is in lower case or checksummed.
func (a ethereumAddress) wellSpelt() bool {
	lower := strings.ToLower(string(a))
	return lower == string(a) || ethereum.Checksummed(lower) == string(a)
}

// CheckIssuer returns an error if no proof of the issuer can ever hold, because
// the text is not a DID of a supported method, or is misspelt.
func CheckIssuer(did string) error {
	if id, isKey := strings.CutPrefix(did, "did:key:"); isKey {
		if _, wellFormed := ed25519Key(id); !wellFormed {
			return fmt.Errorf("issuer %.100q is not did:key:z and an Ed25519 key", did)
		}
		return nil
	}
	address, fragments := ethereumKeys(did)
	if fragments == nil {
		return fmt.Errorf("issuer %.100q is not of the form did:ethr:[network:]0x…, did:pkh:… or did:key:z…", did)
	}
	if !address.wellSpelt() {
		return fmt.Errorf("the address of issuer %.100q is neither in lower case nor checksummed", did)
	}
	return nil
}

// ethereumKey returns the address of the verification method, if it is one of
// the methods of the DID's document.
func ethereumKey(did, method string) (ethereumAddress, bool) {
	address, fragments := ethereumKeys(did)
	fragment, ofDID := strings.CutPrefix(method, did+"#")
	return address, ofDID && slices.Contains(fragments, fragment)
}

// ethereumKeys returns the address in the DID and the fragments of its
// document's verification methods, none if it is of another form.
func ethereumKeys(did string) (address ethereumAddress, fragments []string) {
	if id, found := strings.CutPrefix(did, "did:ethr:"); found {
		return ethrKeys(id)
	}
	if id, found := strings.CutPrefix(did, "did:pkh:eip155:"); found {
		chain, address, _ := strings.Cut(id, ":")
		if chain != "" && len(chain) <= 20 && strings.Trim(chain, "0123456789") == "" && isHex(address, 20) {
			return ethereumAddress(address), []string{"blockchainAccountId"}
		}
	}
	if address, found := strings.CutPrefix(did, "did:pkh:eth:"); found && isHex(address, 20) {
		return ethereumAddress(address), []string{"Recovery2020"}
	}
	return "", nil
}

// ethrKeys reads [network:]address or [network:]public key.
func ethrKeys(id string) (address ethereumAddress, fragments []string) {
	if network, rest, found := strings.Cut(id, ":"); found {
		if !isNetwork(network) {
			return "", nil
		}
		id = rest
	}
	if isHex(id, 20) {
		return ethereumAddress(id), []string{"controller"}
	}
	if !isHex(id, secp256k1.PubKeyBytesLenCompressed) {
		return "", nil
	}
	compressed, _ := hex.DecodeString(id[2:]) // it is hex
	key, err := secp256k1.ParsePubKey(compressed)
	if err != nil {
		return "", nil
	}
	bytes := ethereum.Address(key)
	return ethereumAddress("0x" + hex.EncodeToString(bytes[:])), []string{"controller", "controllerKey"}
}

func isNetwork(name string) bool {
	if slices.Contains([]string{"mainnet", "morden", "ropsten", "rinkeby", "goerli", "kovan"}, name) {
		return true
	}
	// The issuers' library keeps a chain's id in 64 bits with a sign.
	digits, found := strings.CutPrefix(name, "0x")
	_, err := strconv.ParseInt(digits, 16, 64)
	return found && err == nil && len(digits) <= 16 && strings.Trim(digits, hexDigits) == ""
}

const hexDigits = "0123456789abcdefABCDEF"

// isHex reports whether the text is 0x and that many bytes in hex of any case.
func isHex(text string, bytes int) bool {
	digits, found := strings.CutPrefix(text, "0x")
	return found && len(digits) == hex.EncodedLen(bytes) && strings.Trim(digits, hexDigits) == ""
}
