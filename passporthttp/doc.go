// Package passporthttp serves scores over HTTP, by the contract of the Django
// service whose tables the SDK shares: a client of that service can be pointed
// at a [Handler] on the same database.
//
//	err := http.ListenAndServe(addr, passporthttp.New(engine, rows, passporthttp.WithRateLimits()))
//
// rows is the store: memstore.Store and pgstore.Store have all that it takes.
// [Serve] is a server with timeouts that answers what it has accepted before it
// ends. The whole contract is an OpenAPI 3.1 document, at /openapi.json.
//
// # Who may call what
//
//	GET  /v2/stamps/{scorer_id}/score/{address}          a key with read_scores
//	GET  /v2/stamps/{scorer_id}/score/{address}/history  a key with historical_endpoint
//	GET  /v2/stamps/{address}                            a key with read_scores
//	GET  /v2/stamps/metadata                             any key; only WithMetadata
//	POST /v2/stamps/{address}                            a key with submit_passports; only WithIngestion
//	GET  /health, /ready, /openapi.json                  anyone
//
// A key is sent as X-API-Key, or as the second word of Authorization. It scores
// for the communities of its own account only; scorer_id is the external id of
// one, if that is a number, or else its id. Credentials belong to no account:
// any key that may list those of one address may list those of every address,
// and a key that may submit them may replace those of every address, see
// [WithIngestion].
//
// The history requires created_at, a date or a date and a time in any form of
// ISO 8601, in UTC if it names no offset. A date is its midnight. A + has to be
// sent as %2B: in a query it is a space. The answer is the newest score at or
// before that moment. A listing takes limit, 1 to 1000, which is the default,
// token, which leads to another page (empty: the first), and include_metadata, see
// [WithMetadata]; its links next and prev have them all. [WithIngestion] describes
// a request to store credentials.
//
// Scoring is a GET because it is one in the contract, and it writes: the score,
// claims and events of [passport.Engine.Score]. Doing it again is harmless. HEAD
// is GET without the body, and scores too.
//
// These are the routes of the service's version 2 that answer about stamps. Its
// version 1 (/registry/…), its models (/v2/models/…) and the routes of its own
// app (/ceramic-cache/… and others) are not served: they are 404, and the log has
// the first segment of their path. linked_score is always null.
//
// # Callers that hang up
//
// Drivers of databases close the connection whose query is cancelled, which
// slows everybody else. So what a caller without a valid key can cause, the lookup
// of a key and the check of /ready, goes on after the caller has hung up; it is
// bounded in time and number. What a valid key asks for ends with its caller, and
// then may cost a connection: the key's rate limit bounds how often.
//
// # Answers
//
// Whatever is no success has the body {"detail": …}: a sentence, or for 422 a
// list of what is wrong with which parameter. Nothing internal is ever told;
// that goes to the log, by the request's id (X-Request-ID), see [WithLogger].
// 503 always has a Retry-After: nothing is wrong with the request, and to repeat
// it is safe. What net/http itself refuses (no HTTP, headers too large) it
// answers in its own words, before a handler is asked.
package passporthttp
