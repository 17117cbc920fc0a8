package integration_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDemo runs what make demo runs, to its end: each act in its order.
func TestDemo(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./integration/cmd/demo")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	for _, want := range []string{
		"$ appm-provision plan", "4 to start", "$ appm-provision apply --yes", "Applied and verified in", "/publisher/ through https://", "/store/ through https://",
		"published hello", "the Store shows it at https://", " for admin", "No changes.", "wso2.other.domain", "$ appm-provision status",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("no %q in its place in\n%s", want, out)
		}
		rest = after
	}
}
