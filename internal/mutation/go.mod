module github.com/passport-sdk/passport-go/internal/mutation

go 1.26.0
