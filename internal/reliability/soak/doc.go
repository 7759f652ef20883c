// Package soak scores for a long time under a mixed load, and demands that
// nothing grows: memory, goroutines, connections, idle transactions. It is tests
// only, behind a build tag:
//
//	go test -tags soak ./soak -v -timeout 1h -args -soak 30m
package soak
