package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/examples/internal/demo"
	"github.com/passport-sdk/passport-go/memstore"
)

// openDemo returns the world of the quickstart, in memory.
func openDemo(ctx context.Context, c *config) (*opened, error) {
	mem := memstore.New()
	account, err := mem.PutAccount(ctx, "demo")
	if err != nil {
		return nil, err
	}
	community := demo.Community(account)
	community.HumanPoints = c.humanPoints
	if err := mem.PutCommunity(ctx, community); err != nil {
		return nil, err
	}
	issuer, err := demo.Fill(ctx, mem)
	if err != nil {
		return nil, err
	}
	ready := func(context.Context) error { return nil }
	return &opened{
		db: mem, issuers: append(c.issuers, issuer), ready: ready, close: func() {}, demo: true, account: account,
	}, nil
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
