package sshconfig

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var quoted = regexp.MustCompile("`([A-Z][A-Za-z0-9]*[a-z0-9][A-Za-z0-9]*)`")

// section is what docs/ssh.md says under a heading, and which directives it
// names: in its tables those of the first column.
func section(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/ssh.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("docs/ssh.md has no %s", heading)
	}
	if end := strings.Index(text, "\n##"); end >= 0 {
		text = text[:end]
	}
	tables := strings.Contains(text, "\n|")
	var names []string
	for line := range strings.Lines(text) {
		if tables && !strings.HasPrefix(line, "| `") {
			continue
		}
		if tables {
			line = strings.Split(line, "|")[1]
		}
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func TestDocsNameEachDirectiveInItsList(t *testing.T) {
	for heading, lists := range map[string]string{
		"Honoured": honouredNames, "Ignored": harmlessNames + " " + obsoleteNames, "Refused": refusedNames,
	} {
		got, want := section(t, heading), strings.Fields(lists)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("docs/ssh.md does not name %s under %s", name, heading)
			}
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("docs/ssh.md names %s under %s, and it is not in that list", name, heading)
			}
		}
	}
}

func TestEachDirectiveIsInOneList(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range strings.Fields(honouredNames + " " + harmlessNames + " " + refusedNames + " " + obsoleteNames) {
		if seen[strings.ToLower(name)] {
			t.Errorf("%s is in two lists", name)
		}
		seen[strings.ToLower(name)] = true
	}
	for old, now := range otherNames {
		if seen[old] || !seen[now] {
			t.Errorf("%s stands for %s", old, now)
		}
	}
	for _, name := range strings.Fields(refusedNames) {
		if instead[strings.ToLower(name)] == "" {
			t.Errorf("what to do instead of %s is not said", name)
		}
	}
}

// TestDirectivesOfSSHAreKnown: what ssh prints of its own settings, and what it
// takes, is in a list; what is in a list of today's names, ssh takes.
func TestDirectivesOfSSHAreKnown(t *testing.T) {
	ssh := openSSH(t)
	out, err := exec.Command(ssh, "-G", "-F", "none", "host").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if classOf(strings.ToLower(name)) == unknown {
			t.Errorf("ssh knows %s, and we do not", name)
		}
	}
}
