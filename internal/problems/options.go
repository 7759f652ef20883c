package problems

// Apply applies the options in their order. It skips those that are nil.
func Apply[T any, Option ~func(*T)](to *T, options []Option) {
	for _, option := range options {
		if option != nil {
			option(to)
		}
	}
}
