package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/wire"
)

var roles = []string{"idp", "gateway", "publisher", "store"}

// up builds hosts of one node each.
func (b *bench) up() (err error) {
	var layout []lab.HostSpec
	for i := range b.hosts {
		role := roles[i%len(roles)]
		layout = append(layout, lab.HostSpec{Name: fmt.Sprintf("%s%d", role, i/len(roles)+1), Nodes: []lab.NodeSpec{{Role: role}}})
	}
	begin := lab.Embedded
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		begin = lab.Real
	}
	b.lab, err = begin(b.ctx, filepath.Join(b.dir, "lab"), lab.Options{Layout: layout})
	return err
}

// managed are the hosts that carry nodes.
func (b *bench) managed() (hosts []*lab.Host) {
	for _, h := range b.lab.Hosts {
		if len(h.Nodes) > 0 {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// lines puts a slow line before each host, beside its direct one.
func (b *bench) lines() (closeAll func(), err error) {
	var proxies []*wire.Proxy
	closeAll = func() {
		for _, p := range proxies {
			_ = p.Close()
		}
	}
	b.ways = map[time.Duration]map[string]lab.Endpoint{}
	for _, d := range delays {
		b.ways[d] = map[string]lab.Endpoint{}
	}
	for _, h := range b.managed() {
		direct := h.SSH
		for _, d := range delays {
			if d > 0 {
				p, err := wire.Listen(wire.Options{Target: direct.String(), Delay: d / 2})
				if err == nil {
					proxies = append(proxies, p)
					err = h.ReachThrough(p.Address)
				}
				if err != nil {
					closeAll()
					return nil, err
				}
			}
			b.ways[d][h.Name] = h.SSH
		}
		h.SSH = direct
	}
	return closeAll, nil
}

// inventory writes the inventory of the first n hosts over one kind of line. The
// servers stay stopped and the databases are somebody else's: this is about
// hosts and their files.
func (b *bench) inventory(n int, delay time.Duration) (string, error) {
	all := b.lab.Hosts
	defer func() { b.lab.Hosts = all }()
	b.lab.Hosts = b.managed()[:n]
	var shared strings.Builder
	for i, h := range b.lab.Hosts {
		h.SSH = b.ways[delay][h.Name]
		if r := roles[i%len(roles)]; n > len(roles) && i < len(roles) {
			fmt.Fprintf(&shared, "[%s]\naddress = %q\n\n", r, h.Address)
		}
	}
	text := b.lab.Inventory(lab.InventoryOptions{Via: "-", Extra: shared.String()})
	text = strings.Replace(text, "[database]\n", "[database]\nmanage = false\n", 1)
	text = strings.ReplaceAll(text, "{ role =", "{ running = false, role =")
	file := filepath.Join(b.dir, fmt.Sprintf("%d-%s.toml", n, delay))
	return file, os.WriteFile(file, []byte(text), 0o600)
}
