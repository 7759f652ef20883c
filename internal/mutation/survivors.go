package main

import (
	"fmt"
	"strings"
)

// explanations reads survivors.md: a list of mutants that may survive, each
//
//   - `id`
//     Why the program does the same with it, or why no test can notice.
//
// An entry without a reason, or one that is there twice, is an error.
func explanations(document string) (map[string]string, error) {
	reasons := map[string]string{}
	var id string
	for line := range strings.Lines(document) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "- `") && strings.HasSuffix(line, "`"):
			id = line[len("- `") : len(line)-1]
			if _, again := reasons[id]; again {
				return nil, fmt.Errorf("explained twice: %s", id)
			}
			reasons[id] = ""
		case strings.HasPrefix(line, "- "):
			return nil, fmt.Errorf("not an id in backquotes: %s", line)
		case strings.HasPrefix(line, "  ") && id != "":
			reasons[id] = strings.TrimSpace(reasons[id] + " " + strings.TrimSpace(line))
		default:
			id = ""
		}
	}
	for id, reason := range reasons {
		if reason == "" {
			return nil, fmt.Errorf("listed without a reason: %s", id)
		}
	}
	return reasons, nil
}
