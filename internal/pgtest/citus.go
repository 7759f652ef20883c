package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/pgstore"
)

// citus is what it takes to use a cluster: a database is made on every node,
// since a copy of a template has the template's distributed tables only if all
// nodes have one. Workers are reached by way of the coordinator.
type citus struct {
	layout      pgstore.CitusLayout
	coordinator node
	workers     []node
}

// node is one server, as the others know it.
type node struct {
	Group int
	Name  string
	Port  int
}

// citusOn returns the cluster of the coordinator that the connection is to.
func citusOn(ctx context.Context, conn *pgx.Conn) (*citus, error) {
	c := &citus{
		layout:      cmp.Or(pgstore.CitusLayout(os.Getenv("PASSPORT_TEST_CITUS_LAYOUT")), pgstore.CitusOneNode),
		coordinator: node{Name: conn.Config().Host, Port: int(conn.Config().Port)},
	}
	if _, err := pgstore.CitusStatements(c.layout); err != nil {
		return nil, fmt.Errorf("PASSPORT_TEST_CITUS_LAYOUT is neither %q nor %q: %w", pgstore.CitusOneNode, pgstore.CitusByCommunity, err)
	}
	rows, err := conn.Query(ctx, "select groupid, nodename::text, nodeport from pg_dist_node where noderole = 'primary' and isactive order by 1")
	if err != nil {
		return nil, fmt.Errorf("look for the nodes: %w", err)
	}
	nodes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[node])
	if err != nil {
		return nil, fmt.Errorf("look for the nodes: %w", err)
	}
	for _, n := range nodes {
		if n.Group == 0 {
			c.coordinator = n
		} else {
			c.workers = append(c.workers, n)
		}
	}
	if len(c.workers) == 0 {
		return nil, errors.New("the database of PASSPORT_TEST_DATABASE_URL has the extension citus, but no workers: citus_add_node adds them")
	}
	return c, nil
}

// notPropagated keeps Citus from making databases everywhere by itself, which
// it can, but not as copies.
const notPropagated = "set citus.enable_create_database_propagation = off"

// everywhere runs a statement on all nodes.
func (c *citus) everywhere(ctx context.Context, conn *pgx.Conn, sql string) error {
	if _, err := conn.Exec(ctx, notPropagated); err != nil {
		return fmt.Errorf("%s: %w", notPropagated, err)
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return c.onWorkers(ctx, conn, sql)
}

func (c *citus) onWorkers(ctx context.Context, conn *pgx.Conn, sql string) error {
	var names, statements []string
	var ports []int
	for _, n := range c.workers {
		names, ports, statements = append(names, n.Name), append(ports, n.Port), append(statements, sql)
	}
	rows, err := conn.Query(ctx, `select node_name || ':' || node_port || ': ' || result
		from master_run_on_worker($1::text[], $2::int[], $3::text[], true) where not success`, names, ports, statements)
	if err != nil {
		return fmt.Errorf("%s on the workers: %w", sql, err)
	}
	failed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("%s on the workers: %w", sql, err)
	}
	for _, failure := range failed {
		err = errors.Join(err, fmt.Errorf("%s: worker %s", sql, failure))
	}
	return err
}

// join makes the databases of one name, one on each node, a database of the
// cluster. The connection is to the coordinator's.
func (c *citus) join(ctx context.Context, conn *pgx.Conn) error {
	const extension = "create extension if not exists citus"
	if err := c.everywhere(ctx, conn, extension); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "select citus_set_coordinator_host($1, $2)", c.coordinator.Name, c.coordinator.Port); err != nil {
		return fmt.Errorf("add the coordinator: %w", err)
	}
	for _, n := range c.workers {
		if _, err := conn.Exec(ctx, "select citus_add_node($1, $2)", n.Name, n.Port); err != nil {
			return fmt.Errorf("add the worker %s:%d: %w", n.Name, n.Port, err)
		}
	}
	return nil
}

// distribute puts the tables of the schema into the layout.
func (c *citus) distribute(ctx context.Context, conn *pgx.Conn, schema string) error {
	statements, err := pgstore.CitusStatements(c.layout, pgstore.WithSchema(schema))
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
}

// close ends the connections to a database, and lets no new ones be made: one
// that is being used cannot be copied, and Citus keeps one to each.
func (c *citus) close(ctx context.Context, conn *pgx.Conn, name string) error {
	if err := c.everywhere(ctx, conn, "alter database "+name+" allow_connections false"); err != nil {
		return err
	}
	return c.everywhere(ctx, conn, "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity where datname = '"+name+"'")
}
