package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheREADMEShowsThisProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, code, found := strings.Cut(string(program), "package main")
	require.True(t, found)
	assert.Contains(t, string(readme), "```go\npackage main"+code+"```")
}

func Example() {
	main()
	// Output: true 1.5
}
