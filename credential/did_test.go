package credential

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/ethereum"
)

// The accounts that a DID and a verification method stand for, as didkit 0.3.3
// resolves them.
func TestEthereumKey(t *testing.T) {
	key := secp256k1.PrivKeyFromBytes([]byte("a key of our own for these tests")).PubKey()
	address := ethereum.Address(key)
	lower := "0x" + hex.EncodeToString(address[:])
	mixed := ethereum.Checksummed(lower)
	upper := "0x" + strings.ToUpper(lower[2:])
	public := "0x" + hex.EncodeToString(key.SerializeCompressed())
	for _, c := range []struct {
		did, fragment string
		want          bool
	}{
		{"did:ethr:" + lower, "controller", true},
		{"did:ethr:" + mixed, "controller", true},
		{"did:ethr:" + upper, "controller", false},
		{"did:ethr:0X" + lower[2:], "controller", false},
		{"did:ethr:" + lower, "controllerKey", false},
		{"did:ethr:" + lower, "Eip712Method2021", false},
		{"did:ethr:" + lower, "Recovery2020", false},
		{"did:ethr:" + lower, "", false},
		{"did:ethr:" + lower[:41], "controller", false},
		{"did:ethr:" + lower + "0", "controller", false},
		{"did:ethr:" + lower[:41] + "g", "controller", false},
		{"did:ethr:mainnet:" + lower, "controller", true},
		{"did:ethr:goerli:" + mixed, "controller", true},
		{"did:ethr:sepolia:" + lower, "controller", false},
		{"did:ethr:1:" + lower, "controller", false},
		{"did:ethr:0x1:" + lower, "controller", true},
		{"did:ethr:0xAbC:" + lower, "controller", true},
		{"did:ethr:0x7fffffffffffffff:" + lower, "controller", true},
		{"did:ethr:0x8000000000000000:" + lower, "controller", false},
		{"did:ethr:0x:" + lower, "controller", false},
		{"did:ethr:0x+1:" + lower, "controller", false},
		{"did:ethr:0x1:0x1:" + lower, "controller", false},
		{"did:ethr:" + public, "controller", true},
		{"did:ethr:" + public, "controllerKey", true},
		{"did:ethr:0x" + strings.ToUpper(public[2:]), "controllerKey", true},
		{"did:ethr:0x1:" + public, "controllerKey", true},
		{"did:ethr:" + public, "Recovery2020", false},
		{"did:ethr:0x05" + public[4:], "controller", false},
		{"did:pkh:eip155:1:" + lower, "blockchainAccountId", true},
		{"did:pkh:eip155:137:" + mixed, "blockchainAccountId", true},
		{"did:pkh:eip155:1:" + lower, "controller", false},
		{"did:pkh:eip155:x:" + lower, "blockchainAccountId", false},
		{"did:pkh:eip155:" + lower, "blockchainAccountId", false},
		{"did:pkh:eth:" + lower, "Recovery2020", true},
		{"did:pkh:eth:" + lower, "blockchainAccountId", false},
		{"did:pkh:btc:" + lower, "Recovery2020", false},
		{"DID:ethr:" + lower, "controller", false},
		{"did:ETHR:" + lower, "controller", false},
		{"did:web:example.com", "controller", false},
	} {
		found, holds := ethereumKey(c.did, c.did+"#"+c.fragment)
		assert.Equal(t, c.want, holds && found.is(address), "%s#%s", c.did, c.fragment)
	}

	offCurve := "did:ethr:0x05" + public[4:]
	_, holds := ethereumKey(offCurve, offCurve+"#controller")
	assert.False(t, holds, "what is no key holds none")

	for _, network := range []string{"mainnet", "morden", "ropsten", "rinkeby", "goerli", "kovan", "0x0", "0xabcdefABCDEF", "0x0000000000000001"} {
		found, holds := ethereumKey("did:ethr:"+network+":"+lower, "did:ethr:"+network+":"+lower+"#controller")
		assert.True(t, holds && found.is(address), network)
	}

	did := "did:ethr:" + lower
	for _, method := range []string{"", did, "controller", "#controller", "did:ethr:" + mixed + "#controller", " " + did + "#controller", did + "#controller#controller"} {
		_, found := ethereumKey(did, method)
		assert.False(t, found, "%q", method)
	}
	found, _ := ethereumKey(did, did+"#controller")
	assert.False(t, found.is([20]byte{1}), "another address")
}

