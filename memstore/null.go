package memstore

// optional returns the value of a nullable column and whether it is not NULL.
func optional[T any](value *T) (T, bool) {
	if value == nil {
		var none T
		return none, false
	}
	return *value, true
}

// textOf returns the text of a nullable column, "" for NULL.
func textOf(column *string) string {
	text, _ := optional(column)
	return text
}

// textOrNull keeps the empty text, which stands for NULL.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
