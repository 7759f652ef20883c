module github.com/passport-sdk/passport-go/contrib/lambda

go 1.26.0

replace github.com/passport-sdk/passport-go => ../..

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/passport-sdk/passport-go v0.0.0
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