// Texts that are no account are not found, before any address is compared.
func TestEthereumKey_NotAnAccount(t *testing.T) {
	const address = "0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	public := "0x" + hex.EncodeToString(secp256k1.PrivKeyFromBytes([]byte("a key of our own for these tests")).PubKey().SerializeCompressed())
	for _, c := range []struct{ did, fragment string }{
		{"", "controller"},
		{"did:ethr:", "controller"},
		{"did:ethr::" + address, "controller"},
		{"did:ethr:morgen:" + address, "controller"},
		{"did:ethr:0x00000000000000001:" + address, "controller"}, // 17 digits
		{"did:ethr:0xg:" + address, "controller"},
		{"did:ethr:10:" + address, "controller"},
		{"did:ethr:" + address[:40] + "zz", "controller"},
		{"did:ethr:" + address + "a1", "controller"},
		{"did:ethr:" + public + "zz", "controller"},
		{"did:ethr:" + public[:66], "controller"},
		{"did:ethr:0x", "controller"},
		{"did:pkh:eip155::" + address, "blockchainAccountId"},
		{"did:pkh:eip155:1", "blockchainAccountId"},
		{"did:pkh:eip155:1:0xa1", "blockchainAccountId"},
		{"did:pkh:eip155:1a:" + address, "blockchainAccountId"},
		{"did:pkh:eip155:100000000000000000000:" + address, "blockchainAccountId"}, // 21 digits
		{"did:pkh:eth:0xa1", "Recovery2020"},
		{"did:pkh:eth:" + address + "a1", "Recovery2020"},
		{address, "Recovery2020"},
		{"did:pkh:sol:" + address, "Recovery2020"},
	} {
		_, found := ethereumKey(c.did, c.did+"#"+c.fragment)
		assert.False(t, found, "%s#%s", c.did, c.fragment)
	}
	_, found := ethereumKey("did:pkh:eip155:99999999999999999999:"+address, "did:pkh:eip155:99999999999999999999:"+address+"#blockchainAccountId")
	assert.True(t, found, "20 digits hold every chain of 64 bits")
}

func TestCheckIssuer(t *testing.T) {
	key := secp256k1.PrivKeyFromBytes([]byte("a key of our own for these tests")).PubKey()
	address := ethereum.Address(key)
	lower := "0x" + hex.EncodeToString(address[:])
	public := "0x" + hex.EncodeToString(key.SerializeCompressed())
	for _, did := range []string{
		"did:ethr:" + lower, "did:ethr:" + ethereum.Checksummed(lower), "did:ethr:0x1:" + lower, "did:ethr:" + public,
		"did:pkh:eip155:1:" + lower, "did:pkh:eth:" + lower, "did:key:z6MkghvGHLobLEdj1bgRLhS4LPGJAvbMA1tn2zcRyqmYU5LC",
	} {
		assert.NoError(t, CheckIssuer(did))
	}
	for did, want := range map[string]string{
		"":                        "is not of the form did:ethr:",
		"https://issuer.example":  "is not of the form did:ethr:",
		"did:ethr:":               "is not of the form did:ethr:",
		"did:ethr:0xabc":          "is not of the form did:ethr:",
		"did:ethr:" + lower + " ": "is not of the form did:ethr:",
		"did:ethr:0x" + strings.ToUpper(lower[2:]):    "is neither in lower case nor checksummed",
		"did:pkh:eth:0x" + strings.ToUpper(lower[2:]): "is neither in lower case nor checksummed",
		"did:key:x":                "is not did:key:z and an Ed25519 key",
		"did:key:z6Mk":             "is not did:key:z and an Ed25519 key",
		strings.Repeat("d", 1<<20): "is not of the form did:ethr:",
	} {
		err := CheckIssuer(did)
		assert.ErrorContains(t, err, want, "%.100q", did)
		assert.Less(t, len(err.Error()), 300)
	}
}
