package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEvents(t *testing.T) {
	o := newOperator(t).withCommunity()
	o.must("import", o.dump(2))
	o.must("rescore", "1", "--progress", "none")
	o.refused(exitFailed, "is not partitioned", "events", "ensure")
	o.refused(exitFailed, "0 to 60 months", "events", "partition", "--ahead", "-1")
	o.refused(exitUsage, "--before", "events", "drop", "--before", "soon")
	assert.Empty(t, decode[shownPartitions](t, o.must("events", "status")).Partitions)

	a := o.run("events", "partition", "--ahead", "6", "--wait", "2s")
	require.Equal(t, exitDone, a.code, a.err)
	assert.Equal(t, "done: attach\ndone: bound\ndone: validate\ndone: close\n", a.err)
	made := decode[shownPartitions](t, a.out)
	require.Greater(t, len(made.Partitions), 5)
	first, last := made.Partitions[0], made.Partitions[len(made.Partitions)-1]
	assert.Nil(t, first.From)
	assert.Nil(t, last.To)
	assert.Positive(t, first.Bytes)
	assert.Empty(t, made.Next)
	assert.Equal(t, made, decode[shownPartitions](t, o.must("events", "ensure", "--ahead", "6")))

	o.must("check")
	o.must("rescore", "1", "--progress", "none")
	assert.Equal(t, 4, o.count("select count(*) from registry_event"))
	dropped := decode[shownDrop](t, o.must("events", "drop", "--before", first.To.Format("2006-01-02")))
	assert.Equal(t, []string{first.Name}, dropped.Partitions)
	assert.EqualValues(t, 2, dropped.Kept)
	assert.Equal(t, 2, o.count("select count(*) from registry_event"))
	assert.Empty(t, decode[shownDrop](t, o.must("events", "drop", "--before", "400d")).Partitions)
}
