package inventory

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"name", "name", 0}, {"nmae", "name", 1}, {"nam", "name", 1},
		{"names", "name", 1}, {"nome", "name", 1}, {"gatway", "gateway", 1}, {"abc", "cab", 2}, {"store", "role", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance of %q and %q is %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance of %q and %q is %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	roles := roleNames()
	for _, c := range []struct{ word, want string }{
		{"Gateway", "gateway"}, {"gate", "gateway"}, {"pub", "publisher"}, {"ipd", "idp"}, {"stores", "store"},
		{"", ""}, {"x", ""}, {"key-manager", ""}, {"st", ""}, {strings.Repeat("gateway", 100), ""},
	} {
		if got := Nearest(c.word, roles); got != c.want {
			t.Errorf("nearest to %.20q is %q, want %q", c.word, got, c.want)
		}
	}
	if got := Nearest("host", []string{strings.Repeat("h", 1000), "hosts"}); got != "hosts" {
		t.Errorf("got %q, want hosts", got)
	}
}
