package server

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/demo"
	"github.com/passport-sdk/passport-go/internal/environment"
	"github.com/passport-sdk/passport-go/memstore"
)

// openDemo returns the world of the quickstart, in memory, and adds its issuer
// to the configuration.
func openDemo(ctx context.Context, c *environment.Server) (*opened, error) {
	mem := memstore.New()
	account, err := mem.PutAccount(ctx, "demo")
	if err != nil {
		return nil, err
	}
	community := demo.Community(account)
	community.HumanPoints = c.HumanPoints
	if err := mem.PutCommunity(ctx, community); err != nil {
		return nil, err
	}
	issuer, err := demo.Fill(ctx, mem)
	if err != nil {
		return nil, err
	}
	c.Issuers = append(c.Issuers, issuer)
	ready := func(context.Context) error { return nil }
	return &opened{db: mem, ready: ready, close: func() {}, demo: true, account: account}, nil
}

// invite prints how to try the demo, with a key of its own.
func invite(ctx context.Context, out io.Writer, keys *apikey.Registry, params apikey.KeyParams, addr net.Addr) error {
	secret, _, err := keys.Create(ctx, params)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "in memory, gone when it ends; try:\n  curl -H 'X-API-Key: %s' http://%s/v2/stamps/%d/score/%s\n",
		secret, addr, demo.Community(0).ID, demo.Alice)
	return err
}
