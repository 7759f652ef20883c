package limits_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var (
	alice = store.Address(passporttest.Address("alice"))
	bob   = store.Address(passporttest.Address("bob"))
)

// A wallet of 10 000 credentials is scored, and scored again; as many count as
// a store reads, one more is left out with a reason, and all are listed.
func TestScore_ManyCredentials(t *testing.T) {
	const n = 10_000
	onBoth(t, func(w *world) {
		weights := map[string]string{}
		var stamps []store.CredentialInput
		for i := range n {
			provider := fmt.Sprint("Provider", i)
			weights[provider] = "0.5"
			stamps = append(stamps, w.stamp(alice, provider, "account"))
		}
		w.community(t.Context(), store.Community{Weights: marshal(t, weights), HumanPoints: true})
		w.within(2048, "adding", func(ctx context.Context) {
			require.NoError(t, w.AddCredentials(ctx, alice, stamps...))
		})
		for _, what := range []string{"scoring", "scoring again"} {
			w.within(4096, what, func(ctx context.Context) {
				result, err := w.engine.Score(ctx, 1, string(alice))
				require.NoError(t, err)
				assert.Equal(t, "500.0", result.Score.String())
				require.Len(t, result.Stamps, store.MaxCredentials+1)
				leftOut := slices.IndexFunc(result.Stamps, func(s passport.Stamp) bool { return s.Outcome != passport.Counted })
				require.GreaterOrEqual(t, leftOut, 0)
				assert.Equal(t, passport.ReasonTooManyCredentials, result.Stamps[leftOut].Reason)
			})
		}
		w.within(512, "reading all pages", func(ctx context.Context) {
			read, page := 0, store.Page{Limit: store.MaxPage}
			for more := true; more; {
				listed, err := w.ListCredentials(ctx, alice, page)
				require.NoError(t, err)
				require.LessOrEqual(t, len(listed.Credentials), store.MaxPage)
				read += len(listed.Credentials)
				page.Before, more = listed.Credentials[len(listed.Credentials)-1].ID, listed.Older
			}
			assert.Equal(t, n, read)
		})
	})
}

func TestPage_Limit(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, limit := range []int{math.MinInt, -1, 0, store.MaxPage + 1, math.MaxInt} {
			_, err := w.ListCredentials(t.Context(), alice, store.Page{Limit: limit})
			require.ErrorIs(t, err, store.ErrInvalid)
			_, err = w.ListEvents(t.Context(), 1, alice, store.Page{Limit: limit})
			require.ErrorIs(t, err, store.ErrInvalid)
		}
	})
}

// A credential beyond its size is not taken in; one of the greatest size of a
// store is left out with a reason, and the others count.
func TestScore_LargeCredential(t *testing.T) {
	for _, size := range []int{credential.MaxSize + 1, megabyte, 64 * megabyte} {
		_, err := passport.ReadCredential([]byte(`{"x":"` + strings.Repeat("y", size-len(`{"x":""}`)) + `"}`))
		var refused *credential.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, credential.ReasonTooLarge, refused.Reason)
		assert.Less(t, len(err.Error()), 200)
	}
	onBoth(t, func(w *world) {
		w.community(t.Context(), store.Community{Weights: []byte(`{"Google": "1.5", "Large": "9"}`)})
		large := func(size int) store.CredentialInput {
			stamp := []byte(`{"credentialSubject":{"provider":"Large"},"x":"` + strings.Repeat("y", size) + `"}`)
			return store.CredentialInput{Provider: "Large", Document: stamp}
		}
		require.ErrorIs(t, w.AddCredentials(t.Context(), alice, large(store.MaxDocumentBytes)), store.ErrInvalid)
		require.NoError(t, w.AddCredentials(t.Context(), alice, w.stamp(alice, "Google", "account"), large(store.MaxDocumentBytes-100)))
		w.within(64, "scoring", func(ctx context.Context) {
			result, err := w.engine.Score(ctx, 1, string(alice))
			require.NoError(t, err)
			assert.Equal(t, "1.5", result.Score.String())
			require.Len(t, result.Stamps, 2)
			assert.Equal(t, passport.LeftOut, result.Stamps[1].Outcome)
			assert.Equal(t, credential.ReasonTooLarge, result.Stamps[1].Reason)
			assert.Less(t, len(result.Stamps[1].Why), 200)
		})
	})
}

