package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/pgstore"
)

// prefix distinguishes our databases from others on a server that is not ours.
const prefix = "passport_test_"

// patience bounds what is done after a test's context has ended.
const patience = time.Minute

// makeTemplate makes the database that the others are copied from.
func (s *server) makeTemplate() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.look(ctx); err != nil {
		return err
	}
	if err := s.sweep(ctx); err != nil {
		return err
	}
	if s.citus != nil {
		return s.makeDistributed(ctx)
	}
	if err := s.do(ctx, "create database "+s.template); err != nil {
		return err
	}
	return s.migrate(ctx, s.template)
}

// makeDistributed makes an empty database of a cluster, and one with tables.
func (s *server) makeDistributed(ctx context.Context) error {
	s.blank = newName()
	if err := s.do(ctx, "create database "+s.blank); err != nil {
		return err
	}
	if err := s.on(ctx, s.blank, s.citus.join); err != nil {
		return err
	}
	if err := s.close(ctx, s.blank); err != nil {
		return err
	}
	if err := s.do(ctx, "create database "+s.template+" template "+s.blank); err != nil {
		return err
	}
	if err := s.migrate(ctx, s.template); err != nil {
		return err
	}
	err := s.on(ctx, s.template, func(ctx context.Context, conn *pgx.Conn) error {
		return s.citus.distribute(ctx, conn, "public")
	})
	if err != nil {
		return err
	}
	return s.close(ctx, s.template)
}

func (s *server) migrate(ctx context.Context, database string) error {
	pool, err := pgstore.OpenPool(ctx, s.url(database))
	if err != nil {
		return err
	}
	defer pool.Close() // a database that someone is connected to cannot be copied
	return pgstore.Migrate(ctx, pool, pgstore.WithEngine(s.statements))
}

// database makes a copy of the template for a test.
func (s *server) database(tb testing.TB, template string) string {
	tb.Helper()
	name, err := s.create(tb.Context(), template)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.drop(name); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return s.url(name)
}

// create makes a copy of the template under a new name. Where the server cannot
// copy databases, it makes an empty one or one like the usual template.
func (s *server) create(ctx context.Context, template string) (name string, err error) {
	name = newName()
	if s.copies() {
		return name, s.do(ctx, "create database "+name+" template "+template)
	}
	if template != s.template && template != s.blank {
		return "", fmt.Errorf("%s cannot copy databases", s.engine)
	}
	err = s.do(ctx, "create database "+name)
	if err == nil && template == s.template {
		err = s.migrate(ctx, name)
	}
	return name, err
}

// drop ends a database and the connections to it.
func (s *server) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	closing := s.close(ctx, name) // a node of a cluster may connect to another
	if err := s.do(ctx, s.dropping(name)); err != nil {
		return errors.Join(closing, err)
	}
	return nil
}

func (s *server) dropping(name string) string {
	if s.engine == pgstore.CockroachDB {
		return "drop database if exists " + name + " cascade"
	}
	return "drop database if exists " + name + " with (force)"
}

// sweep drops what test binaries of earlier days left behind. A server of our
// own has nothing of the kind: it ends with its binary.
func (s *server) sweep(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	rows, err := conn.Query(ctx, "select datname::text from pg_database where datname like $1", strings.ReplaceAll(prefix, "_", `\_`)+"%")
	if err != nil {
		return fmt.Errorf("look for old databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for old databases: %w", err)
	}
	for _, name := range names {
		if age, ours := ageOf(name, time.Now()); !ours || age < 24*time.Hour {
			continue
		}
		if err := s.do(ctx, s.dropping(name)); err != nil {
			return fmt.Errorf("drop old database %s: %w", name, err)
		}
	}
	return nil
}

const nameTime = "20060102t150405"

// newName returns a name that no other database has, with the time in it.
func newName() string {
	return prefix + time.Now().UTC().Format(nameTime) + "_" + strings.ToLower(rand.Text())
}

var ourName = regexp.MustCompile("^" + prefix + "([0-9]{8}t[0-9]{6})_[a-z2-7]{26}$")

// ageOf returns how long ago the name was made, if newName made it.
func ageOf(name string, now time.Time) (age time.Duration, ours bool) {
	found := ourName.FindStringSubmatch(name)
	if found == nil {
		return 0, false
	}
	made, err := time.Parse(nameTime, found[1])
	return now.Sub(made), err == nil
}

func (s *server) url(database string) string {
	u := *s.admin
	u.Path = "/" + database
	return u.String()
}

// do runs one statement on the server's own database, and on that of each node.
func (s *server) do(ctx context.Context, sql string) error {
	return s.on(ctx, strings.TrimPrefix(s.admin.Path, "/"), func(ctx context.Context, conn *pgx.Conn) error {
		if s.citus != nil {
			return s.citus.everywhere(ctx, conn, sql)
		}
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
		return nil
	})
}

// on does something with a connection to a database.
func (s *server) on(ctx context.Context, database string, do func(context.Context, *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	return do(ctx, conn)
}
