package shadow_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

// Whatever happens to the comparison, the answer is the primary's.
func TestHandler_SameAnswer(t *testing.T) {
	site := newSite(t)
	wallets := site.people(12)
	release := make(chan struct{})
	planners := map[string]shadow.Planner{
		"a good one": site.planner(),
		"a panic":    planFunc(func(context.Context, int64, string) (*passport.Plan, error) { panic("secret") }),
		"nothing":    planFunc(func(context.Context, int64, string) (*passport.Plan, error) { return nil, nil }),
		"an error":   planFunc(func(context.Context, int64, string) (*passport.Plan, error) { return nil, errors.New("away") }),
		"hangs until its context ends": planFunc(func(ctx context.Context, _ int64, _ string) (*passport.Plan, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}),
		"hangs": planFunc(func(context.Context, int64, string) (*passport.Plan, error) {
			<-release
			return nil, errors.New("late")
		}),
	}
	plain := func(w *httptest.ResponseRecorder) string {
		w.Header().Del("X-Request-ID") // a random one
		return fmt.Sprint(w.Code, w.Header(), w.Body)
	}
	for name, planner := range planners {
		t.Run(name, func(t *testing.T) {
			timeout := 50 * time.Millisecond
			if name == "a good one" {
				timeout = time.Minute
			}
			s := site.shadow(planner, shadow.WithQueue(2), shadow.WithWorkers(1), shadow.WithTimeout(timeout))
			handler := s.Handler(site.primary)
			for _, wallet := range wallets {
				want := plain(site.ask(site.primary, wallet))
				assert.Equal(t, want, plain(site.ask(handler, wallet)))
			}
			if name == "hangs" {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				require.ErrorIs(t, s.Close(ctx), context.DeadlineExceeded)
				assert.GreaterOrEqual(t, s.Verdict().Dropped, uint64(9), "all but the one that hangs, and the queue of 2")
				close(release)
			}
			require.NoError(t, s.Close(t.Context()))
			v := s.Verdict()
			assert.Equal(t, uint64(len(wallets)), v.Agreed+v.Failed+v.Dropped, textOf(v))
			assert.Equal(t, name == "a good one", v.Failed == 0)
			assert.Empty(t, v.Classes)
			assert.NotContains(t, textOf(v), "secret")
		})
	}
}

// A panic of the primary goes through, and its comparison is left out.
func TestHandler_PrimaryPanics(t *testing.T) {
	site := newSite(t)
	s := site.shadow(site.planner())
	handler := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{")
		panic(http.ErrAbortHandler)
	}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { site.ask(handler, site.people(1)[0]) })
	require.NoError(t, s.Close(t.Context()))
	assert.Zero(t, s.Verdict().Compared)
}

// A second look at a primary that hangs or panics ends with the comparison.
func TestHandler_SecondLookHangs(t *testing.T) {
	site := newSite(t)
	wallet := site.people(1)[0]
	for name, again := range map[string]func(ctx context.Context){
		"hangs":  func(ctx context.Context) { <-ctx.Done() },
		"panics": func(context.Context) { panic("again") },
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			s := site.shadow(site.planner(), shadow.WithTimeout(time.Second), shadow.WithWorkers(1))
			handler := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked > 1 {
					again(r.Context())
				}
				_, _ = io.WriteString(w, "{}")
			}))
			assert.Equal(t, "{}", site.ask(handler, wallet).Body.String())
			require.NoError(t, s.Close(t.Context()))
			assert.Equal(t, 2, asked)
			v := s.Verdict()
			assert.Equal(t, uint64(1), v.Count(shadow.Unconfirmed)+v.Failed)
			assert.Zero(t, v.Count(shadow.Real))
		})
	}
}

// The second look has the headers and the values of the first request, though
// that has ended.
func TestHandler_SecondLook(t *testing.T) {
	site := newSite(t)
	wallet := site.people(1)[0]
	type name struct{}
	var seen []string
	s := site.shadow(site.planner())
	handler := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, fmt.Sprintln(r.Context().Value(name{}), r.Header.Get("X-Api-Key") == site.key, r.URL, r.Context().Err()))
		r.Header.Del("X-Api-Key")
		_, _ = io.WriteString(w, "{}")
	}))
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), name{}, "value"))
	handler.ServeHTTP(httptest.NewRecorder(), site.request(wallet).WithContext(ctx))
	cancel()
	require.NoError(t, s.Close(t.Context()))
	want := "value true /v2/stamps/1/score/" + wallet + " <nil>\n"
	assert.Equal(t, []string{want, want}, seen)
	assert.Equal(t, uint64(1), s.Verdict().Count(shadow.Real))
}

// An answer reaches the caller while it is written, and a connection can be
// taken over.
func TestHandler_Streams(t *testing.T) {
	site := newSite(t)
	wallet := site.people(1)[0]
	goOn := make(chan struct{})
	primary := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("how") {
		case "flush":
			_, _ = io.WriteString(w, "first ")
			w.(http.Flusher).Flush()
			<-goOn
			_, _ = io.WriteString(w, "second")
		case "controller":
			controller := http.NewResponseController(w)
			assert.NoError(t, controller.SetWriteDeadline(time.Now().Add(time.Minute)))
			_, _ = io.WriteString(w, "first ")
			assert.NoError(t, controller.Flush())
			<-goOn
			_, _ = io.WriteString(w, "second")
		case "hijack":
			connection, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst ")
				<-goOn
				_, _ = io.WriteString(connection, "second")
				assert.NoError(t, connection.Close())
			}
		}
	})
	s := site.shadow(site.planner(), shadow.WithoutSecondLook())
	handler := s.Handler(primary)
	var serving sync.WaitGroup // for the hijacked one the server does not wait
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Done()
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := server.Client()
	for _, how := range []string{"flush", "controller", "hijack"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v2/stamps/1/score/"+wallet+"?how="+how, nil)
		require.NoError(t, err)
		response, err := client.Do(request)
		require.NoError(t, err)
		reader := bufio.NewReader(response.Body)
		first, err := reader.ReadString(' ')
		require.NoError(t, err)
		assert.Equal(t, "first ", first)
		goOn <- struct{}{}
		rest, err := io.ReadAll(reader)
		require.NoError(t, err)
		assert.Equal(t, "second", string(rest))
		require.NoError(t, response.Body.Close())
	}
	server.Close()
	serving.Wait()
	require.NoError(t, s.Close(t.Context()))
	v := s.Verdict()
	assert.Equal(t, uint64(2), v.Count(shadow.Unconfirmed))
	assert.Equal(t, uint64(1), v.Skipped, "the hijacked one")
}

