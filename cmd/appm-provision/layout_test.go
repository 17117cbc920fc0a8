package main

import (
	"os"
	"reflect"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func TestLayoutOfTheExample(t *testing.T) {
	src, err := os.ReadFile("../../inventory.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	inv, _, err := inventory.Parse("inventory.example.toml", src)
	if err != nil {
		t.Fatal(err)
	}
	got := layout(inv)
	if len(got.Hosts) != len(inv.Hosts) || got.Cluster != "wso2.pub.store.domain" {
		t.Errorf("got %d hosts and cluster %q", len(got.Hosts), got.Cluster)
	}
	for _, h := range got.Hosts {
		for _, n := range h.Nodes {
			want := run.Node{Name: n.Name, Role: n.Role, Home: "/opt/wso2appm", Port: 9443, Databases: []string{"AM_DB", "UM_DB"}}
			if n.Role == "publisher" || n.Role == "store" {
				want.ClusterPort, want.Databases = 4000, []string{"AM_DB", "UM_DB", "REG_DB", "ES_STORAGE_DB"}
			}
			if !reflect.DeepEqual(n, want) {
				t.Errorf("got %+v, want %+v", n, want)
			}
		}
	}
}
