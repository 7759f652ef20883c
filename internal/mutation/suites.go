package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Bounds on one run of a suite's tests. Processor time and memory end a mutant
// that loops: so many times what the unchanged code takes, and a bit. The time
// by the clock, which depends on what else runs, ends only one that hangs.
const (
	timesUnchanged  = 5
	leastSeconds    = 2
	memoryKilobytes = 4 << 20
	hangs           = time.Minute
)

// builder makes and runs test binaries of the module at root.
type builder struct {
	root string
	temp string
	// unchanged is the processor time of each suite without a mutant.
	unchanged map[suite]time.Duration
	noticed   *notices
}

// build compiles the tests of the package in the folder, with other texts in
// place of some files, and returns the binary's path. A binary that exists
// under the name is not built again.
func (b *builder) build(ctx context.Context, name, dir string, texts map[string]string) (string, error) {
	folder := filepath.Join(b.temp, name)
	binary := filepath.Join(folder, "tests_of_"+strings.NewReplacer("/", "_", ".", "root").Replace(dir))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for path, text := range texts {
		copied := filepath.Join(folder, strings.NewReplacer("/", "_", ":", "_").Replace(path))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[path] = copied
	}
	document, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	list := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(list, document, 0o600); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "nice", "-n", "5", "go", "test", "-c", "-vet=off", "-overlay", list, "-o", binary, "./"+dir)
	command.Dir = b.root
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w of %s: %w: %s", errBuild, dir, err, out)
	}
	return binary, nil
}

var errBuild = errors.New("building the tests")

// forget deletes what was built under the name.
func (b *builder) forget(name string) { _ = os.RemoveAll(filepath.Join(b.temp, name)) }

// outcome is that of a mutant under some tests.
type outcome string

const (
	survived outcome = "survived"
	killed   outcome = "killed"
	// looped: it ran out of time or memory, which is as good as killed.
	looped outcome = "looped"
)

// verdict is the outcome of a mutant, with the folder and the test, the output
// of the tests, and the time that they took.
type verdict struct {
	outcome outcome
	dir     string
	test    string // "" when it came to no test
	output  string
	took    time.Duration // of processor time
}

func (v verdict) by() string { return strings.TrimSpace(v.dir + " " + v.test) }

// run runs those tests of a suite's binary whose names match, "" for all, with
// the mutant of the number.
func (b *builder) run(ctx context.Context, binary string, s suite, only string, number int) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, hangs)
	defer cancel()
	seconds := leastSeconds + int(math.Ceil(timesUnchanged*b.unchanged[s].Seconds()))
	if b.unchanged[s] == 0 {
		seconds = int(hangs.Seconds())
	}
	limits := fmt.Sprintf(`ulimit -t %d; ulimit -v %d 2>/dev/null; exec nice -n 5 "$0" "$@"`, seconds, memoryKilobytes)
	args := append([]string{"-c", limits, binary, "-test.failfast", "-test.timeout=0"}, s.arguments(only)...)
	command := exec.CommandContext(ctx, "sh", args...)
	command.Dir = filepath.Join(b.root, s.dir)
	command.WaitDelay = time.Second
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", environment, number), "PASSPORT_VECTORS=")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	switch {
	case err == nil:
		return verdict{outcome: survived, took: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}, nil
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return verdict{outcome: looped, dir: s.dir, output: out.String()}, nil
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	case command.ProcessState == nil:
		return verdict{}, err
	case command.ProcessState.ExitCode() < 0 || bytes.Contains(out.Bytes(), []byte("SIGXCPU")) || bytes.Contains(out.Bytes(), []byte("out of memory")):
		return verdict{outcome: looped, dir: s.dir, output: out.String()}, nil
	}
	return verdict{outcome: killed, dir: s.dir, test: firstFailure(out.Bytes()), output: out.String()}, nil
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// firstFailure names the test that failed, "" when it came to no test.
func firstFailure(out []byte) string {
	if found := failure.FindSubmatch(out); found != nil {
		return string(found[1])
	}
	return ""
}
