package steps

import "github.com/appm-provision/appm-provision/pkg/inventory"

// Names are those that a host must resolve, and the addresses they stand for.
func (d Deployment) Names(h inventory.Host) map[string]string {
	names := map[string]string{}
	for _, e := range d.entries(h) {
		names[e.name] = e.address
	}
	return names
}
