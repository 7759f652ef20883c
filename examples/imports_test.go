package examples_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs, and tests, that keep everything in memory build no database driver.
func TestImports_NoDriver(t *testing.T) {
	for folder, drivers := range map[string]bool{
		"first": false, "../passporttest": false, "../passporthttp": false, "../apikey": false, "../store/storetest": false,
		"postgres": true,
	} {
		command := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
		command.Dir = folder
		packages, err := command.Output()
		require.NoError(t, err)
		if drivers {
			assert.Contains(t, string(packages), "github.com/jackc/pgx", folder)
		} else {
			assert.NotContains(t, string(packages), "github.com/jackc/pgx", folder)
		}
	}
}
