package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/internal/environment"
	"github.com/passport-sdk/passport-go/pgstore"
)

// Function is the handler of a server without a listener, for a process that is
// handed its requests and is frozen between them.
type Function struct {
	Handler http.Handler
	// Flush writes the usages that were recorded.
	Flush  func(context.Context) error
	Logger *slog.Logger
}

// OpenFunction reads the configuration, which must have a database, and opens a
// connection to it, so that the first request has one. It does not look at the
// tables, as Run does: each start of a process would take longer. A database
// that is out of reach is logged, and left to the requests.
func OpenFunction(
	ctx context.Context, getenv environment.Getenv, logTo io.Writer, configure ...func(*pgxpool.Config),
) (*Function, error) {
	c, err := environment.ReadServer(ctx, getenv, configure...)
	if err != nil {
		return nil, err
	}
	if c.Pool == nil {
		return nil, fmt.Errorf("%w:\nPASSPORT_DATABASE_URL: it is not set", environment.ErrInvalid)
	}
	logger := slog.New(slog.NewJSONHandler(logTo, nil))
	var connecting sync.WaitGroup
	connecting.Go(func() {
		if err := pgstore.Ready(ctx, c.Pool); err != nil {
			logger.WarnContext(ctx, "the database does not answer yet", "error", err)
		}
	})
	s, err := assemble(c, onPool(c), logger)
	connecting.Wait()
	if err != nil {
		c.Close()
		return nil, err
	}
	return &Function{s.handler, s.usage.Flush, logger}, nil
}
