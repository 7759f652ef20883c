package pgstore

import "context"

// executor runs statements on whatever the host has: a pool, or a transaction
// of its own. The errors are those of package store, or the context's.
type executor interface {
	// read runs one statement that changes nothing.
	read(ctx context.Context, c call) error
	// write runs the statements in order, all of them or none.
	write(ctx context.Context, calls []call) error
}

// commit names what comes after the last statement of a write.
var commit = statement{name: "commit"}

// begin names what comes before the first.
var begin = statement{name: "begin"}

// connect names what comes before anything is sent.
var connect = statement{name: "connect"}
