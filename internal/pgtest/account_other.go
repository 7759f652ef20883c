//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

// account would be the user that the server runs as.
type account struct{}

func serverAccount() (account, error) {
	return account{}, errors.New("servers are started on Unix only; name a running one")
}

func (account) command(_, program string, args ...string) *exec.Cmd {
	return exec.Command(program, args...)
}

func (account) write(string, string) error  { return errors.ErrUnsupported }
func (account) reaches(string) bool         { return true }
func (account) tempFolder() (string, error) { return "", errors.ErrUnsupported }
