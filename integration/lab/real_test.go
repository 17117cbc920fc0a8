package lab

import (
	"os"
	"path/filepath"
	"testing"
)

func real(t *testing.T, o Options) *Lab {
	t.Helper()
	if err := canBeReal(); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	l, err := Real(t.Context(), filepath.Join(t.TempDir(), "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestRealHosts(t *testing.T) {
	l := real(t, Options{Java: os.Getenv("LABJAVA")})
	for _, h := range l.Hosts {
		t.Log(run(t, l, h, "hostname; id; sudo -n id; cat /proc/mounts; touch /work/x; touch /x; sudo touch /work/x; sudo touch /sys/x; ls -la /dev/pts; true"))
	}
}
