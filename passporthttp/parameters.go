package passporthttp

import (
	"net/url"
	"strings"
)

// parameter returns the value of a parameter of the query; of several, the last,
// as the service does.
func parameter(u *url.URL, name string) (value string, given bool) {
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		if key, text, _ := strings.Cut(pair, "="); unescaped(key) == name {
			value, given = unescaped(text), true
		}
	}
	return value, given
}

// unescaped leaves a text that is not well escaped as it is, as the service
// does. [url.URL.Query] would drop the parameter, and an endpoint take it for
// absent.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// integer returns the number that the text spells as the service spells it:
// digits without leading zeros, and a minus if it is below 0.
func integer(text string) (string, bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return "0", true
	case text[0] == '-':
		return "-" + digits, true
	}
	return digits, true
}

// boolean returns the truth that the text spells in one of the service's ways.
func boolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "1", "on", "t", "true", "y", "yes":
		return true, true
	case "0", "off", "f", "false", "n", "no":
		return false, true
	}
	return false, false
}
