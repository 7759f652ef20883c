package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/page"
	"github.com/passport-sdk/passport-go/internal/page/pagetest"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 1<<64 - 1: "18,446,744,073,709,551,615"} {
		assert.Equal(t, want, page.Grouped(n))
	}
	assert.Equal(t, []string{"33.33%", "0.00%", "100.00%"}, []string{page.Percent[int64](1, 3), page.Percent[int64](0, 0), page.Percent[uint64](1<<64-1, 1<<64-1)})
	assert.Equal(t, "a\uFFFD[2J\uFFFDb", page.Printable("a\x1b[2J\nb"))
}

func TestNew(t *testing.T) {
	text := `{{template "head" .Title}}<body>{{template "share" .Bars.First}}{{template "both" .Bars}}</body></html>`
	var out strings.Builder
	require.NoError(t, page.New("test", text, nil).Execute(&out, struct {
		Title string
		Bars  page.Bars
	}{"<script>", page.Bars{First: "1.00%", Second: "2.00%"}}))
	pagetest.SelfContained(t, out.String())
	assert.Contains(t, out.String(), "<title>&lt;script&gt;</title>")
	assert.Contains(t, out.String(), `class="second" y="10" width="2.00%"`)
	assert.Panics(t, func() { page.New("test", "{{", nil) })
}
