// Package soak scores for some time under a mixed load, and demands that
// nothing grows: memory, goroutines, connections, idle transactions. It is
// tests only; five seconds are enough to see that it works, and half an hour to
// see a slope:
//
//	go test ./soak -v -timeout 1h -args -soak 30m
package soak
