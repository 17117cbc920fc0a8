package converge

import (
	"testing"

	"github.com/appm-provision/appm-provision/integration/hosttest"
)

// The fake that the other tests use is as good as a host, where it claims to be.
func TestFakeKeepsTheContract(t *testing.T) {
	hosttest.Contract(t, func(*testing.T) hosttest.Place {
		return hosttest.Place{Host: &fakeHost{files: map[string]string{}}, Dir: "/d", Fake: true}
	})
}
