package pgstore

import (
	"maps"
	"strings"
)

// SetClock has the limiter read the time from an expression.
func (l *Limiter) SetClock(expression string) {
	l.texts = maps.Clone(l.texts)
	l.texts["count_call"] = strings.ReplaceAll(l.texts["count_call"], "clock_timestamp()", expression)
}
