package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func TestNullifiers(t *testing.T) {
	const alice store.Address = "0x4902f60229f5138a92daec0bf6afa7b0424c451d"
	about := func(id, rest string) string {
		return fmt.Sprintf(`{"credentialSubject": {"id": %q, "provider": "Google"%s}}`, id, rest)
	}
	own := func(rest string) string { return about(alice.DID(), rest) }
	list := func(n int) string { return `, "nullifiers": [` + strings.Repeat(`"a",`, n-1) + `"a"]` }
	for name, c := range map[string]struct {
		document string
		want     []string
	}{
		"no document":         {"", nil},
		"no subject":          {`{}`, nil},
		"none":                {own(""), nil},
		"a list":              {own(`, "nullifiers": ["a", "b"]`), []string{"a", "b"}},
		"a hash":              {own(`, "hash": "h"`), []string{"h"}},
		"both":                {own(`, "nullifiers": ["a"], "hash": "h"`), []string{"a", "h"}},
		"other values":        {own(`, "nullifiers": ["a", null, 1, ["b"], {}, ""], "hash": null`), []string{"a", ""}},
		"no list":             {own(`, "nullifiers": "a", "hash": "h"`), []string{"h"}},
		"the most":            {own(list(store.MaxNullifiers)), strings.Split(strings.Repeat("a", store.MaxNullifiers), "")},
		"too many":            {own(list(store.MaxNullifiers + 1)), nil},
		"other case":          {about(strings.ToUpper(alice.DID()), `, "hash": "h"`), []string{"h"}},
		"a letter that folds": {about(strings.Replace(alice.DID(), "k", "\u212a", 1), `, "hash": "h"`), nil},
		"another address":     {about(alice.DID()[:len(alice.DID())-1]+"0", `, "hash": "h"`), nil},
		"other member":        {strings.Replace(own(`, "hash": "h"`), "credentialSubject", "CREDENTIALSUBJECT", 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, store.Nullifiers(alice, "Google", []byte(c.document)))
			assert.Nil(t, store.Nullifiers(alice, "Github", []byte(c.document)), "another provider")
		})
	}
}

func TestAddress_Valid(t *testing.T) {
	const digits = "4902f60229f5138a92daec0bf6afa7b0424c451d"
	assert.True(t, store.Address("0x"+digits).Valid())
	for i := range digits {
		assert.False(t, store.Address("0x"+digits[:i]+"g"+digits[i+1:]).Valid(), "%d", i)
	}
	for _, a := range []store.Address{"", "0x", "4902", "0x0" + digits, "0X" + digits} {
		assert.False(t, a.Valid(), "%q", a)
	}
}
