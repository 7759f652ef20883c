// Package simulation plays the engine in small random worlds, in which
// everything goes wrong that a store may do wrong by its contract, and compares
// what the store's rows then hold with what they must hold.
//
// A world is drawn from a seed: wallets that share accounts, communities with
// weights, overlays and human points, credentials of every kind. Several
// clients score, preview, add, replace, delete and revoke credentials and change
// the communities, all at once, while answers are late or lost, stores
// unavailable, commits in doubt, contexts ended, and the clock jumps. All of
// it happens in a testing/synctest bubble, where waiting costs nothing.
//
// A run is a function of its seed alone. Goroutines are, but their order is not
// left to chance: a client works only at moments that belong to it, so of all
// clients one works at a time, in the order that their waits give; and the waits
// are drawn from the seed.
//
// Three things watch over it. A model of the service, written as plainly as it
// goes, says what each scoring must decide. Whatever the caller is told must be
// what happened: written, not written, or unknown. And whenever all is quiet the
// rows must equal the model's, and keep by themselves what the SDK promises: one
// holder per nullifier, nothing counted twice, nothing awarded twice, scores that
// are the sums of their stamps.
//
//	go test ./simulation                                # 2,000 seeds
//	go test ./simulation -timeout 4h -args -seeds 100000
//	go test ./simulation -run TestSimulation -v -args -seed 1234   # one, step by step
package simulation
