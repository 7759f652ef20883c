package credential_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
)

// growing are credentials that cost the more, the larger n is.
func growing(tb testing.TB) map[string]func(n int) string {
	tb.Helper()
	text := string(issued(tb, today))
	with := func(types, member, value string) string {
		return strings.NewReplacer(`"Document":[`, types+`"Document":[`+member, `"issuer":"did`, value+`"issuer":"did`).Replace(text)
	}
	members := func(n, width int, kind func(i int) string) string {
		listed := make([]string, n)
		for i := range listed {
			listed[i] = fmt.Sprintf(`{"name":"%0*d","type":"%s"}`, width, i, kind(i))
		}
		return strings.Join(listed, ",")
	}
	list := func(types, kind, item string) func(int) string {
		return func(n int) string {
			return with(types, `{"name":"more","type":"`+kind+`"},`, `"more":[`+strings.TrimSuffix(strings.Repeat(item+",", n), ",")+`],`)
		}
	}
	unknown := func(n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, `"%d":0,`, i)
		}
		return all.String()
	}
	documents := map[string]func(int) string{
		"one long text": func(n int) string {
			return with("", `{"name":"more","type":"string"},`, `"more":"`+strings.Repeat("x", n)+`",`)
		},
		"a list of texts":              list("", "string[]", `""`),
		"a list of numbers":            list("", "uint8[]", `0`),
		"a list of bytes":              list("", "bytes[]", `"0x"`),
		"a list of lists":              list("", "string[][]", `[]`),
		"lists in lists":               list("", "string"+strings.Repeat("[]", 20), `[[[[[[[[[[[]]]]]]]]]]]`),
		"a list of empty objects":      list(`"Empty":[],`, "Empty[]", `{}`),
		"objects that lack 10 members": list(`"X":[`+members(10, 1, func(int) string { return "bool" })+`],`, "X[]", `{}`),
		"objects that lack all":        list(`"X":[`+members(128, 1, func(int) string { return "bool" })+`],`, "X[]", `{}`),
		"members that no type lists":   func(n int) string { return with("", "", unknown(n)) },
		"members of the subject that no type lists": func(n int) string {
			return strings.Replace(text, `"provider":"Discord"`, unknown(n)+`"provider":"Discord"`, 1)
		},
	}
	for _, width := range []int{1, 200} {
		for _, count := range []int{6, 20, 57} {
			documents[fmt.Sprintf("%d types with names of %d", count, width)] = func(n int) string {
				var types strings.Builder
				for i := range count {
					listed := members(min(n/count, 128), width, func(k int) string { return fmt.Sprint("T", (i+k)%count) })
					fmt.Fprintf(&types, `"T%d":[%s],`, i, listed)
				}
				return with(types.String(), "", "")
			}
		}
	}
	return documents
}

// worst returns, of each kind, the largest credential that is not refused for
// its size.
func worst(tb testing.TB) map[string]string {
	tb.Helper()
	largest := map[string]string{}
	for name, document := range growing(tb) {
		least, most := 0, credential.MaxSize
		for least < most {
			n := (least + most + 1) / 2
			if fits(tb, document(n)) {
				least = n
			} else {
				most = n - 1
			}
		}
		largest[name] = document(least)
	}
	return largest
}

func fits(tb testing.TB, text string) bool {
	tb.Helper()
	err := verify(tb, unbelieving(), []byte(text))
	return reasonOf(tb, err) != credential.ReasonTooLarge && !strings.Contains(err.Error(), "more than")
}

// unbelieving returns a verifier that does everything but the arithmetic.
func unbelieving() *credential.Verifier {
	return &credential.Verifier{Recover: func(*[32]byte, *[65]byte) ([20]byte, error) { return [20]byte{}, nil }}
}

// The work of a verification is bounded, whatever the credential. Memory is
// measured for the work of reading it; typeddata counts that of hashing it.
func TestVerify_WorkIsBounded(t *testing.T) {
	memory := func(text string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = verify(t, unbelieving(), []byte(text))
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const most = 2 << 20
	for _, name := range slices.Sorted(maps.Keys(growing(t))) {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{100, 1000, 10_000, 60_000} {
				text := growing(t)[name](n)
				if len(text) > credential.MaxSize {
					text = text[:credential.MaxSize]
				}
				assert.Less(t, memory(text), uint64(most), "%d", n)
			}
		})
	}
}

func TestParse_ValuesAreBounded(t *testing.T) {
	document := growing(t)["a list of texts"]
	values := strings.Count(document(0), `"`) // more than it has
	require.Equal(t, 1024, credential.MaxValues, "CHANGELOG names it")
	require.Less(t, values, credential.MaxValues)
	assert.True(t, fits(t, document(500)))
	_, err := credential.Parse([]byte(document(credential.MaxValues - values)))
	require.NoError(t, err)
	_, err = credential.Parse([]byte(document(credential.MaxValues)))
	assert.Equal(t, credential.ReasonTooLarge, reasonOf(t, err))
}

// Each is the worst of its kind, without the recovery of the key.
func BenchmarkVerify_Worst(b *testing.B) {
	documents := worst(b)
	documents["as issued"] = string(issued(b, today))
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		b.Run(name, func(b *testing.B) {
			verifier, text := unbelieving(), []byte(documents[name])
			b.ReportAllocs()
			for b.Loop() {
				_ = verify(b, verifier, text)
			}
		})
	}
}
