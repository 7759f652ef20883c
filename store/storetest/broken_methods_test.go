package storetest_test

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// call is a call of a method of a broken store.
type call struct {
	b      *brokenstore.Store
	method reflect.Value // the one that works
	args   []reflect.Value
}

// good calls the method that works.
func (c *call) good() (results []reflect.Value, err error) {
	if c.method.Type().IsVariadic() {
		results = c.method.CallSlice(c.args)
	} else {
		results = c.method.Call(c.args)
	}
	err, _ = reflect.TypeAssert[error](results[len(results)-1])
	return results, err
}

// fail returns the error and nothing else.
func (c *call) fail(err error) []reflect.Value {
	var results []reflect.Value
	for out := range c.method.Type().Outs() {
		results = append(results, reflect.Zero(out))
	}
	results[len(results)-1] = reflect.ValueOf(&err).Elem()
	return results
}

// instead is a store with that in the place of a method.
func instead(method string, of func(c *call) []reflect.Value) broken {
	return func(b *brokenstore.Store) {
		on := reflect.ValueOf(&b.On).Elem().FieldByName(method)
		good := reflect.ValueOf(on.Interface())
		on.Set(reflect.MakeFunc(on.Type(), func(args []reflect.Value) []reflect.Value {
			return of(&call{b, good, args})
		}))
	}
}

// given is a store in which a method changes its arguments of the type.
func given[A any](method string, change func(A) A) broken {
	return instead(method, func(c *call) []reflect.Value {
		for i, arg := range c.args {
			if a, is := reflect.TypeAssert[A](arg); is {
				c.args[i] = reflect.ValueOf(change(a))
			}
		}
		results, _ := c.good()
		return results
	})
}

// returns is a store in which a method changes what it returns without an
// error.
func returns[R any](method string, change func(R) R) broken {
	return instead(method, func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil {
			results[0] = reflect.ValueOf(change(results[0].Interface().(R)))
		}
		return results
	})
}

// errs is a store in which a method changes its errors.
func errs(method string, change func(error) error) broken {
	return instead(method, func(c *call) []reflect.Value {
		results, err := c.good()
		if err != nil {
			err = change(err)
			results[len(results)-1] = reflect.ValueOf(&err).Elem()
		}
		return results
	})
}

// hides is a store in which a method returns no error of that kind.
func hides(method string, kind error) broken {
	return errs(method, func(err error) error {
		if errors.Is(err, kind) {
			return nil
		}
		return err
	})
}

// refuses is a store in which a method refuses some arguments of the type.
func refuses[A any](method string, kind error, bad func(A) bool) broken {
	return instead(method, func(c *call) []reflect.Value {
		for _, arg := range c.args {
			if a, is := reflect.TypeAssert[A](arg); is && bad(a) {
				return c.fail(store.Errorf(method, kind, "it is refused"))
			}
		}
		results, _ := c.good()
		return results
	})
}

// before is a store in which a method changes the content first.
func before(method string, change func(s *store.State)) broken {
	return instead(method, func(c *call) []reflect.Value {
		c.b.Edit(change)
		results, _ := c.good()
		return results
	})
}

// after is a store in which a method that has succeeded changes the content.
func after(method string, change func(s *store.State)) broken {
	return instead(method, func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil {
			c.b.Edit(change)
		}
		return results
	})
}

// does is a store in which a method does nothing, and succeeds.
func nothing(method string) broken {
	return instead(method, func(c *call) []reflect.Value { return c.fail(nil) })
}

// roleMethods are the methods of the roles, with the group of their cases.
var roleMethods = map[string]string{
	"AddCredentials": "credentials", "DeleteCredentials": "credentials", "RevokeCredentials": "credentials", "ListCredentials": "listing",
	"PutCommunity": "communities", "DeleteCommunity": "communities", "FindCommunity": "finding communities",
	"PutAccount": "accounts and lists", "PutAddressList": "accounts and lists",
	"LastScore": "last score", "ScoreAt": "score at", "ListEvents": "history", "ListClaims": "history",
	"ListGroupClaims": "listing groups", "ListAddresses": "addresses",
	"FindKey": "keys", "FindCaller": "callers", "AddKey": "keys", "MigrateKey": "keys", "RevokeKey": "keys", "AddUsage": "usage", "LoadPoints": "points ledger",
	"Forget": "forgetting", "Prune": "pruning",
}

// addressed are those that take addresses.
var addressed = []string{
	"AddCredentials", "DeleteCredentials", "ListCredentials", "PutAddressList", "LastScore", "ScoreAt", "ListEvents", "ListClaims", "ListGroupClaims", "LoadPoints",
}

// brokenMethods are stores that are broken in what all methods have in common.
func brokenMethods() map[string]fault {
	faults := map[string]fault{}
	for method, group := range roleMethods {
		faults[method+" ignores the context"] = fault{group, given(method, context.WithoutCancel)}
		for name, change := range map[string]func(*store.Error) error{
			"returns no detail":  func(e *store.Error) error { return e.Kind },
			"names no operation": func(e *store.Error) error { return &store.Error{Kind: e.Kind, Cause: e.Cause} },
			"fails internally":   func(e *store.Error) error { return &store.Error{Op: e.Op, Kind: store.ErrInternal} },
			"fails by its cause": func(e *store.Error) error { return &store.Error{Op: e.Op, Kind: store.ErrInternal, Cause: e} },
		} {
			faults[method+" "+name] = fault{group, errs(method, func(err error) error {
				if detail, is := errors.AsType[*store.Error](err); is {
					return change(detail)
				}
				return err
			})}
		}
	}
	const alice store.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	for _, method := range addressed {
		for name, change := range map[string]func(store.Address) store.Address{
			"takes lower case only": func(a store.Address) store.Address {
				if a.Valid() {
					return a
				}
				return "0X" + a
			},
			"takes any text for an address": func(a store.Address) store.Address {
				if _, err := store.ParseAddress(string(a)); err != nil {
					return alice
				}
				return a
			},
			"cuts addresses":         func(a store.Address) store.Address { return a[:min(len(a), len(alice))] },
			"takes an upper-case 0X": func(a store.Address) store.Address { return store.Address(strings.Replace(string(a), "0X", "0x", 1)) },
		} {
			takes := given(method, change)
			if method == "PutAddressList" {
				takes = given(method, func(addresses []store.Address) []store.Address {
					var changed []store.Address
					for _, address := range addresses {
						changed = append(changed, change(address))
					}
					return changed
				})
			}
			faults[method+" "+name] = fault{roleMethods[method], takes}
		}
		faults[method+" does not say that an address is malformed"] = fault{roleMethods[method], errs(method, func(err error) error {
			if errors.Is(err, store.ErrInvalidAddress) {
				return store.Errorf(method, store.ErrInvalid, "an address")
			}
			return err
		})}
	}
	return faults
}
