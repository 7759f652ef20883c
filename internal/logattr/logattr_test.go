package logattr_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/store"
)

// line returns what a handler makes of the attribute.
func line(a slog.Attr, handler func(*bytes.Buffer, *slog.HandlerOptions) slog.Handler) string {
	var out bytes.Buffer
	options := slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}}
	slog.New(handler(&out, &options)).Info("", a)
	return out.String()
}

func inText(out *bytes.Buffer, options *slog.HandlerOptions) slog.Handler {
	return slog.NewTextHandler(out, options)
}

func inJSON(out *bytes.Buffer, options *slog.HandlerOptions) slog.Handler {
	return slog.NewJSONHandler(out, options)
}

func TestError(t *testing.T) {
	failed := fmt.Errorf("applying: %w", &store.Error{Op: "upsert_score", Kind: store.ErrConflict, SQLState: "40001", Cause: errors.New("a race")})
	assert.JSONEq(t, `{"kind": "conflict", "store_operation": "upsert_score", "sqlstate": "40001",
		"error": "applying: upsert_score: conflict (SQLSTATE 40001): a race"}`, line(logattr.Error(failed), inJSON))
	assert.Equal(t, "kind=conflict store_operation=upsert_score sqlstate=40001\n", line(logattr.Cause(failed), inText))
	assert.Equal(t, "kind=read_only store_operation=connect\n", line(logattr.Cause(&store.Error{Op: "connect", Kind: store.ErrReadOnly}), inText))
	assert.Equal(t, "kind=internal error=\"not ours\"\n", line(logattr.Error(errors.New("not ours")), inText))
}

func TestDuration(t *testing.T) {
	for took, want := range map[time.Duration]string{
		0: "0", 1234567: "1.234", 3 * time.Second: "3000", 90 * time.Microsecond: "0.09",
	} {
		assert.Equal(t, "duration_ms="+want+"\n", line(logattr.Duration(took), inText))
		assert.JSONEq(t, `{"duration_ms": `+want+`}`, line(logattr.Duration(took), inJSON))
	}
}
