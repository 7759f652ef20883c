package shadow_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

var comparisons = flag.Int("comparisons", 1000, "the comparisons of TestRaces")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a world whose scores passporthttp serves.
type site struct {
	*passporttest.World

	t       testing.TB
	primary http.Handler
	key     string
}

func newSite(t testing.TB, options ...passporttest.WorldOption) *site {
	t.Helper()
	weights := passporttest.Weights{"Google": "1.5", "Github": "2", "Discord": "0.25"}
	s := &site{t: t, World: passporttest.NewWorld(t, append(options, weights, passporttest.Threshold("2"))...)}
	keys, err := apikey.New(s.Store)
	require.NoError(t, err)
	s.key, _, err = keys.Create(t.Context(), apikey.KeyParams{
		Account: s.Store.State().Communities[0].Account, ReadScores: true, Unlimited: true,
	})
	require.NoError(t, err)
	s.primary, err = passporthttp.New(s.Engine, s.Store, passporthttp.WithKeys(keys))
	require.NoError(t, err)
	return s
}

// people returns wallets with one to three stamps. Some have an account that
// another one has too.
func (s *site) people(n int) []string {
	wallets := make([]string, n)
	for i := range wallets {
		wallets[i] = passporttest.Address(strconv.Itoa(i))
		for k, provider := range []string{"Google", "Github", "Discord"}[:1+i%3] {
			account := strconv.Itoa(i)
			if i%7 == 0 {
				account = fmt.Sprint("shared", i/14)
			}
			until := s.Clock.Now().Add(time.Duration(30*24*(k+1)) * time.Hour)
			s.Stamp(wallets[i], provider, account, passporttest.ExpiresAt(until))
		}
	}
	return wallets
}

func (s *site) planner() *passport.Planner {
	s.t.Helper()
	planner, err := s.Engine.Planner()
	require.NoError(s.t, err)
	return planner
}

// shadow returns a shadow that works until the test ends.
func (s *site) shadow(planner shadow.Planner, options ...shadow.Option) *shadow.Shadow {
	s.t.Helper()
	shadowed, err := shadow.New(planner, options...)
	require.NoError(s.t, err)
	ended := make(chan error, 1)
	go func() { ended <- shadowed.Work(s.t.Context()) }()
	s.t.Cleanup(func() { require.NoError(s.t, <-ended) })
	return shadowed
}

func (s *site) request(wallet string) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/v2/stamps/1/score/"+wallet, nil)
	r.Header.Set("X-Api-Key", s.key)
	return r
}

func (s *site) ask(h http.Handler, wallet string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, s.request(wallet))
	return w
}

// altered answers as the primary does, with its body as the function makes it,
// which may change the status too.
func altered(primary http.Handler, alter func(r *http.Request, status int, body []byte) (int, []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		primary.ServeHTTP(answer, r)
		status, body := alter(r, answer.Code, answer.Body.Bytes())
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

// edited returns the answer after the function has edited it.
func edited(body []byte, edit func(answer map[string]any)) []byte {
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		panic(err)
	}
	edit(answer)
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return text
}
