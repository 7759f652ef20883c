// Passport operates a database of the SDK, or of the Django service: its
// tables, communities and API keys, imports of credentials, scores of one
// wallet or of all, and the HTTP server.
//
//	go -C cmd/passport run . --help
//
// docs/command.md shows its use. It has no logic of its own: a host can do all
// of it with the packages of the SDK.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
