package steps

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// Names are those that a host must resolve, and the addresses they stand for.
func (d Deployment) Names(h inventory.Host) map[string]string {
	names := map[string]string{}
	for _, e := range d.entries(h) {
		names[e.name] = e.address
	}
	return names
}

// Asked are the names of which a host is asked what they resolve to: those that
// it must resolve, and where its hosts file is somebody else's, those of the
// other servers too.
func (d Deployment) Asked(h inventory.Host) []string {
	names := slices.Collect(maps.Keys(d.Names(h)))
	if !h.Entries {
		for _, shared := range []inventory.Shared{d.Inventory.IDP, d.Inventory.Gateway, d.Inventory.Publisher, d.Inventory.Store} {
			if _, err := netip.ParseAddr(shared.Name); err != nil && shared.Name != "" && !slices.Contains(names, shared.Name) {
				names = append(names, shared.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
