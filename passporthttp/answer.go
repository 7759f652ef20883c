package passporthttp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// answer is what an endpoint has to say.
type answer struct {
	status int
	// body is marshalled, unless it is JSON already ([]byte); nil for none.
	body any
	// private says that the body holds parts of credentials, which are not
	// recorded as a use.
	private bool
	// err is the cause, which only the log is told.
	err error
}

// answered is an answer that has been put into bytes.
type answered struct {
	status  int
	body    []byte
	private bool
	err     error
	// told is the sentence of a refusal.
	told string
	// unsent tells why the caller did not get it.
	unsent error
}

// refusal is the body of whatever is no success.
type refusal struct {
	Detail any `json:"detail"`
}

// detail refuses with a sentence.
func detail(status int, sentence string) answer {
	return answer{status: status, body: refusal{sentence}}
}

// invalid is one thing that is wrong with a parameter, as the service tells it.
type invalid struct {
	Type string   `json:"type"`
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
}

func unprocessable(fault invalid) answer {
	return answer{status: http.StatusUnprocessableEntity, body: refusal{[]invalid{fault}}}
}

func notAnInteger(where ...string) answer {
	return unprocessable(invalid{
		Type: "int_parsing", Loc: where, Msg: "Input should be a valid integer, unable to parse string as an integer",
	})
}

func notABoolean(where ...string) answer {
	return unprocessable(invalid{
		Type: "bool_parsing", Loc: where, Msg: "Input should be a valid boolean, unable to interpret input",
	})
}

func missing(where ...string) answer {
	return unprocessable(invalid{Type: "missing", Loc: where, Msg: "Field required"})
}

func invalidAddress() answer { return detail(http.StatusBadRequest, "Invalid address.") }

// failed answers a failure that is not the caller's: with 503 where the same
// request may well succeed later.
func failed(err error) answer {
	again := []store.Kind{store.KindUnavailable, store.KindConflict, store.KindUnknownOutcome, store.KindDeadline, store.KindCanceled}
	if slices.Contains(again, store.KindOf(err)) {
		return unavailable(err)
	}
	a := detail(http.StatusInternalServerError, "Internal server error.")
	a.err = err
	return a
}

func unavailable(err error) answer {
	a := detail(http.StatusServiceUnavailable, "Service unavailable, try again.")
	a.err = err
	return a
}

// contain asks the endpoint, and makes of a panic an answer like any other.
func contain(ctx context.Context, c *call, e endpoint) (given answered) {
	defer func() {
		if thrown := recover(); thrown != nil {
			given = encode(failed(fmt.Errorf("panic: %v\n%s", thrown, debug.Stack())))
		}
	}()
	given = encode(e(ctx, c))
	if given.status == http.StatusServiceUnavailable {
		c.reply.Set("Retry-After", "1")
	}
	return given
}

func encode(a answer) answered {
	given := answered{status: a.status, private: a.private, err: a.err}
	if r, refused := a.body.(refusal); refused {
		given.told, _ = r.Detail.(string)
	}
	switch body := a.body.(type) {
	case nil:
	case []byte:
		given.body = body
	default:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(body); err != nil {
			return encode(failed(fmt.Errorf("writing the answer: %w", err)))
		}
		given.body = bytes.TrimRight(text.Bytes(), "\n")
	}
	return given
}
