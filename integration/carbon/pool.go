package carbon

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// pool is an open data source of MySQL's; of the embedded database there is
// nothing to open.
type pool struct{ db *sql.DB }

// patience is how long a database may take to answer.
const patience = 10 * time.Second

// connect opens every data source, used or not.
func (s *server) connect(ctx context.Context, drivers map[string]string) error {
	var errs []error
	for _, ds := range s.conf.sources {
		if err := s.connectOne(ctx, ds, drivers); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *server) connectOne(ctx context.Context, ds datasource, drivers map[string]string) error {
	fail := func(format string, args ...any) error {
		return faultf(dsPool, "Unable to create initial connections of pool. Data source "+ds.name+": "+format, args...)
	}
	switch bundle := drivers[ds.driver]; {
	case ds.driver == "org.h2.Driver":
		if !strings.HasPrefix(ds.url, "jdbc:h2:") {
			return fail("org.h2.Driver returned null for URL: %q", ds.url)
		}
		if err := s.lock(ds.url); err != nil {
			return fail("%v", err)
		}
		return nil
	case bundle == "":
		return fail("java.lang.ClassNotFoundException: %q cannot be found by org.wso2.carbon.ndatasource.rdbms", ds.driver)
	}
	u, problem := parseURL(ds.url)
	if problem != "" {
		return fail("%s: %q", problem, ds.url)
	}
	db, err := s.dial(ctx, u, ds)
	if err != nil {
		return fail("java.sql.SQLException: %v", err)
	}
	s.pools[ds.name] = &pool{db}
	s.log.info(dsReader, "Data source "+ds.name+" is connected to "+u.host+":"+u.port+"/"+u.database)
	return nil
}

// dial logs in and runs the validation query.
func (s *server) dial(ctx context.Context, u jdbcURL, ds datasource) (*sql.DB, error) {
	address, err := s.resolve(ctx, u.host)
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName = "tcp", net.JoinHostPort(address, u.port), u.database
	c.User, c.Passwd = ds.user, ds.password
	c.Timeout, c.ReadTimeout, c.WriteTimeout = patience, patience, patience
	c.Logger = &mysql.NopLogger{}
	if u.properties["useSSL"] == "true" || u.properties["useSSL"] == "yes" {
		c.TLSConfig = "skip-verify"
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := s.probe(ctx, db, ds); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (s *server) probe(ctx context.Context, db *sql.DB, ds datasource) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	if ds.query == "" || !ds.testOnBorrow {
		return nil
	}
	_, err := rowsOf(ctx, db, ds.query)
	return err
}

// rowsOf counts the rows that a query returns.
func rowsOf(ctx context.Context, db *sql.DB, query string) (int, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
