package passportlambda_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	passportlambda "github.com/passport-sdk/passport-go/contrib/lambda"
)

// A program passes the function to Start. A test can invoke it itself.
func ExampleFunction_Invoke() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Method, r.URL)
	})
	flush := func(context.Context) error { fmt.Println("\nflushed"); return nil }
	function, err := passportlambda.New(handler, passportlambda.WithFlush(flush))
	if err != nil {
		fmt.Println(err)
		return
	}

	response, err := function.Invoke(context.Background(), []byte(`{
		"version": "2.0", "rawPath": "/health", "rawQueryString": "x=1",
		"requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = io.Copy(os.Stdout, response); err == nil {
		err = response.Close() // as Start does, once the answer is sent
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"statusCode":200,"headers":{"Content-Type":"text/plain; charset=utf-8"},"body":"GET /health?x=1","isBase64Encoded":false}
	//
	// flushed
}
