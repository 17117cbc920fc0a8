// Package carbon is a stand-in for the server that App Manager runs on. It
// reads the configuration as that server does, with code of its own, so that
// "four servers came up" is a judgement on what was written and not an echo
// of it: no trimming where the server does not trim, first or last wins as
// there, duplicates are fatal, every data source is opened as it is written.
//
// Once it is up it is a server that others can use: it takes logins as an IDP,
// apps as a Gateway, and has the pages of Publisher and Store, all of them on
// every node, as in the product. Which of four nodes do what is only a matter of
// what their files say of each other, and shows where a user ends up.
//
// Where the real server would go on half broken, this one logs an ERROR line
// that names the mistake and ends. It logs every mistake that it finds.
package carbon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// server is one server between its start and its end.
type server struct {
	home    string
	props   map[string]string // system properties
	env     func(string) string
	log     *logger
	started time.Time

	conf  configuration
	pools map[string]*pool // by data source name
	open  []net.Listener
	locks []*os.File
	admin func() error // adds the admin user, when the users have none

	sessions sessions
	files    sync.Mutex // of what other servers had it write
}

func newServer(props map[string]string, getenv func(string) string) (*server, error) {
	home := props["carbon.home"]
	log, err := openLog(filepath.Join(home, "repository", "logs", "wso2carbon.log"))
	if err != nil {
		return nil, err
	}
	return &server{home: home, props: props, env: getenv, log: log, started: time.Now(), pools: map[string]*pool{}}, nil
}

// Classes that log lines name.
const (
	kernel    = "org.wso2.carbon.core.internal.CarbonCoreActivator"
	finalizer = "org.wso2.carbon.core.internal.StartupFinalizerServiceComponent"
)

// run starts the server, waits for SIGTERM and stops it.
func (s *server) run() int {
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	up := make(chan error, 1)
	go func() { up <- s.start(ctx) }()
	for {
		select {
		case err := <-up:
			if err != nil {
				s.complain(err)
				return 1
			}
			up = nil
			s.dieLater()
		case <-terms:
			if s.settings().ignoreTerm {
				continue
			}
			s.stop(cancel)
			return 143
		}
	}
}

// start is everything up to the line that says so. An error ends the server.
func (s *server) start(ctx context.Context) error {
	s.log.info(kernel, "Starting WSO2 Carbon...")
	s.log.info(kernel, "Java Version     : "+javaVersion())
	s.log.info(kernel, "Carbon Home      : "+s.home)
	set := s.settings()
	pause(ctx, set.pid)
	if err := s.writePID(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.home, "tmp"), 0o755); err != nil {
		return err
	}
	if err := s.profile(); err != nil {
		return err
	}
	if err := s.configure(ctx); err != nil {
		return err
	}
	pause(ctx, set.start)
	if err := s.failure(ctx, set); err != nil {
		return err
	}
	return s.serve(ctx)
}

// profile refuses what this release has no folder for.
func (s *server) profile() error {
	if s.props["workerNode"] == "true" {
		return faultf(kernel, "worker profile not found")
	}
	if p := s.props["profile"]; p != "" && p != "default" {
		return faultf(kernel, "profile %q not found", p)
	}
	return nil
}

// configure reads the configuration and opens what it names. It goes as far
// as it can, so that the log holds every mistake of a run.
func (s *server) configure(ctx context.Context) error {
	drivers, err := s.bundles()
	conf, errConf := s.read()
	s.conf = conf
	if err := errors.Join(err, errConf); err != nil {
		return err
	}
	if err := s.connect(ctx, drivers); err != nil {
		return err
	}
	return errors.Join(s.tables(ctx), s.lookForAdmin(ctx))
}

// serve opens the ports, joins the cluster and says that it is there.
func (s *server) serve(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err() // told to stop meanwhile
	}
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.join(ctx); err != nil {
		return err
	}
	if s.admin != nil {
		if err := s.admin(); err != nil {
			return err
		}
	}
	s.greet(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := s.conf
	s.log.info(finalizer, "Server           :  "+c.product)
	s.log.info(finalizer, fmt.Sprintf("WSO2 Carbon started in %d sec", int(time.Since(s.started).Seconds())))
	s.log.info("org.wso2.carbon.ui.internal.CarbonUIServiceComponent", fmt.Sprintf("Mgt Console URL  : https://%s:%d/carbon/", c.mgtHostName, 9443+c.offset))
	return nil
}

const manager = "org.wso2.carbon.core.ServerManagement"

// stop is what the JVM's shutdown hook does.
func (s *server) stop(cancel func()) {
	s.log.info("org.wso2.carbon.core.init.CarbonServerManager", "Shutdown hook triggered....")
	s.log.info("org.wso2.carbon.core.init.CarbonServerManager", "Gracefully shutting down WSO2 Carbon...")
	cancel()
	time.Sleep(s.settings().stop)
	for _, l := range s.open {
		l.Close()
	}
	s.log.info(manager, "Shutdown complete")
	s.log.info(manager, "Halting JVM")
}

// complain logs each of the errors that were joined.
func (s *server) complain(err error) {
	for _, e := range flat(err) {
		var f fault
		if !errors.As(e, &f) {
			f = fault{kernel, e.Error()}
		}
		s.log.error(f.class, f.text)
	}
	s.log.error(kernel, "WSO2 Carbon could not be started")
}

// writePID does as the product: 100 bytes, of which only the first few are
// the number, in a file that nobody ever removes.
func (s *server) writePID() error {
	data := make([]byte, 100)
	copy(data, fmt.Sprintf("%d\n", os.Getpid()))
	return os.WriteFile(filepath.Join(s.home, "wso2carbon.pid"), data, 0o644)
}

// pause sleeps, unless the server is stopped meanwhile.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
