package main

import (
	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/internal/server"
)

func (p *program) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve scores over HTTP",
		Long: `Serve serves scores over HTTP, by the contract of the Django service. Without
a database it runs in memory, with a small world and a key to try it with.

It ends with 0 on SIGTERM or an interrupt, once the open requests are answered;
the second signal ends it at once.`,
		Example: `  passport serve                                       # in memory
  PASSPORT_DATABASE_URL=postgres://… passport serve --addr :8080 --rate-limit off`,
		Args: cobra.NoArgs,
		RunE: p.do(func(cmd *cobra.Command, _ []string) error {
			return server.Run(cmd.Context(), p.environment(cmd), p.stdout, p.stderr)
		}),
	}
	addSettings(cmd, append(
		engineSettings(),
		setting{"PASSPORT_ADDR", "the `host:port` to listen on (default 127.0.0.1:8080)"},
		setting{"PASSPORT_PUBLIC_URL", "the beginning of links, such as `https://api.example.org`"},
		setting{"PASSPORT_POINTS_DATA", "answer points_data, `on or off` (default off)"},
		setting{"PASSPORT_LEFT_OUT", "answer the stamps that are not valid, `on or off` (default off)"},
		setting{"PASSPORT_METADATA", "a JSON `file`, the answer to GET /v2/stamps/metadata"},
		setting{"PASSPORT_RATE_LIMIT", "count the calls of each key, `on or off` (default on)"},
		setting{"PASSPORT_SHARED_RATE_LIMITS", "count them in the database, for all servers on it, `on or off` (default off)"},
		setting{"PASSPORT_USAGE", "record the calls of each key, `on or off` (default off)"},
		setting{"PASSPORT_INGESTION", "accept credentials, `on or off` (default off)"},
		setting{"PASSPORT_REPLICA_URL", "a replica of the database, for reads that may lag by up to 5 seconds"},
		setting{"PASSPORT_REPLICA_LOADS", "the first read of each scoring, too, `on or off` (default off)"},
		setting{"PASSPORT_MIGRATE", "create missing tables at the start, `on or off` (default off)"},
	))
	return cmd
}
