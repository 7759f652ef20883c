package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeed(t *testing.T) {
	o := newOperator(t)
	plan := []string{"seed", "--wallets", "2", "--stamps", "20", "--fillers", "3", "--bare", "--scored", "--events", "2", "--progress", "none"}
	o.refused(exitFailed, "Stamps got 0", append(plan, "--stamps", "0")...)
	did := strings.TrimSpace(o.must(plan...))
	assert.Equal(t, 5*20, o.count("select count(*) from ceramic_cache_ceramiccache"))
	assert.Equal(t, 3*20, o.count("select count(*) from ceramic_cache_ceramiccache where stamp = '{}'"))
	assert.Equal(t, 2+3*2, o.count("select count(*) from registry_event"))
	o.environment[trustedIssuers] = `["` + did + `"]`
	assert.Contains(t, o.must("rescore", "1", "--format", "json"), `"passing": 2`)
	o.refused(exitFailed, "has credentials", plan...)
	o.must(append(plan, "--force", "--seed", "other", "--community", "7")...)
}
