package integration_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/docs"
)

// readmeAddresses are what README.md has in place of the lab's.
var readmeAddresses = map[string]string{"idp1": "192.168.10.11", "gw1": "192.168.10.12", "pub1": "192.168.10.13", "store1": "192.168.10.14"}

// TestReadme: the plan on README.md's first screen is what the tool prints over
// real hosts without homes, but for the deployment's name and the addresses.
func TestReadme(t *testing.T) {
	t.Parallel()
	blocks, err := docs.Blocks("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if why := deployments[1].left(); why != "" {
		t.Skip("LEFT OUT: " + why)
	}
	d := deployments[1]
	d.pack = true
	w := up(t, d)
	pairs := []string{"appm-provision lab:", "appm-provision production:", "/opt/wso2/wso2appm", "/opt/wso2appm"}
	for _, h := range w.Hosts {
		if address := readmeAddresses[h.Name]; address != "" {
			pairs = append(pairs, h.Address, address)
		}
	}
	pairs = append(pairs, w.Database.Address, "192.168.10.5")
	printed := strings.NewReplacer(pairs...).Replace(w.want(t, 0, "plan").out)
	for _, b := range blocks {
		if b.Lang != "console" {
			continue
		}
		for _, c := range b.Calls() {
			if err := docs.Shows(c.Output, printed); err != nil {
				t.Errorf("README.md:%d: %v", b.Line, err)
			}
		}
		return
	}
	t.Error("README.md shows no plan")
}
