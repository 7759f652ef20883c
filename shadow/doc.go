// Package shadow compares the decisions of a scoring service that is in use,
// the primary, with those of this SDK, before a host switches.
//
// [Shadow.Handler] stands before the primary, which is asked as ever and whose
// answer is always the one that is served. Behind it [Shadow.Work] plans the
// same scoring on the SDK's store, writes nothing, and compares. [Shadow.Run]
// does the same offline for a list of addresses, which it asks a [Source] for:
// [FromClient] is that of a service. [Shadow.Verdict] counts the differences by
// class, and bounds how many there may be in all. A [Verdict] is also a text, a
// page, and the state after which a later run goes on.
//
// Decisions are compared, not texts: order of members, white space, trailing
// zeros, numbers as strings, forms of times and the case of addresses are no
// differences. A difference is only [Real] if the primary repeats it in a
// second answer between two plans that are equal, on the same credentials; see
// [WithoutSecondLook].
//
// For that both sides must decide on the same data: the primary's database, or
// a replica that is not behind. If the primary keeps its claims elsewhere, use
// [WithSeparateClaims]. On the primary's own database [WithRecords] compares
// what it writes, too.
package shadow
