//go:build didkit

package didkit

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const didkitVersion = "0.3.3"

//go:embed judge.py
var judgeScript []byte

// judge is didkit in a process of its own, because it may take that down.
type judge struct {
	python, script string

	process *exec.Cmd
	asked   io.WriteCloser
	answers *bufio.Reader
	crashes int
}

// answer is what judge.py answers.
type answer struct {
	Didkit     string `json:"didkit"`
	Verdict    string `json:"verdict"`
	Credential string `json:"credential"`
	Why        string `json:"why"`
}

// newJudge fails the test where didkit cannot be had: it never skips.
func newJudge(t *testing.T) *judge {
	t.Helper()
	j := &judge{python: os.Getenv("PASSPORT_DIDKIT_PYTHON"), script: filepath.Join(t.TempDir(), "judge.py")}
	require.NoError(t, os.WriteFile(j.script, judgeScript, 0o600))
	if j.python == "" {
		j.python = install(t)
	}
	require.NoError(t, j.start())
	t.Cleanup(j.stop)
	return j
}

// install makes a virtual environment with didkit.
func install(t *testing.T) (python string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "venv")
	python = filepath.Join(folder, "bin", "python")
	for _, command := range [][]string{
		{"python3", "-m", "venv", folder},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "didkit==" + didkitVersion},
	} {
		output, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		require.NoError(t, err, "didkit cannot be had: %v\n%s\nInstall Python 3 with venv and let it reach PyPI, or name a Python "+
			"that has didkit %s in PASSPORT_DIDKIT_PYTHON.", command, output, didkitVersion)
	}
	return python
}

func (j *judge) start() error {
	j.process = exec.Command(j.python, j.script)
	j.process.Env = append(os.Environ(), "RUST_BACKTRACE=0")
	asked, err := j.process.StdinPipe()
	if err != nil {
		return err
	}
	answers, err := j.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := j.process.Start(); err != nil {
		return err
	}
	j.asked, j.answers = asked, bufio.NewReader(answers)
	hello, err := j.answer()
	if err == nil && hello.Didkit != didkitVersion {
		err = fmt.Errorf("didkit is %s, want %s", hello.Didkit, didkitVersion)
	}
	if err != nil {
		j.stop()
		return fmt.Errorf("starting didkit with %s: %w", j.python, err)
	}
	return nil
}

// stop ends the process. Its exit does not matter: didkit leaves with a
// segmentation fault now and then.
func (j *judge) stop() {
	_ = j.asked.Close()
	_ = j.process.Process.Kill()
	_ = j.process.Wait()
}

// ask sends didkit a question. If that ends the process, or there is no answer
// in a minute, it is a panic, and the process is started again.
func (j *judge) ask(t *testing.T, question any) answer {
	t.Helper()
	line, err := json.Marshal(question)
	require.NoError(t, err)
	patience := time.AfterFunc(time.Minute, func() { _ = j.process.Process.Kill() })
	_, err = j.asked.Write(append(line, '\n'))
	var given answer
	if err == nil {
		given, err = j.answer()
	}
	if patience.Stop(); err == nil {
		return given
	}
	j.crashes++
	j.stop()
	require.NoError(t, j.start())
	return answer{Verdict: "panics", Why: err.Error()}
}

func (j *judge) answer() (given answer, err error) {
	line, err := j.answers.ReadBytes('\n')
	if err != nil {
		return given, err
	}
	err = json.Unmarshal(line, &given)
	return given, err
}
