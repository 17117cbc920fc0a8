package inventory_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// TestWiring: URLs follow names and the offsets of the nodes behind them, as
// long as nothing else is said.
func TestWiring(t *testing.T) {
	inv := parse(t, smallest) // the IDP has offset 4, the Gateway at its address 1
	w := inv.Wiring
	for _, c := range []struct{ what, got, want string }{
		{"authentication", w.Authentication, "https://idp.appm-wso2.com:9447/services/"},
		{"login", w.Login, "https://idp.appm-wso2.com:9447/samlsso"},
		{"provider", w.Provider, "https://idp.appm-wso2.com:9447"},
		{"entitlement", w.Entitlement, "https://idp.appm-wso2.com:9447"},
		{"publishing", w.Publishing, "https://gateway.appm-wso2.com:9444/services/"},
		{"endpoints", words(w.Endpoints), "[http://gateway.appm-wso2.com:8281 https://gateway.appm-wso2.com:8244]"},
		{"origins", words(w.Origins), "[https://store.appm-wso2.com:9443 http://store.appm-wso2.com:9763]"},
		{"publisher's", w.PublisherACS, "https://publisher.appm-wso2.com:9443/publisher/acs"},
		{"store's", w.StoreACS, "https://store.appm-wso2.com:9443/store/acs"},
		{"social's", w.SocialACS, "https://store.appm-wso2.com:9443/social/acs"},
		{"addresses", inv.IDP.Address + " " + inv.Gateway.Address, "192.168.10.11 192.168.10.11"},
		{"host names", inv.Nodes[0].HostName + " " + inv.Nodes[1].HostName, "idp.appm-wso2.com gateway.appm-wso2.com"},
		{"admin", words(inv.Admin), "{admin no secret}"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
}

// TestWiringBySettings: a URL of a role brings its name, and what follows from it.
func TestWiringBySettings(t *testing.T) {
	with := func(more string) inventory.Inventory {
		return parse(t, strings.Replace(smallest, "[gateway]", more+"[gateway]", 1))
	}
	inv := with("[idp]\nurl = \"https://login.example.com\"\n[wiring]\nlogin_url = \"keep\"\nhost_names = false\n")
	if inv.IDP.Name != "login.example.com" || inv.Wiring.Provider != "https://login.example.com" || inv.Wiring.Login != "" || inv.Nodes[0].HostName != "" {
		t.Errorf("got %+v, %+v", inv.IDP, inv.Wiring)
	}
	if w := with("[store]\nurl = \"https://shop.example.com/apps\"\n").Wiring; words(w.Origins) != "[https://shop.example.com http://shop.example.com:9763]" || w.StoreACS != "https://shop.example.com/apps/store/acs" {
		t.Errorf("a Store below a path: %+v", w)
	}
	if inv := with("[idp]\nurl = \"https://192.168.10.11:9447\"\n"); inv.IDP.Name != "idp.appm-wso2.com" {
		t.Errorf("an address is no name: %+v", inv.IDP)
	}
	inv = with("[wiring]\nmanage = false\n")
	if inv.IDP.Name != "" || inv.Gateway.Name == "" || inv.Wiring.Publishing+inv.Wiring.StoreACS+strings.Join(inv.Wiring.Origins, "") != "" || inv.Wiring.Manage || inv.Nodes[0].HostName != "" {
		t.Errorf("switched off: %+v, %+v, %+v", inv.IDP, inv.Gateway, inv.Wiring)
	}
}
