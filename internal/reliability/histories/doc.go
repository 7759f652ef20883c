// Package histories checks the answers that clients get who score, replace,
// revoke and let expire at the same time.
//
// A [Plan] is made of a seed: three to six clients with five to eight steps
// each, over two or three wallets that want the same two or three nullifiers in
// two communities, while the clock jumps to the times at which credentials
// expire, one microsecond before them and one after. Some scorings are
// cancelled, and the answers of some are lost. [Run] carries it out on a
// [Subject] (a store, and the way in which a host uses it) and writes down each
// call and each answer. [History.Check] then asks whether there is an order,
// one operation after the other, each between its call and its return, that
// explains every answer. The search is porcupine's; the rules are in three
// models:
//
//   - A nullifier in a community (claims.go) is free, or a wallet's until a
//     time. If a credential counts, its nullifiers were free, expired, or the
//     wallet's own, and are the wallet's until the last of its credentials
//     expires. If it does not, one of them was another's, until a time that the
//     answer has; and its others, if they are free or expired, go to the owner
//     of the clash for as long. A live claim never changes hands.
//   - A wallet (wallet.go) has credentials and, in each community, a last
//     score. A scoring sees a set of credentials that the wallet has at one
//     time, and its score never replaces one that was made of later
//     credentials.
//   - A key (points.go), the human points award for a provider, is given once,
//     and exactly one scoring returns that it has earned it.
//
// A scoring that failed has changed nothing. One whose outcome is unknown did
// all of its work or nothing, at any time since. Previews and lists are
// operations like the others.
//
// When all clients are done, and again in the end, the content itself is read.
// It is one more operation of each model; and by itself it must keep the
// invariants (package invariants), have one event for each scoring that is done
// and for each credential that was lost, claims on which the deduplicated
// credentials rest, and a host's own row if and only if its scoring is there.
// In between, each wallet is scored alone, when no race can be lost.
//
// It is not promised that one order explains all nullifiers of a scoring
// together: a scoring reads at one time and writes at a later one. Each
// nullifier has its order, each wallet has.
//
// # Running it
//
// Out of 300 histories (the default, which CI runs) 60 are on memstore one
// client at a time in an order that the seed decides, 15 on memstore all at
// once, and 45 each on pgstore: used directly, in transactions of a host at
// READ COMMITTED, REPEATABLE READ and SERIALIZABLE that are begun again when
// the database finds that they collided, and all of that mixed.
//
//	go test ./histories -v -run TestHistories
//	go test ./histories -v -run TestHistories -timeout 3h -args -histories 10000
//	go test ./histories -run TestHistories/memstore_in_turns -args -histories 1 -seed 17
//
// A failure prints the seed, the whole history and how to run its plan again;
// with -picture it leaves a picture of the nullifier that has no order. On
// memstore in turns the same seed is the same history; elsewhere it is the same
// plan.
//
// The checker is checked by broken stores (bugs_test.go), each with one fault,
// each of which must be caught by the part of the checker which is there for
// it; and by a count of the situations in the histories ([Everything]).
//
//	go test ./histories -v -run TestCheck
//	go test ./histories -v -run TestMet
//
// # Linked wallets
//
// A linked plan ([NewLinkedPlan]) has five wallets, in groups that change, and
// a stranger who wants the same nullifiers; [RunLinked] carries it out. While
// no two clients are at work at once, as in the end, the content is read around
// each Load and each Apply.
// [LinkedHistory.Check] then compares each answer with the content that it was
// made of (the canonical wallet is that of the oldest live claim; a stamp
// counts if the wallet has its nullifiers; of each provider the first wallet's
// counts) and with the rows that it left, and the invariants must hold after
// each write. Its broken stores are in linkedbugs_test.go.
//
//	go test ./histories -v -run TestLinkedHistories
//	go test ./histories -v -run 'TestLinkedHistories$' -timeout 3h -args -histories 5000
//
// To draw a picture of a checked history:
//
//	go test ./histories -run TestPicture -args -seed 227 -picture /tmp/history.html
package histories
