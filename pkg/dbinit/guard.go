package dbinit

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"net"
	"runtime"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Guard makes an error of it where the MySQL driver panics over what a server
// sends: it trusts the lengths in some packets, the greeting among them (version
// 1.10.1). Each packet is told of, when its first answer is there; told may be nil,
// and is called from several goroutines.
func Guard(c driver.Connector, told func(Packet)) driver.Connector {
	if told == nil {
		told = func(Packet) {}
	}
	return guarded{c, told}
}

// Packet is what was sent to the database server at once, one round trip: how
// much, never what.
type Packet struct {
	Bytes int
	Took  time.Duration // until the first answer
}

// caught turns a panic into an error.
func caught(err *error) {
	if value := recover(); value != nil {
		*err = senseless(value)
	}
}

// senseless is a panic as an error. The text is the runtime's, which holds
// numbers and no values; of others none is shown.
func senseless(value any) error {
	why := "it cannot be read"
	if known, is := value.(runtime.Error); is {
		why = known.Error()
	}
	return fmt.Errorf("the answer of the database server makes no sense (%s); is it a MySQL or MariaDB server?", why)
}

type guarded struct {
	driver.Connector
	told func(Packet)
}

func (g guarded) Connect(ctx context.Context) (c driver.Conn, err error) {
	defer caught(&err)
	made, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, is := made.(connection)
	if !is {
		return made, nil
	}
	return &guardedConn{connection: whole, told: g.told}, nil
}

// connection is what the driver's connections can do, of which this package
// uses queries without arguments.
type connection interface {
	driver.Conn
	driver.Pinger
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnBeginTx
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type guardedConn struct {
	connection
	lost bool // what it would say next is anybody's guess
	told func(Packet)
}

// caught is that of a connection, which is not used again.
func (c *guardedConn) caught(err *error) {
	if value := recover(); value != nil {
		*err, c.lost = senseless(value), true
	}
}

func (c *guardedConn) Ping(ctx context.Context) (err error) {
	defer c.caught(&err)
	return c.connection.Ping(ctx)
}

func (c *guardedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Rows, err error) {
	defer c.caught(&err)
	defer c.tell(query, time.Now())
	rows, err := c.connection.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &guardedRows{rows, c}, nil
}

func (c *guardedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	defer c.caught(&err)
	defer c.tell(query, time.Now())
	return c.connection.ExecContext(ctx, query, args)
}

func (c *guardedConn) tell(query string, began time.Time) {
	c.told(Packet{Bytes: len(query), Took: time.Since(began)})
}

func (c *guardedConn) Close() (err error) {
	defer caught(&err)
	return c.connection.Close()
}

func (c *guardedConn) IsValid() bool { return !c.lost && c.connection.IsValid() }

type guardedRows struct {
	driver.Rows
	conn *guardedConn
}

func (r *guardedRows) Next(to []driver.Value) (err error) {
	defer r.conn.caught(&err)
	return r.Rows.Next(to)
}

func (r *guardedRows) Close() (err error) {
	defer r.conn.caught(&err)
	return r.Rows.Close()
}

func (r *guardedRows) HasNextResultSet() bool {
	more, is := r.Rows.(driver.RowsNextResultSet)
	return is && more.HasNextResultSet()
}

func (r *guardedRows) NextResultSet() (err error) {
	defer r.conn.caught(&err)
	more, is := r.Rows.(driver.RowsNextResultSet)
	if !is {
		return io.EOF
	}
	return more.NextResultSet()
}

// mostReceived is what one connection may send in all: a hundred times what the largest
// run needs, and less than fills a memory.
const mostReceived = 256 << 20

// bounded ends a connection over which a server sends without end.
type bounded struct {
	net.Conn
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the database server sent more than %d MB, which no run needs", mostReceived>>20)
	}
	n, err := b.Conn.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// boundedSocket lets the driver look whether the other end is still there.
type boundedSocket struct {
	*bounded
	syscall.Conn
}

// dialBounded is dial, or the driver's own, with bounded connections.
func dialBounded(c *mysql.Config) func(context.Context, string, string) (net.Conn, error) {
	dial := c.DialFunc
	if dial == nil {
		dial = (&net.Dialer{Timeout: c.Timeout}).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		b := &bounded{conn, mostReceived}
		if socket, is := conn.(syscall.Conn); is {
			return boundedSocket{b, socket}, nil
		}
		return b, nil
	}
}
