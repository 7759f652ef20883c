// Package passportredis counts the calls of API keys in Redis, for hosts with
// several processes.
//
//	limiter, err := passportredis.New(client)
//	handler, err := passporthttp.New(engine, db, passporthttp.WithLimiter(limiter))
//
// A call is one round trip, on a connection that is open: a script of a few
// lines, which reads the server's clock and one key. It runs on Redis 5 and
// later, and needs the rights to EVAL, EVALSHA, TIME, GET and SET. A key
// expires a second after its window, and a call needs one key, so a cluster
// works.
//
// # Failures
//
// [Limiter.Take] returns an error when it cannot count, at the latest after
// [WithTimeout]. passporthttp then refuses the call with 503: no key gets more
// than its rate because Redis is out of reach. To answer calls all the same,
// and count them in the process as long as that lasts, give passporthttp a
// ratelimit.Fallback.
//
// A server that loses counts begins at 0 in the same window: one without
// persistence that restarts, one that evicts keys (maxmemory-policy), and a
// replica that is promoted before the last counts have reached it. Choose
// noeviction where limits must hold; a server that is full then refuses to
// count.
package passportredis
