package typeddata

import (
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/sha3"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

// countingHash counts the blocks that Keccak takes in, each of which costs the
// same.
type countingHash struct {
	hash.Hash

	written, blocks int
}

func (c *countingHash) Reset() {
	c.written = 0
	c.Hash.Reset()
}

func (c *countingHash) Write(data []byte) (int, error) {
	c.written += len(data)
	return c.Hash.Write(data)
}

func (c *countingHash) Sum(to []byte) []byte {
	c.blocks += c.written/c.BlockSize() + 1
	return c.Hash.Sum(to)
}

// The largest message of each kind that is not refused costs at most as much as
// its words and its text, and one that is larger is refused before it costs
// more. Today's stamps take 40 blocks.
func TestDigest_Work(t *testing.T) {
	const (
		size = 64 << 10
		most = maxWords + (maxWords*32+size)/136
	)
	bools := func(n int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`{"name":"m%d","type":"bool"}`, i))
		}
		return strings.Join(members, ",")
	}
	for _, c := range []struct {
		kind, item string
		words      int // of an item
	}{
		{"string[]", `""`, 1},
		{"string[]", `"` + strings.Repeat("x", 50) + `"`, 1},
		{"uint8[]", `0`, 1},
		{"bytes[]", `"0x"`, 1},
		{"string[][]", `[]`, 1},
		{"string[][]", `[""]`, 2},
		{"string[][][][][][][]", `[[[[[[""]]]]]]`, 7},
		{"Empty[]", `{}`, 2},
		{"Ten[]", `{}`, 12},
		{"All[]", `{}`, 130},
	} {
		t.Run(c.kind+" of "+c.item, func(t *testing.T) {
			types, err := Parse(parsed(t, `{"M":[{"name":"q","type":"`+c.kind+`"}],"Empty":[],"Ten":[`+bools(10)+`],"All":[`+bools(128)+`]}`))
			require.NoError(t, err)
			digest := func(n int) (blocks int, err error) {
				keccak := &countingHash{Hash: sha3.NewLegacyKeccak256()}
				message := `{"q":[` + strings.TrimSuffix(strings.Repeat(c.item+",", n), ",") + `]}`
				_, err = types.digest(&hasher{keccak: keccak}, parsed(t, `{}`), "M", parsed(t, message))
				return keccak.blocks, err
			}
			const domainAndMessage = 4
			fitting := (maxWords - domainAndMessage) / c.words
			blocks, err := digest(fitting)
			require.NoError(t, err)
			assert.LessOrEqual(t, blocks, most)
			for _, n := range []int{fitting + 1, size / (len(c.item) + 1)} {
				blocks, err = digest(n)
				require.ErrorContains(t, err, "it encodes to more than 1024 words")
				assert.LessOrEqual(t, blocks, most)
			}
		})
	}
}

func parsed(t *testing.T, document string) *strictjson.Value {
	t.Helper()
	value, err := strictjson.Parse([]byte(document), strictjson.Limits{Size: 1 << 20, Depth: 64, Values: 1 << 17})
	require.NoError(t, err)
	return value
}
