package passportlambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/passport-sdk/passport-go/credential"
)

// openTime is a second less than Lambda waits for a process that starts.
const openTime = 9 * time.Second

// Start opens the function and answers invocations with it. It returns only if
// open fails, with its error: the program should end then.
//
// open runs before the first invocation, in the time that Lambda gives to the
// start of a process. Everything that takes long belongs there, such as a first
// connection to the database. Its context ends after 9 s; Lambda would end the
// process after 10 s.
//
// A process that ends makes its invocation fail, and Lambda starts another one
// for the next. So let open fail for what no later request can mend, such as an
// invalid configuration, but not for a database that is out of reach: of that
// the handler gives a better account.
//
// While open waits for the database, Start calls credential.Preload.
func Start(open func(context.Context) (*Function, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), openTime)
	var preloading sync.WaitGroup
	preloading.Go(credential.Preload)
	f, err := open(ctx)
	preloading.Wait()
	cancel()
	if err != nil {
		return fmt.Errorf("opening the function: %w", err)
	}
	lambda.StartHandlerFunc(f.Invoke)
	return nil
}
