// Package passporthttp serves scores over HTTP, by the contract of the Django
// service whose tables the SDK shares. Clients of that service can be pointed
// at a [Handler] on the same database.
//
//	handler, err := passporthttp.New(engine, db, passporthttp.WithRateLimits())
//	err = http.ListenAndServe(addr, handler)
//
// memstore.Store and pgstore.Store have the roles of db. [Serve] adds timeouts
// and a graceful end. The whole contract is an OpenAPI 3.1 document, at
// /openapi.json. Package scoreapi has the answers as types, and a client.
//
// # Routes and permissions
//
//	GET  /v2/stamps/{scorer_id}/score/{address}          a key with read_scores
//	GET  /v2/stamps/{scorer_id}/score/{address}/history  a key with historical_endpoint
//	GET  /v2/stamps/{address}                            a key with read_scores
//	GET  /v2/stamps/metadata                             any key; only WithMetadata
//	POST /v2/stamps/{address}                            a key with submit_passports; only WithIngestion
//	GET  /health, /ready, /openapi.json                  anyone
//
// A key is sent as X-API-Key, or as the second word of Authorization. It scores
// for the communities of its own account. scorer_id is the external id of one
// of them, if that is a number, or its id. Credentials belong to no account: a
// key that may list or submit them may do so for every address.
//
// The history requires created_at, a date (its midnight) or a date and a time
// in any form of ISO 8601, in UTC if it has no offset. A + is sent as %2B. The
// answer is the newest score at or before that time. A listing takes limit, 1
// to 1000 (the default), token (empty: the first page) and include_metadata,
// see [WithMetadata]; its links next and prev hold them all.
//
// Scoring is a GET, as in the service, and it writes: the score, claims and
// events of [passport.Engine.Score]. Repeating it is harmless. HEAD is GET
// without the body, and scores too.
//
// Version 1 of the service's API (/registry/…), the models (/v2/models/…) and
// the routes of its own app (/ceramic-cache/… and others) are not served: they
// are 404.
//
// # Linked wallets
//
// linked_score is the score of the group of a linked wallet, in the service's
// form (see [passport.WithGroups]). Its wallet_stamps has the stamps of each
// wallet, but for the canonical one those of the group. Another member has a
// score of 0 and no stamps. linked_score is null for a wallet that is scored
// alone, and in the history. While the source of groups fails the answer is
// 503, or one with null if the engine scores then.
//
// # Callers that hang up
//
// Database drivers close the connection whose query is cancelled. So the lookup
// of a key and the check of /ready continue after the caller has hung up, both
// bounded in time and number. Requests with a valid key end with their caller;
// the key's rate limit bounds how many connections that costs.
//
// # Errors
//
// An error has the body {"detail": …}: a sentence, or for 422 a list of the
// problems of the parameters. Causes are only logged, with the request's id
// (X-Request-ID). 503 always has a Retry-After: repeating the request is safe.
// net/http answers requests that never reach a handler in its own words.
package passporthttp
