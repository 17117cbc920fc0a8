package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports of a node with offset 0, and what else a lab takes with its base:
// all nodes of an embedded lab share one address and differ in their offset.
var (
	nodePorts = []int{9443, 9763, 8280, 8243, 9999, 11111, 10500, 5672, 8672, clusterPort}
	labPorts  = []int{3306}
)

const clusterPort = 4000

// takePorts finds an offset from which the ports of n nodes are free, and that
// no other lab has taken: its servers may be down, now or for ever.
func (s *state) takePorts(n int) (int, error) {
	unlock, err := lock("ports")
	if err != nil {
		return 0, err
	}
	defer unlock()
	all, err := registered()
	if err != nil {
		return 0, err
	}
	taken := map[int]bool{}
	for _, other := range all {
		if other.Ports > 0 && other.running() {
			for _, port := range portsOf(other.Base, other.Ports) {
				taken[port] = true
			}
		}
	}
	for _, k := range rand.Perm(300) {
		s.Base, s.Ports = 100+50*k, n // up to 26111, below the ports that systems hand out
		if allFree(portsOf(s.Base, n), taken) {
			return s.Base, s.save()
		}
	}
	s.Ports = 0
	return 0, fmt.Errorf("lab: there are no free ports for %d nodes on 127.0.0.1", n)
}

// portsOf are those of a lab of n nodes.
func portsOf(base, n int) (all []int) {
	for i := range n {
		for _, p := range nodePorts {
			all = append(all, p+base+i)
		}
	}
	for _, p := range labPorts {
		all = append(all, p+base)
	}
	return all
}

func allFree(ports []int, taken map[int]bool) bool {
	for _, p := range ports {
		if taken[p] || !portIsFree(p) {
			return false
		}
	}
	return true
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func itoa(n int) string { return strconv.Itoa(n) }

func (s *sshd) port() int { return s.listener.Addr().(*net.TCPAddr).Port }
