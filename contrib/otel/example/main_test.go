package main

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	urls, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", func(url string) { urls <- url }) }()
	var url string
	select {
	case url = <-urls:
	case err := <-ended:
		require.FailNow(t, "it ended early", "%v", err)
	}
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Contains(t, string(text), `passport_outcome="passing"`)
		assert.Contains(t, string(text), `passport_stamp_outcome="deduplicated"`)
	}, 20*time.Second, 50*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}
