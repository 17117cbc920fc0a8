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

// freeBase finds an offset from which the ports of n nodes are free. It starts
// at a random one, so that labs that start together do not meet.
func freeBase(n int) (int, error) {
	for range 200 {
		base := 100 + 50*rand.IntN(300) // up to 26111, below the ports that systems hand out
		if baseIsFree(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("lab: no 200 tries found free ports for %d nodes on 127.0.0.1", n)
}

func baseIsFree(base, n int) bool {
	for i := range n {
		for _, p := range nodePorts {
			if !portIsFree(p + base + i) {
				return false
			}
		}
	}
	for _, p := range labPorts {
		if !portIsFree(p + base) {
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
