// Package mysqld starts private database servers for the lab and for tests:
// a data directory, a port, a socket and a root password of their own, reading
// no configuration of the machine, and gone when they are stopped.
//
//	if _, err := mysqld.Ensure(ctx, mysqld.MariaDB); err != nil { … }
//	s, err := mysqld.Start(ctx, mysqld.Options{Kind: mysqld.MariaDB, Dir: t.TempDir()})
//	defer s.Stop()
//	db, err := s.Open("")
package mysqld

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Kind names a server. They differ in ways that matter to what is tested:
// MariaDB is strict by default, MySQL 5.6 knows no CREATE USER IF NOT EXISTS.
type Kind string

const (
	Any     Kind = ""          // whatever MariaDB or MySQL the machine has
	MariaDB Kind = "mariadb"   // of the system's packages
	MySQL   Kind = "mysql"     // 5.7 or later, of the system's packages
	MySQL56 Kind = "mysql-5.6" // 5.6.24, of an npm package

	// Of Debian's unstable suite, each in a root of its own; only as root on
	// Debian. Which version that is stands in Installed.Version.
	MySQL9    Kind = "mysql-9"    // 9.7.4 when this was written
	MariaDB11 Kind = "mariadb-11" // 11.8.9 when this was written
)

// Tested are the kinds that the tests run on, each where it can run (Unfit).
var Tested = []Kind{MariaDB, MySQL56, MySQL9, MariaDB11}

// family tells the kinds that speak alike: MariaDB, MySQL or MySQL56.
func (k Kind) family() Kind {
	switch k {
	case MySQL9:
		return MySQL
	case MariaDB11:
		return MariaDB
	}
	return k
}

// Options say where a server lives. The zero value of everything but Dir is
// a MariaDB or MySQL on a free loopback port with a random root password.
type Options struct {
	Kind      Kind
	Dir       string        // holds all of this server; made when absent, never removed
	Address   string        // to listen on; "" is 127.0.0.1
	Port      int           // 0 is a free one
	Socket    string        // "" is a short path below Dir, or below the temporary directory where Dir is too long for a socket
	Password  string        // of root; "" is a random one
	RootHosts []string      // from which root may log in, besides localhost; for example "%"
	Wait      time.Duration // how long the server may take to answer; 0 is three minutes
	Args      []string      // further arguments of the server, last

	// Enter is put before the server's command, to start it in a namespace;
	// the command it runs must fork the server as its only child.
	Enter []string
	// Within maps Dir to the path under which the entered server sees it;
	// "" is the same path.
	Within string
	// WithinBase is where the entered server sees the directory Base of its
	// installation, if it has one.
	WithinBase string
}

// Server is a running server.
type Server struct {
	Kind     Kind
	Version  string // what the server says, as 10.11.6-MariaDB
	Dir      string
	Address  string
	Port     int
	Socket   string
	Password string // of root
	PID      int    // of the server itself, not of what entered a namespace for it
	Log      string // its error log

	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
	tidy []string      // what lies outside Dir
}

// Start brings a server up and returns when it answers. A data directory that
// is already in Dir is used again, with the password of these Options.
func Start(ctx context.Context, o Options) (*Server, error) {
	for try := 1; ; try++ {
		s, err := startOnce(ctx, o)
		// A port that was free a moment ago may be taken when the server gets
		// to it: other tests look for free ones, too.
		taken := err != nil && o.Port == 0 && strings.Contains(err.Error(), "Address already in use")
		if !taken || try == 5 {
			return s, err
		}
	}
}

func startOnce(ctx context.Context, o Options) (_ *Server, err error) {
	inst, err := Find(o.Kind)
	if err != nil {
		return nil, err
	}
	s := &Server{Kind: inst.Kind, Address: o.Address, Port: o.Port, Socket: o.Socket, Password: o.Password}
	if err := s.settle(o, inst); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err := inst.initialize(ctx, s.Dir, o.Args); err != nil {
		return s, err
	}
	if err := s.launch(inst, o); err != nil {
		return s, err
	}
	return s, s.await(ctx, o)
}

// settle fills in what the options left open.
func (s *Server) settle(o Options, inst Installed) (err error) {
	if o.Dir == "" {
		return errors.New("mysqld: no directory given for the server")
	}
	if s.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	if s.Address == "" {
		s.Address = "127.0.0.1"
	}
	if s.Port == 0 {
		if s.Port, err = freePort(s.Address); err != nil {
			return err
		}
	}
	if s.Password == "" {
		s.Password = rand.Text()
	}
	s.Log = filepath.Join(s.Dir, "error.log")
	s.done = make(chan struct{})
	if s.Socket == "" {
		s.Socket = filepath.Join(s.Dir, "s.sock")
	}
	if o.Within != "" {
		return nil // it is short enough where the server is
	}
	if err := s.placeSocket(); err != nil || !inst.Chroot {
		return err
	}
	return s.linkSocket()
}

