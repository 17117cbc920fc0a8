package converge

import (
	_ "embed"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

//go:embed probe_links.sh
var probeLinks string

// A Link is a TCP connection of a server that stands.
type Link struct{ Local, Remote netip.AddrPort }

// links are asked of each home as its owner: whose process it is, is its own
// affair.
func (q Inquiry) links() []Read {
	var list []Read
	for _, home := range slices.Sorted(maps.Keys(q.Links)) {
		r := Read{Kind: "text", Name: probeLinks, As: home, Args: []string{home}}
		for _, port := range q.Links[home] {
			r.Args = append(r.Args, fmt.Sprintf("%04X", port)) // as /proc/net/tcp writes it
		}
		list = append(list, r)
	}
	return list
}

// parseLinks reads what probe_links.sh printed. A host that has no /proc cannot
// tell, and neither can one whose answer makes no sense: status is no reason to
// end a command.
func parseLinks(out string) (links []Link, is bool) {
	text, whole := strings.CutSuffix(out, "end\n")
	if !whole {
		return nil, false
	}
	for line := range strings.Lines(text) {
		local, remote, _ := strings.Cut(strings.TrimSpace(line), " ")
		l, okLocal := kernelEnd(local)
		r, okRemote := kernelEnd(remote)
		if !okLocal || !okRemote {
			return nil, false
		}
		links = append(links, Link{l, r})
	}
	return links, true
}

// kernelEnd reads one end of a connection, as 0100007F:0FA0.
func kernelEnd(text string) (netip.AddrPort, bool) {
	raw, port, _ := strings.Cut(text, ":")
	address, err := kernelAddress(raw)
	number, errPort := strconv.ParseUint(port, 16, 16)
	if err != nil || errPort != nil {
		return netip.AddrPort{}, false
	}
	ip, err := netip.ParseAddr(address)
	return netip.AddrPortFrom(ip, uint16(number)), err == nil
}
