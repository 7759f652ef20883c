package main

func Example() {
	main()
	// Output: true 1.5
}
