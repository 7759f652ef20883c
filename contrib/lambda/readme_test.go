package passportlambda

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program of the README is that of the folder example, and short.
func TestREADME_Program(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, shown, has := strings.Cut(string(readme), "```go\n")
	require.True(t, has)
	shown, _, has = strings.Cut(shown, "```")
	require.True(t, has)
	program, err := os.ReadFile("example/main.go")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(program), ")\n\n"+shown), "example/main.go has this below its imports:\n%s", shown)
	lines := strings.FieldsFunc(shown, func(r rune) bool { return r == '\n' })
	assert.LessOrEqual(t, len(lines), 15)
}
