package carbon

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// resolve finds a name's address: in the hosts file of this host, and where
// that is the machine's own, by asking on.
func (s *server) resolve(ctx context.Context, name string) (string, error) {
	if net.ParseIP(name) != nil {
		return name, nil
	}
	path := s.env("CARBON_HOSTS_FILE")
	own := path == ""
	if own {
		path = "/etc/hosts"
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if address := hostLine(string(data), name); address != "" {
		return address, nil
	}
	if name == "localhost" {
		return "127.0.0.1", nil
	}
	if own {
		return ask(ctx, name)
	}
	return "", fmt.Errorf("java.net.UnknownHostException: %s", name)
}

// hostLine returns the address of the first line that has the name.
func hostLine(hosts, name string) string {
	for _, line := range strings.Split(hosts, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		for i := 1; i < len(fields); i++ {
			if strings.EqualFold(fields[i], name) {
				return fields[0]
			}
		}
	}
	return ""
}

func ask(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return "", fmt.Errorf("java.net.UnknownHostException: %s: %w", name, err)
	}
	return addresses[0], nil
}