// Answers that cannot be read are left alone, and other requests go by.
func TestHandler_Skips(t *testing.T) {
	site := newSite(t)
	wallet := site.people(1)[0]
	for name, answer := range map[string]func(w http.ResponseWriter){
		"too large": func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat(" ", 256<<10+1)) },
		"encoded": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "{}")
		},
		"cut off": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{}")
		},
		"about the key": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			s := site.shadow(site.planner())
			site.ask(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) })), wallet)
			require.NoError(t, s.Close(t.Context()))
			assert.Equal(t, uint64(1), s.Verdict().Skipped)
			assert.Zero(t, s.Verdict().Compared)
		})
	}
	s := site.shadow(site.planner())
	handler := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, tapped := w.(*httptest.ResponseRecorder)
		assert.True(t, tapped, "the writer is the server's own")
	}))
	for _, target := range []string{
		"POST /v2/stamps/1/score/" + wallet, "HEAD /v2/stamps/1/score/" + wallet, "GET /v2/stamps/" + wallet, "GET /",
		"GET /v2/stamps/1/score/" + wallet + "/history", "GET /v2/stamps/one/score/" + wallet, "GET /v2/stamps/0/score/" + wallet,
	} {
		method, path, _ := strings.Cut(target, " ")
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil))
	}
	require.NoError(t, s.Close(t.Context()))
	assert.Equal(t, shadow.Verdict{Classes: []shadow.ClassCount{}, Bound: 1}, *s.Verdict())
}

func TestSampling(t *testing.T) {
	site := newSite(t)
	wallet := site.people(1)[0]
	s := site.shadow(site.planner(), shadow.WithSampling(0.3), shadow.WithQueue(1000))
	handler := s.Handler(site.primary)
	for range 1000 {
		site.ask(handler, wallet)
	}
	require.NoError(t, s.Close(t.Context()))
	assert.InDelta(t, 300, s.Verdict().Compared, 90)
	panicking := site.shadow(site.planner(), shadow.WithRoute(func(*http.Request) (int64, string, bool) { panic("route") }))
	assert.Equal(t, http.StatusOK, site.ask(panicking.Handler(site.primary), wallet).Code)
	require.NoError(t, panicking.Close(t.Context()))
}

// Answers that wait when the context ends are dropped, and goroutines end.
func TestWork_ContextEnds(t *testing.T) {
	site := newSite(t)
	planning := make(chan struct{}, 1)
	s := newShadow(t, planFunc(func(ctx context.Context, _ int64, _ string) (*passport.Plan, error) {
		planning <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}), shadow.WithWorkers(1))
	handler := s.Handler(site.primary)
	for _, wallet := range site.people(3) {
		site.ask(handler, wallet)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Work(ctx) }()
	<-planning
	cancel()
	require.NoError(t, <-ended)
	require.NoError(t, s.Flush(t.Context()))
	require.ErrorIs(t, s.Work(t.Context()), shadow.ErrAlreadyRun)
	assert.Equal(t, uint64(1), s.Verdict().Failed)
	assert.Equal(t, uint64(2), s.Verdict().Dropped)
	site.ask(handler, site.people(1)[0])
	assert.Equal(t, uint64(3), s.Verdict().Dropped, "taken after the end")
}

// family is a source of groups in which all wallets belong to one person.
type family []passport.Address

func (f family) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups := make([]passport.Group, len(addresses))
	for i := range groups {
		groups[i].Wallets = f
	}
	return groups, nil
}

// The wallets of a group agree, and another canonical one does not.
func TestHandler_Linked(t *testing.T) {
	members := family{passport.Address(passporttest.Address("1")), passport.Address(passporttest.Address("2"))}
	site := newSite(t, passporttest.Options{passport.WithGroups(members, passport.FailScoring)})
	wallets := site.people(3)[1:]
	s := site.shadow(site.planner())
	handler := s.Handler(site.primary)
	for range 2 {
		for _, wallet := range wallets {
			assert.Contains(t, site.ask(handler, wallet).Body.String(), `"linked_score":{"address":"`+wallets[0])
		}
	}
	require.NoError(t, s.Flush(t.Context()))
	assert.Equal(t, uint64(4), s.Verdict().Agreed, textOf(s.Verdict()))
	site.ask(s.Handler(altered(site.primary, func(_ *http.Request, status int, body []byte) (int, []byte) {
		return status, edited(body, func(a map[string]any) { a["linked_score"].(map[string]any)["address"] = wallets[1] })
	})), wallets[0])
	require.NoError(t, s.Close(t.Context()))
	verdict := s.Verdict()
	require.Equal(t, uint64(1), verdict.Count(shadow.Real))
	assert.Equal(t, map[shadow.Field]uint64{shadow.FieldCanonical: 1}, verdict.Classes[0].Fields)
}
