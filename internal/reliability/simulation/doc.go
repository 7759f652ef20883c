// Package simulation plays the engine in small random worlds, in which
// everything goes wrong that may go wrong by the contract of stores, and
// compares the content of the store with a model.
//
// A world is drawn from a seed: wallets that share accounts, communities with
// weights, customizations and human points, credentials of every kind. Several
// clients score, preview, add, replace, delete and revoke credentials and
// change the communities, all at once, while answers are late or lost, stores
// unavailable, commits in doubt, contexts ended, and the clock jumps. All of it
// happens in a testing/synctest bubble, where waiting costs nothing.
//
// A run is a function of its seed alone: a client works only at times that
// belong to it, so of all clients one works at a time, in the order of their
// waits, and the waits are drawn from the seed.
//
// Three things are checked. A model of the service, written as plainly as
// possible, says what each scoring must decide. Every answer must agree with
// what was written: all of it, nothing, or unknown. And whenever no client is
// at work the content must equal the model's, and keep the invariants by itself
// (package invariants).
//
//	go test ./simulation                                # 2,000 seeds
//	go test ./simulation -timeout 4h -args -seeds 100000
//	go test ./simulation -run TestSimulation -v -args -seed 1234   # one, step by step
package simulation
