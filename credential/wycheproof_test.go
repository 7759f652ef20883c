package credential

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/ethereum"
)

// vectorFile is what we need of a file of Wycheproof's.
type vectorFile struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKey struct{ Uncompressed, PK string }
		Tests     []vector
	}
}

type vector struct {
	TCID             int
	Comment          string
	Msg, Sig, Result string
}

// readVectors reads a file of the folder that PASSPORT_VECTORS names: they are
// not part of this project. The field public has the verdicts. Without
// a folder it returns a file made here, with one signature that holds and one
// that does not, so that the test still tests.
func readVectors(t *testing.T, name string, own func() vectorFile, public tally) (file vectorFile, want tally) {
	t.Helper()
	folder := os.Getenv("PASSPORT_VECTORS")
	if folder == "" {
		t.Log("PASSPORT_VECTORS names no folder: only our own signatures are tested")
		return own(), tally{Agree: 2}
	}
	document, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(document, &file))
	return file, public
}

// tally counts what came of the vectors.
type tally struct {
	Agree int
	// HighS: Wycheproof takes a high s for valid. We do not, as it is a second
	// spelling of the low one.
	HighS int
	// LargeX: the point that r stands for has an x above the group's order,
	// which v 27 and 28 cannot express. Ethereum does not know such signatures.
	LargeX int
	// DER: something is wrong with the DER, of which we have none.
	DER int
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return data
}

// recovers reports whether r and s pass as a proofValue that recovers the key's
// address, with either v.
func recovers(key *secp256k1.PublicKey, digest [32]byte, rs []byte) bool {
	for _, v := range []string{"1b", "1c"} {
		signature, err := parseSignature("0x" + hex.EncodeToString(rs) + v)
		if err != nil {
			continue
		}
		if address, err := recoverDecred(&digest, signature); err == nil && address == ethereum.Address(key) {
			return true
		}
	}
	return false
}

func highS(rs []byte) bool {
	var s secp256k1.ModNScalar
	return len(rs) == 64 && !s.SetByteSlice(rs[32:]) && s.IsOverHalfOrder()
}

// largeX reports whether the signature holds with one of the other two v.
func largeX(key *secp256k1.PublicKey, digest [32]byte, rs []byte) bool {
	for _, v := range []byte{29, 30} {
		if found, _, err := ecdsa.RecoverCompact(append([]byte{v}, rs...), digest[:]); err == nil && found.IsEqual(key) {
			return true
		}
	}
	return false
}

func ownECDSA(der bool) func() vectorFile {
	return func() vectorFile {
		key := secp256k1.PrivKeyFromBytes([]byte("a key of our own for these tests"))
		digest := sha256.Sum256([]byte("message"))
		signature := ecdsa.Sign(key, digest[:])
		text := signature.Serialize()
		if !der {
			r, s := signature.R(), signature.S()
			rBytes, sBytes := r.Bytes(), s.Bytes()
			text = append(rBytes[:], sBytes[:]...)
		}
		var file vectorFile
		document, err := json.Marshal(map[string]any{"NumberOfTests": 2, "TestGroups": []any{map[string]any{
			"PublicKey": map[string]any{"Uncompressed": hex.EncodeToString(key.PubKey().SerializeUncompressed())},
			"Tests": []any{
				map[string]any{"Msg": hex.EncodeToString([]byte("message")), "Sig": hex.EncodeToString(text), "Result": "valid"},
				map[string]any{"Msg": hex.EncodeToString([]byte("another")), "Sig": hex.EncodeToString(text), "Result": "invalid"},
			},
		}}})
		if err := errors.Join(err, json.Unmarshal(document, &file)); err != nil {
			panic(err)
		}
		return file
	}
}