// linkSocket leads from where the socket is asked for to where a server that
// sees nothing but Dir makes it.
func (s *Server) linkSocket() error {
	made := filepath.Join(s.Dir, filepath.Base(s.Socket))
	if made == s.Socket {
		return nil
	}
	s.tidy = append(s.tidy, s.Socket)
	return os.Symlink(made, s.Socket)
}

// placeSocket keeps the socket's path below the 104 bytes that macOS allows.
func (s *Server) placeSocket() error {
	if len(s.Socket) < 100 {
		return nil
	}
	dir, err := os.MkdirTemp("", "appm-db")
	if err != nil {
		return err
	}
	s.tidy = append(s.tidy, dir)
	s.Socket = filepath.Join(dir, "s.sock")
	return nil
}

func freePort(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, fmt.Errorf("mysqld: no free port on %s: %w", address, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch starts the server's process in a session of its own, so that a
// Ctrl-C meant for the test does not reach it before the test has tidied up.
func (s *Server) launch(inst Installed, o Options) error {
	init := filepath.Join(s.Dir, "init.sql")
	if err := os.WriteFile(init, inst.rootSQL(s.Password, o.RootHosts), 0o600); err != nil {
		return err
	}
	if o.WithinBase != "" {
		inst = inst.at(o.WithinBase)
	}
	argv := append(append([]string{}, o.Enter...), inst.argv(s, o)...)
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Env = inst.environ()
	output, err := os.Create(s.output())
	if err != nil {
		return err
	}
	defer output.Close()
	s.cmd.Stdout, s.cmd.Stderr = output, output
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("mysqld: %s: %w", argv[0], err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended stands in its log
		close(s.done)
	}()
	return nil
}

// await returns when root can log in with the new password.
func (s *Server) await(ctx context.Context, o Options) error {
	limit := o.Wait
	if limit == 0 {
		limit = 3 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	db, err := s.Open("")
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.Version)
		if err == nil {
			s.findPID(len(o.Enter) > 0)
			return os.Remove(filepath.Join(s.Dir, "init.sql"))
		}
		select {
		case <-s.done:
			return fmt.Errorf("mysqld: the server ended before it answered; its log %s ends with:\n%s", s.Log, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("mysqld: no answer from the server on %s within %s (%w); its log %s ends with:\n%s", s.Addr(), limit, err, s.Log, s.logTail())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// findPID looks through what entered the namespace for the server.
func (s *Server) findPID(entered bool) {
	s.PID = s.cmd.Process.Pid
	if !entered {
		return
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.PID, s.PID))
	if err != nil {
		return
	}
	var child int
	if _, err := fmt.Sscan(string(children), &child); err == nil {
		s.PID = child
	}
}

// output holds what is said before there is a log.
func (s *Server) output() string { return filepath.Join(s.Dir, "output.log") }

func (s *Server) logTail() string {
	said, _ := os.ReadFile(s.output())
	data, err := os.ReadFile(s.Log)
	if err != nil {
		return string(said) + err.Error()
	}
	return string(said) + string(data[max(0, len(data)-2000):])
}

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Address, strconv.Itoa(s.Port)) }

// Config is how root logs in over TCP.
func (s *Server) Config(database string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = "root", s.Password, "tcp", s.Addr(), database
	c.AllowNativePasswords = true
	c.Timeout = 5 * time.Second
	c.Logger = mutedDriver{} // it would print the refusals of a server that is still starting
	return c
}

type mutedDriver struct{}

func (mutedDriver) Print(...any) {}

// Open gives a connection pool of root's; database may be "".
func (s *Server) Open(database string) (*sql.DB, error) {
	c, err := mysql.NewConnector(s.Config(database))
	if err != nil {
		return nil, fmt.Errorf("mysqld: %w", err)
	}
	return sql.OpenDB(c), nil
}

// Stop ends the server and waits for it. Stopping twice is no error.
func (s *Server) Stop() error {
	err := s.end()
	for _, dir := range s.tidy {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	s.tidy = nil
	return err
}

func (s *Server) end() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	for _, try := range []struct {
		signal os.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, 20 * time.Second}, {os.Kill, 5 * time.Second}} {
		s.signal(try.signal)
		select {
		case <-s.done:
			return nil
		case <-time.After(try.wait):
		}
	}
	return fmt.Errorf("mysqld: process %d does not end", s.PID)
}

// signal reaches the server, and with SIGKILL also what entered for it.
func (s *Server) signal(sig os.Signal) {
	if s.PID != 0 && s.PID != s.cmd.Process.Pid {
		if p, err := os.FindProcess(s.PID); err == nil {
			_ = p.Signal(sig) // gone is what is wanted
		}
		if sig != os.Kill {
			return
		}
	}
	_ = s.cmd.Process.Signal(sig)
}
