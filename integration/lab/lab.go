// Package lab builds deployments to provision: hosts behind SSH that carry
// App Manager homes, and a database server, all on one machine and gone
// afterwards. It has two forms behind one API.
//
// Embedded needs no privilege and runs on Linux and macOS: the hosts are SSH
// and SFTP servers in this process, on loopback ports, and what they execute
// runs as the current user with everything it needs inside the lab's
// directory. Real needs root on Linux: every host has a network, mount, pid
// and uts namespace of its own, its own /etc and a real OpenSSH sshd.
//
//	l, err := lab.Embedded(ctx, dir, lab.Options{})
//	if err != nil { … }
//	defer l.Close()
//	path, err := l.WriteInventory()
//
// A lab that was killed is cleaned up from what it had written down: by Down,
// and by the next lab that starts. With APPM_LAB_KEEP=1 in the environment
// Close leaves it standing (a real one goes on running, of an embedded one
// the files, the database and the started servers stay) until Down.
package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
)

// Options of both forms; the zero value is the ordinary deployment.
type Options struct {
	Layout []HostSpec  // nil is Ordinary(): four hosts of one node each
	Kind   mysqld.Kind // of the database server; "" is any that the machine has
	Log    io.Writer   // where the lab says what it installs and does; nil is stderr

	// Product is what the homes hold: set Stock for the release's own
	// configuration files, Standin for how the servers behave. The offset is
	// each node's own.
	Product product.Home
	// Pack leaves the hosts without homes: what Product describes is a
	// distribution zip on the operator's machine, with no offset in it.
	Pack bool
	// Java is a stand-in server that is already built; "" builds it.
	Java string

	// BoundHosts names a host of a real lab whose /etc/hosts is a bind-mounted
	// file, as in containers: rename over it gives EBUSY.
	BoundHosts string
	// Packages are Debian packages that the database host of a real lab can
	// install: it then has a root of its own, no server, and a source of packages
	// that carries these and what they need.
	Packages []string
	// Systemd names a host of a real lab whose first process is a real systemd; see
	// NoSystemd.
	Systemd string
	// SudoPassword makes sudo on a real lab's hosts ask for deploy's password.
	SudoPassword string
}

// HostSpec is a host to build.
type HostSpec struct {
	Name  string
	Nodes []NodeSpec
}

// NodeSpec is a node to put on it.
type NodeSpec struct {
	Role string
	// Deployment names another one that the node belongs to, on hosts that two of
	// them share; "" is the lab's own.
	Deployment string
}

// Ordinary is the page's deployment: one node of each role, on hosts of their own.
func Ordinary() []HostSpec {
	return []HostSpec{
		{Name: "idp1", Nodes: []NodeSpec{{Role: "idp"}}},
		{Name: "gw1", Nodes: []NodeSpec{{Role: "gateway"}}},
		{Name: "pub1", Nodes: []NodeSpec{{Role: "publisher"}}},
		{Name: "store1", Nodes: []NodeSpec{{Role: "store"}}},
	}
}

// Lab is a deployment that is up.
type Lab struct {
	Form       string // "embedded" or "real"
	Dir        string // holds everything of the lab
	Hosts      []*Host
	Database   Database
	User       string // whom SSH logs in
	KeyFile    string // with which key
	KnownHosts string // the file of the hosts' keys
	Driver     string // a JDBC driver's archive, as the vendor packs it
	Pack       string // the distribution zip, where Options.Pack asks for one
	JavaHome   string // on every host
	Options    Options

	mu      sync.Mutex // guards known_hosts and state
	state   *state
	closers []func() error
	bridge  *process // real: that holds the network the hosts hang on

	packages *source // real: that Options.Packages come from

	db            *mysqld.Server
	serverOptions mysqld.Options // to start it again
}

// Host is one host of the lab.
type Host struct {
	Name      string
	Address   string   // by which nodes and database see it
	SSH       Endpoint // by which the operator's machine reaches it
	HostsFile string   // its hosts file, as the host sees the path
	Root      string   // the directory of this machine that holds the host's files
	Nodes     []Node

	lab  *Lab
	sshd *sshd // embedded

	number int      // real: of the host on the network
	init   *process // real: the host's first process
}

// Endpoint is where a host's sshd listens.
type Endpoint struct {
	Host string
	Port int
}

func (e Endpoint) String() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// Node is one App Manager server of a host.
type Node struct {
	Role        string
	Deployment  string // "" is the lab's own
	Home        string // as the host sees it
	Offset      int
	ClusterPort int // 0 for those that are no members of the cluster
}

// node makes a node of the spec; the cluster is Publisher's and Store's.
func (s NodeSpec) node(home string, offset int) Node {
	n := Node{Role: s.Role, Deployment: s.Deployment, Home: home, Offset: offset}
	if s.Role == "publisher" || s.Role == "store" {
		n.ClusterPort = clusterPort + offset
	}
	return n
}

// Database is the lab's database server.
type Database struct {
	Name    string // by which the nodes know it
	Address string
	Port    int
	Host    string // the lab's host that carries it; "" when it is on none
	Admin   Account
	App     Account // the account that the tool is to make
}

// Account is a user of the database and the file, 0600, of its password.
type Account struct{ User, Password, PasswordFile string }

// Host finds a host by its name; nil when there is none.
func (l *Lab) Host(name string) *Host {
	for _, h := range l.Hosts {
		if h.Name == name {
			return h
		}
	}
	return nil
}

// NodesOf lists the hosts' nodes of a role, with their hosts.
func (l *Lab) NodesOf(role string) (hosts []*Host, nodes []Node) {
	for _, h := range l.Hosts {
		for _, n := range h.Nodes {
			if n.Role == role {
				hosts, nodes = append(hosts, h), append(nodes, n)
			}
		}
	}
	return hosts, nodes
}

// Server is the database server, for tests that stop it or look into it.
func (l *Lab) Server() *mysqld.Server { return l.db }

// OpenDatabase connects as the database's administrator.
func (l *Lab) OpenDatabase() (*sql.DB, error) { return l.db.Open("") }

// Path is where this machine sees a path of the host.
func (h *Host) Path(path string) string {
	if h.lab.Form == "embedded" {
		return path
	}
	if path == "/etc/hosts" && h.Name == h.lab.Options.BoundHosts {
		return filepath.Join(h.Root, "bound/hosts")
	}
	if h.hasOwnRoot() && h.init != nil {
		return filepath.Join(h.inside(), path)
	}
	return filepath.Join(h.Root, path)
}

// Close ends the lab and removes it, unless APPM_LAB_KEEP=1 asks to keep it.
func (l *Lab) Close() error {
	if os.Getenv("APPM_LAB_KEEP") == "1" {
		return l.Keep()
	}
	var errs []error
	for _, c := range l.closers {
		errs = append(errs, c())
	}
	return errors.Join(append(errs, Down(context.Background(), l.Dir))...)
}

// Keep lets the lab outlive this process: until Down. Of an embedded lab the
// SSH servers end with the process all the same.
func (l *Lab) Keep() error {
	l.state.Keep = true
	l.say("lab: kept; end it with: go run ./integration/lab/cmd/lab down %s", l.Dir)
	return l.state.save()
}

func (l *Lab) say(format string, args ...any) {
	var w io.Writer = os.Stderr
	if l.Options.Log != nil {
		w = l.Options.Log
	}
	fmt.Fprintf(w, format+"\n", args...)
}
