//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that the server runs as. The zero value is the one that
// runs the tests.
type account struct {
	other    bool
	uid, gid uint32
}

// serverAccount returns whom the server may run as: Postgres refuses root.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			continue
		}
		return account{other: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return account{}, errors.New("there is neither a user postgres nor a user nobody to run Postgres as, which refuses to run as root")
}

// command returns a command that runs as the account, in a process group of its
// own: what interrupts the tests must not reach the server before its guard.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // programs of Postgres and the shell; the guard must outlive every context
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// write makes a file that the account alone can read.
func (a account) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return a.give(path)
}

// give makes the account the owner of the file.
func (a account) give(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// reaches reports whether the account can open what is in the folder, or would
// be if the folder were there.
func (a account) reaches(folder string) bool {
	if !a.other {
		return true
	}
	for {
		info, err := os.Stat(folder)
		missing := errors.Is(err, fs.ErrNotExist)
		if !missing && (err != nil || info.Mode().Perm()&0o001 == 0) {
			return false
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return true
		}
		folder = parent
	}
}

// tempFolder makes a new folder that belongs to the account.
func (a account) tempFolder() (string, error) {
	parent := os.TempDir()
	if !a.reaches(parent) {
		parent = "/tmp"
	}
	folder, err := os.MkdirTemp(parent, "passport-pgtest-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the server: %w", err)
	}
	if err := a.give(folder); err != nil {
		return "", errors.Join(fmt.Errorf("make a folder for the server: %w", err), os.Remove(folder))
	}
	return folder, nil
}
