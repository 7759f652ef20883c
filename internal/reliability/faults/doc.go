// Package faults disturbs scorings on Postgres at every step of the
// conversation with it, on the wire, in the server and in the program, and
// looks at the real tables afterwards. It is tests only:
//
//	go test ./faults -v -run TestFaultPoints   # each point, how it is provoked, what may come of it
package faults
