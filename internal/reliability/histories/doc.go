// Package histories checks what clients see who score, replace, revoke and let
// expire at the same time.
//
// A [Plan] is made of a seed: three to six clients with five to eight steps each,
// over two or three wallets that want the same two or three nullifiers in two
// communities, while the clock jumps to the moments at which credentials expire,
// one microsecond before them and one after. Some scorings are cancelled, and
// the answers of some are lost. [Run] carries it out on a [Subject] (a store, and
// the way in which a host uses it) and writes down each call and each answer.
// [History.Check] then asks whether there is an order, one operation after the
// other, each between its call and its return, that explains every answer. The
// search is porcupine's; the rules are in three models:
//
//   - A nullifier in a community (claims.go) is free, or somebody's until a
//     moment. What counts was free, expired, or the wallet's own, and is the
//     wallet's until the last of its credentials expires. What does not count was
//     another's, until a moment that is told; and what else its credential lists,
//     if it is free or expired, goes to the owner of the clash for as long. A live
//     claim never changes hands.
//   - A wallet (wallet.go) has credentials and, in each community, a last score. A
//     scoring sees a set of credentials that the wallet has at one moment, and its
//     score never takes the place of one that was made of later credentials.
//   - A key (points.go), the human points award for a provider, is given once,
//     and exactly one scoring says that it has earned it.
//
// A scoring that failed has changed nothing. One whose outcome is unknown did
// all of its work or nothing, at any time since. Previews and lists are operations
// like the others.
//
// When all clients are done, and again in the end, the rows themselves are read.
// They are one more operation of each model; and by themselves they must hold
// together: one holder for a nullifier, claims that each last score stands on,
// stamps and last event of that score, one event for each scoring that is done
// and for each credential that was lost, a host's own row if and only if its
// scoring is there. In between, with nobody in the way, each wallet is scored: no
// race is then to be lost.
//
// What is not promised: that one order explains all nullifiers of a scoring
// together. A scoring reads at one moment and writes at a later one; what it found
// to be another's is only known to be the same owner's when it writes. Each
// nullifier has its order, each wallet has.
//
// # Running it
//
// Out of 300 histories (the default, which CI runs) 60 are on memstore one
// client at a time in an order that the seed decides, 15 on memstore all at once,
// and 45 each on pgstore: used directly, in transactions of a host at READ
// COMMITTED, REPEATABLE READ and SERIALIZABLE that are begun again when the
// database finds that they collided, and all of that mixed.
//
//	go test ./histories -v -run TestHistories
//	go test ./histories -v -run TestHistories -timeout 3h -args -histories 10000
//	go test ./histories -run TestHistories/memstore_in_turns -args -histories 1 -seed 17
//
// A failure tells the seed, the whole history and how to run its plan again; with
// -picture it leaves a picture of the nullifier that has no order. On memstore in
// turns the same seed is the same history; elsewhere it is the same plan.
//
// The checker is checked by broken stores (bugs_test.go), each with one thing
// wrong, each of which must be caught by that part of the checker which is there
// for it; and by a count of what the histories meet ([Everything]).
//
//	go test ./histories -v -run TestTheChecker
//	go test ./histories -v -run TestTheHistoriesMeetEverything
//
// docs/history.html is a picture of a checked history:
//
//	go test ./histories -run TestPicture -args -seed 227 -picture ../../../docs/history.html
package histories
