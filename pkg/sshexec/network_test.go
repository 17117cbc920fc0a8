package sshexec

import (
	"net"
	"runtime"
	"testing"
)

func TestConnectionsComeFromTheAddressThatIsAskedFor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: only Linux has all of 127.0.0.0/8")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := Config{Network: "tcp4", BindAddress: "127.0.0.2"}
	near, err := cfg.dialer(nil)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	if got := near.LocalAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.2" {
		t.Errorf("it comes from %s", got)
	}
	cfg.Network = "tcp6"
	if far, err := cfg.dialer(nil)(t.Context(), "tcp", l.Addr().String()); err == nil {
		far.Close()
		t.Error("tcp6 reaches an IPv4 address")
	}
}

func TestAJumpHostIsSharedWhereNetworkAndAddressAreTheSame(t *testing.T) {
	jump := Config{Address: "h", User: "u", Network: "tcp4", BindAddress: "127.0.0.1"}
	same, other := jump, jump
	other.BindAddress = "127.0.0.2"
	if jump.identity() == "" || jump.identity() != same.identity() || jump.identity() == other.identity() {
		t.Errorf("the identities are %s, %s, %s", jump.identity(), same.identity(), other.identity())
	}
}
