package equivalence

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

var (
	prefixes = choice[string]{
		[]string{"aaaaaaaa", "bbbbbbbb", "cc"}, []string{"", "a.b", strings.Repeat("ü", 8), strings.Repeat("p", 9), "\x00", "\xff", "'; --"},
	}
	keyIDs = choice[string]{
		[]string{"aaaaaaaa.x", "bbbbbbbb.x", "cc.x"}, []string{"", strings.Repeat("ü", 150), strings.Repeat("k", 151), "\x00", "\xff"},
	}
	scorers = choice[string]{
		[]string{"1", "2", "3", "ext", "é"}, []string{"01", "+1", "1 ", "", "99999999999999999999", "\x00", "\xff", "１"},
	}
	hashes = choice[string]{
		[]string{"sha256$00", "sha256$11"}, []string{"", strings.Repeat("ü", 71), strings.Repeat("h", 72), strings.Repeat("h", 151), "\x00", "\xff"},
	}
)

// drawKey draws a key, without its account.
func drawKey(t *rapid.T) store.Key {
	prefix := prefixes.draw(t, "prefix")
	id := prefix + ".x"
	if oneIn(t, 10, "odd") {
		id = keyIDs.draw(t, "id")
	}
	key := store.Key{
		ID: id, Prefix: prefix, Hash: hashes.draw(t, "hash"),
		Name: names.draw(t, "name"), CreatedAt: moments.draw(t, "created"), ExpiresAt: moments.draw(t, "expires"),
		Revoked: rapid.Bool().Draw(t, "revoked"), RateLimit: choice[string]{[]string{"", "125/15m"}, []string{strings.Repeat("1", 21), "\x00"}}.draw(t, "limit"),
		ReadScores: rapid.Bool().Draw(t, "reads"), Historical: rapid.Bool().Draw(t, "history"),
		SubmitPassports: rapid.Bool().Draw(t, "submits"), CreateScorers: rapid.Bool().Draw(t, "creates"),
	}
	if oneIn(t, 2, "with a SHA-256") {
		key.SHA256 = hashes.draw(t, "SHA-256")
	}
	return key
}

func drawUsage(t *rapid.T) store.Usage {
	optional := func(what string) []byte {
		if oneIn(t, 8, "odd") {
			return oddities.Draw(t, what)
		}
		return rapid.SampledFrom([][]byte{nil, []byte(`{"a": [1, "b"]}`), []byte(`["v2", "stamps"]`), []byte(`"text"`), []byte(` 1.50 `)}).Draw(t, what)
	}
	text := func(what string, most int) string {
		return choice[string]{
			[]string{"", "/v2/stamps"}, []string{"é", strings.Repeat("ü", most), strings.Repeat("x", most+1), "\x00", "\xff"},
		}.draw(t, what)
	}
	return store.Usage{
		KeyID: keyIDs.draw(t, "key"), At: moments.draw(t, "moment"),
		Path: text("path", store.MaxPath), BasePath: text("base path", store.MaxBasePath),
		Segments: optional("segments"), Query: optional("query"), Headers: optional("headers"), Payload: optional("payload"),
		Response: optional("response"), ResponseSkipped: rapid.Bool().Draw(t, "skipped"),
		Status: choice[int]{[]int{0, 200, 404}, []int{-1, 999, 1000}}.draw(t, "status"),
		Error:  text("error", store.MaxUsageError),
	}
}
