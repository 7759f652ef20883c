package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// terms say which wallets a run scores, and how. The times are kept as they
// were written and as moments, so that a run that is resumed later has those of
// its start.
type terms struct {
	Community      int64         `json:"community"`
	ScoredBefore   string        `json:"scored_before,omitempty"`
	ExpiringBefore string        `json:"expiring_before,omitempty"`
	LeaveUnchanged time.Duration `json:"leave_unchanged,omitempty"` // nanoseconds
	Moment         time.Time     `json:"moment,omitzero"`           // of either of the times
}

// resolve sets the moment.
func (t *terms) resolve() (err error) {
	switch {
	case t.ScoredBefore != "":
		if t.Moment, err = parseTime(t.ScoredBefore, since); err != nil {
			return usagef("--scored-before: %w", err)
		}
	case t.ExpiringBefore != "":
		if t.Moment, err = parseTime(t.ExpiringBefore, until); err != nil {
			return usagef("--expiring-before: %w", err)
		}
	}
	return nil
}

// same reports whether both terms were written alike.
func (t *terms) same(other terms) bool {
	other.Moment = t.Moment
	return *t == other
}

// String returns the terms in words.
func (t *terms) String() string {
	text := fmt.Sprintf("community %d", t.Community)
	if t.ScoredBefore != "" {
		text += " --scored-before " + t.ScoredBefore
	}
	if t.ExpiringBefore != "" {
		text += " --expiring-before " + t.ExpiringBefore
	}
	if t.LeaveUnchanged != 0 {
		text += " --leave-unchanged " + t.LeaveUnchanged.String()
	}
	return text
}

// checkpoint is the place of a run: everything up to After is done, and in the
// report.
type checkpoint struct {
	Version int              `json:"version"`
	Terms   terms            `json:"terms"`
	After   passport.Address `json:"after"`
	Total   int64            `json:"total,omitempty"` // of the selected wallets, if they were counted
	Runs    int              `json:"runs"`
	Report  report           `json:"report"`

	file string // empty: it is not kept
}

const checkpointVersion = 1

// begin returns the checkpoint of the file, if the file exists, or a new one.
func begin(file string, t terms) (*checkpoint, error) {
	fresh := &checkpoint{Version: checkpointVersion, Terms: t, Runs: 1, file: file, Report: newReport(t)}
	var found checkpoint
	switch exists, err := readCheckpoint(file, &found, func() bool { return found.Version == checkpointVersion && found.consistent() }); {
	case err != nil:
		return nil, err
	case !exists:
		return fresh, fresh.save() // a folder that cannot be written to is an error now
	}
	if !found.Terms.same(t) {
		return nil, fmt.Errorf("%s is of another run: that of %s, not of %s; give the same flags to go on, or another file",
			file, &found.Terms, &t)
	}
	found.file = file
	found.Runs++
	found.Report.Runs = found.Runs
	return &found, nil
}

// readCheckpoint reads the file into found, whose type each command has. It
// reports whether there is the file, which need not have a name, and returns an
// error for one that is not valid.
func readCheckpoint(file string, found any, valid func() bool) (exists bool, err error) {
	if file == "" {
		return false, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if decodeStrictly(text, found) != nil || !valid() {
		return false, fmt.Errorf("%s is not a checkpoint of this version of the command: give another file, or remove it to begin again", file)
	}
	return true, nil
}

// decodeStrictly reads a document whose members are all known.
func decodeStrictly(text []byte, document any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(document)
}

func (c *checkpoint) consistent() bool {
	r := &c.Report
	return (c.After == "" || c.After.Valid()) && r.Refusals != nil && r.Wallets == r.Written+r.Unchanged+r.Failed
}

// query returns the query for the wallets that are left.
func (c *checkpoint) query() store.AddressQuery {
	q := store.AddressQuery{Community: c.Terms.Community, After: c.After}
	if c.Terms.ScoredBefore != "" {
		q.ScoredBefore = c.Terms.Moment
	}
	if c.Terms.ExpiringBefore != "" {
		q.ExpiringBefore = c.Terms.Moment
	}
	return q
}

// add adds the outcome of the next wallet. It returns the failure if it is one.
func (c *checkpoint) add(scored passport.Scored) *failure {
	c.After = passport.Address(scored.Address)
	return c.Report.add(scored)
}

// save replaces the file.
func (c *checkpoint) save() error { return replace(c.file, c) }

// replace writes the document to the file, unless that has no name. After a
// crash at any moment the file is the old or the new one, whole.
func replace(file string, document any) (err error) {
	if file == "" {
		return nil
	}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the checkpoint: %w", err)
		}
	}()
	temporary, err := os.Create(file + ".tmp") //nolint:gosec // one name, so that crashes do not leave many
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder makes a rename in the folder durable.
func syncFolder(name string) (err error) {
	folder, err := os.Open(name) //nolint:gosec // of the operator's file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	return folder.Sync()
}
