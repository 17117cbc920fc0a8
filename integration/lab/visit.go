package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/appm-provision/appm-provision/integration/visit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// Visitor is a user of a deployment on the lab.
type Visitor struct {
	Deployment     string // "" is the lab's own
	User, Password string // "" is the product's admin, as it comes
}

// Visit goes through a deployment as its users do, from a machine that is none
// of its hosts: the servers' own names lead to the hosts, and localhost leads
// to where nothing listens. A role's first node is the one that users know.
func (l *Lab) Visit(ctx context.Context, v Visitor) (visit.Seen, error) {
	d := visit.Deployment{User: or(v.User, "admin"), Password: or(v.Password, "admin")}
	names := map[string]string{}
	for _, role := range []string{"idp", "gateway", "publisher", "store"} {
		hosts, nodes := l.NodesOf(role)
		for i, n := range nodes {
			if n.Deployment != v.Deployment {
				continue
			}
			name, err := hosts[i].serverName(n)
			if err != nil {
				return visit.Seen{}, err
			}
			base := "https://" + net.JoinHostPort(name, strconv.Itoa(9443+n.Offset))
			if _, known := names[name]; !known && name != "localhost" {
				names[name] = hosts[i].Address
			}
			switch {
			case role == "publisher" && d.Publishers == nil:
				d.Publishers = []string{base}
			case role == "store" && d.Stores == nil:
				d.Stores = []string{base}
			}
		}
	}
	d.Lookup = func(name string) (string, error) {
		if address, known := names[name]; known {
			return address, nil
		}
		if ip := net.ParseIP(name); ip != nil && (!ip.IsLoopback() || l.Form == "embedded") {
			return name, nil
		}
		return "", fmt.Errorf("%s leads nowhere on a user's machine", name)
	}
	return d.Walk(ctx)
}

// VisitInventory does the same for the product's admin from what an inventory
// says, whoever brought the lab up: the names of the roles lead to their addresses.
func VisitInventory(ctx context.Context, file string) (visit.Seen, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return visit.Seen{}, err
	}
	inv, _, err := inventory.Parse(file, src)
	if err != nil {
		return visit.Seen{}, err
	}
	d := visit.Deployment{Publishers: []string{inv.Publisher.URL}, Stores: []string{inv.Store.URL}, User: "admin", Password: "admin"}
	d.Lookup = func(name string) (string, error) {
		for _, role := range []inventory.Shared{inv.IDP, inv.Gateway, inv.Publisher, inv.Store} {
			if role.Name == name || role.Address == name {
				return role.Address, nil
			}
		}
		return "", fmt.Errorf("%s leads nowhere on a user's machine", name)
	}
	return d.Walk(ctx)
}

var hostNameElement = regexp.MustCompile(`\n\s*<HostName>([^<]*)</HostName>`)

// serverName is what a node's carbon.xml calls it.
func (h *Host) serverName(n Node) (string, error) {
	data, err := os.ReadFile(filepath.Join(h.Path(n.Home), "repository", "conf", "carbon.xml"))
	if err != nil {
		return "", err
	}
	m := hostNameElement.FindSubmatch(data)
	if m == nil {
		return "", fmt.Errorf("lab: %s: carbon.xml of %s names no host", h.Name, n.Home)
	}
	return string(m[1]), nil
}
