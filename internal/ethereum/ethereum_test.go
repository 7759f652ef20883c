package ethereum_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/ethereum"
)

func TestAddress(t *testing.T) {
	address := ethereum.Address(secp256k1.PrivKeyFromBytes([]byte{1}).PubKey())
	assert.Equal(t, "7e5f4552091a69125d5dfcb7b8c2659029395bdf", hex.EncodeToString(address[:]))
}

// The addresses in the text of EIP-55.
func TestChecksummed(t *testing.T) {
	for _, spelt := range []string{
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		assert.Equal(t, spelt, ethereum.Checksummed(strings.ToLower(spelt)))
	}
}