// A community of 100 000 weights.
func TestScore_ManyWeights(t *testing.T) {
	onBoth(t, func(w *world) {
		weights := map[string]string{"Google": "1.5"}
		for i := range 100_000 {
			weights[fmt.Sprint("Provider", i)] = "0.5"
		}
		w.within(512, "putting", func(ctx context.Context) {
			w.community(ctx, store.Community{Weights: marshal(t, weights)})
		})
		require.NoError(t, w.AddCredentials(t.Context(), alice, w.stamp(alice, "Google", "account")))
		w.within(512, "scoring", func(ctx context.Context) {
			result, err := w.engine.Score(ctx, 1, string(alice))
			require.NoError(t, err)
			assert.Equal(t, "1.5", result.Score.String())
		})
	})
}

// A customization of 100 000 weights, half of them of address lists.
func TestScore_LargeCustomization(t *testing.T) {
	onBoth(t, func(w *world) {
		customization := map[string]string{"Google": "2.5"}
		for i := range 50_000 {
			customization[fmt.Sprint("custom", i)] = "1"
			customization[fmt.Sprint(store.AllowListPrefix, "list", i)] = "1"
		}
		w.within(1024, "putting", func(ctx context.Context) {
			w.community(ctx, store.Community{Weights: []byte(`{"Google": "1.5"}`), Customization: customization})
		})
		require.NoError(t, w.AddCredentials(t.Context(), alice, w.stamp(alice, "Google", "account")))
		w.within(512, "scoring", func(ctx context.Context) {
			result, err := w.engine.Score(ctx, 1, string(alice))
			require.NoError(t, err)
			assert.Equal(t, "2.5000", result.Score.String(), "with the scale of the column")
		})
		for provider := range customization {
			customization[provider] = "no number"
		}
		w.within(512, "refusing", func(ctx context.Context) {
			err := w.PutCommunity(ctx, store.Community{ID: 2, Name: "Two", Threshold: "1", Weights: []byte(`{}`), Customization: customization})
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.Less(t, len(err.Error()), 10_000)
		})
	})
}

// As many nullifiers as the credentials of a wallet may list: all are claimed
// by one wallet, and the next finds all of them claimed.
func TestScore_ManyNullifiers(t *testing.T) {
	const stamps, each = 100, store.MaxNullifiers
	onBoth(t, func(w *world) {
		weights := map[string]string{}
		for i := range stamps {
			provider := fmt.Sprintf("Provider%03d", i)
			weights[provider] = "1"
			nullifiers := make([]string, each)
			for k := range nullifiers {
				nullifiers[k] = fmt.Sprint(i, "-", k)
			}
			for _, address := range []store.Address{alice, bob} {
				stamp := w.stamp(address, provider, "", passporttest.Nullifiers(nullifiers...))
				require.NoError(t, w.AddCredentials(t.Context(), address, stamp))
			}
		}
		w.community(t.Context(), store.Community{Weights: marshal(t, weights)})
		w.within(1024, "claiming", func(ctx context.Context) { w.scoresAll(ctx, alice, stamps, passport.Counted) })
		w.within(1024, "finding them claimed", func(ctx context.Context) { w.scoresAll(ctx, bob, stamps, passport.Deduplicated) })
		claims, err := w.ListClaims(t.Context(), 1, alice)
		require.NoError(t, err)
		assert.Len(t, claims, stamps*each)
	})
}

// scoresAll scores, and demands that all stamps have the outcome.
func (w *world) scoresAll(ctx context.Context, address store.Address, stamps int, want passport.Outcome) {
	w.t.Helper()
	result, err := w.engine.Score(ctx, 1, string(address))
	require.NoError(w.t, err)
	require.Len(w.t, result.Stamps, stamps)
	for _, stamp := range result.Stamps {
		assert.Equal(w.t, want, stamp.Outcome)
	}
}

func TestPutAddressList_Many(t *testing.T) {
	onBoth(t, func(w *world) {
		addresses := make([]store.Address, 200_000)
		for i := range addresses {
			addresses[i] = store.Address(fmt.Sprintf("0x%040x", i))
		}
		w.within(512, "putting", func(ctx context.Context) {
			require.NoError(t, w.PutAddressList(ctx, "list", addresses...))
		})
	})
}

func TestScore_LongAddress(t *testing.T) {
	onBoth(t, func(w *world) {
		_, err := w.engine.Score(t.Context(), 1, "0x"+strings.Repeat("a", megabyte))
		require.ErrorIs(t, err, passport.ErrInvalidAddress)
		assert.Less(t, len(err.Error()), 200)
	})
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	document, err := json.Marshal(v)
	require.NoError(t, err)
	return document
}
