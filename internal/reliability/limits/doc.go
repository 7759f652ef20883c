// Package limits gives the stores, the engine and the API keys worlds of absurd
// size: each ends in bounded time and memory, with the right score or with an
// error that says in a few words what is too much. It is tests only.
package limits
