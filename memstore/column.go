package memstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// column is one column of a table: a field of the row's struct, whose tag
// gives the column's name and type as the service's schema has them.
type column struct {
	name     string
	sqlType  string
	nullable bool
	field    int
	// width is the number of characters that a varchar holds, 0 for any.
	width int
	// precision and scale are those of a numeric.
	precision, scale int
}

// columnsOf reads the columns off the tags of T, in their order.
func columnsOf[T any]() []column {
	row := reflect.TypeFor[T]()
	columns := make([]column, 0, row.NumField())
	for i := range row.NumField() {
		tag, tagged := row.Field(i).Tag.Lookup("col")
		if !tagged {
			continue
		}
		name, sqlType, _ := strings.Cut(tag, " ")
		sqlType, nullable := strings.CutSuffix(sqlType, " null")
		c := column{name: name, sqlType: sqlType, nullable: nullable, field: i}
		switch bounded, bounds, _ := strings.Cut(strings.TrimSuffix(sqlType, ")"), "("); bounded {
		case "varchar":
			c.width, _ = strconv.Atoi(bounds)
		case "numeric":
			precision, scale, _ := strings.Cut(bounds, ",")
			c.precision, _ = strconv.Atoi(precision)
			c.scale, _ = strconv.Atoi(scale)
		}
		columns = append(columns, c)
	}
	return columns
}

// serial tells whether rows that leave the column out are numbered.
func (c *column) serial() bool { return c.name == "id" && c.integer() }

func (c *column) integer() bool { return c.sqlType == "bigint" || c.sqlType == "integer" }

func (c *column) maxInteger() int64 {
	if c.sqlType == "integer" {
		return math.MaxInt32
	}
	return math.MaxInt64
}

// fill gives a column that a row leaves out its zero.
func (c *column) fill(into reflect.Value, now time.Time) {
	if c.nullable {
		return
	}
	switch field := into.Addr().Interface().(type) {
	case *time.Time:
		*field = now
	case *decimal:
		*field = decimal("0." + strings.Repeat("0", c.scale))
	case *document:
		*field = document("{}")
	}
}

// read stores the JSON value in the field.
func (c *column) read(raw []byte, into reflect.Value) error {
	if string(raw) == "null" {
		if !c.nullable {
			return errors.New("it must not be null")
		}
		return nil
	}
	var err error
	switch field := into.Addr().Interface().(type) {
	case *int64:
		*field, err = c.readInteger(raw)
	case **int64:
		*field, err = readInto(raw, c.readInteger)
	case *string:
		*field, err = c.readText(raw)
	case **string:
		*field, err = readInto(raw, c.readText)
	case *bool:
		*field, err = readBoolean(raw)
	case **bool:
		*field, err = readInto(raw, readBoolean)
	case *float64:
		*field, err = readFloat(raw)
	case *time.Time:
		*field, err = readMoment(raw)
	case *decimal:
		*field, err = c.readDecimal(raw)
	case *document:
		*field, err = canonical(raw)
	default:
		err = fmt.Errorf("columns of type %s cannot be read", c.sqlType)
	}
	return err
}

func readInto[T any](raw []byte, read func([]byte) (T, error)) (*T, error) {
	value, err := read(raw)
	return &value, err
}

// write returns what encoding/json makes the column's value of.
func (c *column) write(from reflect.Value) (any, error) {
	switch value := from.Interface().(type) {
	case time.Time:
		return momentOrNull(value), nil
	case decimal:
		if value == "" {
			return nil, nil
		}
		return string(value), nil
	case document:
		if value == nil {
			return nil, nil
		}
		// What a scoring wrote is kept as it came.
		text, err := canonical(value)
		return json.RawMessage(text), err
	default:
		return value, nil
	}
}