// Signatures as r and s of 32 bytes each, as ours are.
func TestWycheproofSecp256k1(t *testing.T) {
	file, want := readVectors(t, "ecdsa_secp256k1_sha256_p1363_test.json", ownECDSA(false), tally{Agree: 180, HighS: 72})
	got, tests := tally{}, 0
	for _, group := range file.TestGroups {
		key, err := secp256k1.ParsePubKey(unhex(t, group.PublicKey.Uncompressed))
		require.NoError(t, err)
		for _, v := range group.Tests {
			tests++
			rs := unhex(t, v.Sig)
			holds := recovers(key, sha256.Sum256(unhex(t, v.Msg)), rs)
			if v.Result == "valid" && highS(rs) {
				assert.False(t, holds, v.Comment)
				got.HighS++
				continue
			}
			assert.Equal(t, v.Result == "valid", holds, "%d %s", v.TCID, v.Comment)
			got.Agree++
		}
	}
	assert.Equal(t, file.NumberOfTests, tests)
	assert.Equal(t, want, got)
}

// The same in Bitcoin's rules: DER, low s only. decred's strict parser sets
// apart what is wrong with the DER.
func TestWycheproofSecp256k1Bitcoin(t *testing.T) {
	file, want := readVectors(t, "ecdsa_secp256k1_sha256_bitcoin_test.json", ownECDSA(true), tally{Agree: 180, LargeX: 1, DER: 282})
	got, tests := tally{}, 0
	for _, group := range file.TestGroups {
		key, err := secp256k1.ParsePubKey(unhex(t, group.PublicKey.Uncompressed))
		require.NoError(t, err)
		for _, v := range group.Tests {
			tests++
			signature, err := ecdsa.ParseDERSignature(unhex(t, v.Sig))
			if err != nil {
				assert.Equal(t, "invalid", v.Result, v.Comment)
				got.DER++
				continue
			}
			r, s := signature.R(), signature.S()
			rBytes, sBytes := r.Bytes(), s.Bytes()
			rs, digest := append(rBytes[:], sBytes[:]...), sha256.Sum256(unhex(t, v.Msg))
			holds := recovers(key, digest, rs)
			if v.Result == "valid" && largeX(key, digest, rs) {
				assert.False(t, holds, v.Comment)
				got.LargeX++
				continue
			}
			assert.Equal(t, v.Result == "valid", holds, "%d %s", v.TCID, v.Comment)
			got.Agree++
		}
	}
	assert.Equal(t, file.NumberOfTests, tests)
	assert.Equal(t, want, got)
}

func TestWycheproofEd25519(t *testing.T) {
	own := func() vectorFile {
		key := ed25519.NewKeyFromSeed([]byte("a seed of our own for these test"))
		signature := hex.EncodeToString(ed25519.Sign(key, []byte("message")))
		public, _ := key.Public().(ed25519.PublicKey)
		var file vectorFile
		document, err := json.Marshal(map[string]any{"NumberOfTests": 2, "TestGroups": []any{map[string]any{
			"PublicKey": map[string]any{"PK": hex.EncodeToString(public)},
			"Tests": []any{
				map[string]any{"Msg": hex.EncodeToString([]byte("message")), "Sig": signature, "Result": "valid"},
				map[string]any{"Msg": hex.EncodeToString([]byte("another")), "Sig": signature, "Result": "invalid"},
			},
		}}})
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(document, &file))
		return file
	}
	file, want := readVectors(t, "ed25519_test.json", own, tally{Agree: 151})
	got, tests := tally{}, 0
	for _, group := range file.TestGroups {
		key := ed25519.PublicKey(unhex(t, group.PublicKey.PK))
		for _, v := range group.Tests {
			tests++
			jws := legacyHeader + ".." + base64.RawURLEncoding.EncodeToString(unhex(t, v.Sig))
			signature, err := parseJWS(jws)
			holds := err == nil && ed25519.Verify(key, unhex(t, v.Msg), signature)
			assert.Equal(t, v.Result == "valid", holds, "%d %s", v.TCID, v.Comment)
			got.Agree++
		}
	}
	assert.Equal(t, file.NumberOfTests, tests)
	assert.Equal(t, want, got)
}
