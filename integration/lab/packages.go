package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is a source of packages of the lab's own, in the form of apt's
// simplest: a folder of files and an index.
type source struct {
	dir  string
	gone []string // the servers that the machine has or the source brings, and a bare host has not
}

// servers are the packages of database servers, whoever wants to install one
// of them: a host that shows them off has none.
var servers = regexp.MustCompile(`^(mariadb-(server|client|backup|plugin)|mysql-(server|client)(-|$)|default-mysql-|galera-)`)

// sourceOf fetches the packages, and those they need on a machine that has no
// database server, into the user's cache; what is there is not fetched again.
func sourceOf(ctx context.Context, say func(string, ...any), packages []string) (*source, error) {
	unlock, err := lock("packages")
	if err != nil {
		return nil, err
	}
	defer unlock()
	tmp, err := os.MkdirTemp("", "appm-packages-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	status, gone, err := withoutServers()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(tmp, "status"), status, 0o644); err != nil {
		return nil, err
	}
	wanted, err := neededOf(ctx, filepath.Join(tmp, "status"), packages)
	if err != nil {
		return nil, err
	}
	for _, w := range wanted {
		if name, _, _ := strings.Cut(w, "="); servers.MatchString(name) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	base, err := registerDir()
	if err != nil {
		return nil, err
	}
	s := &source{gone: gone, dir: filepath.Join(filepath.Dir(base), fmt.Sprintf("packages-%.12x", sha256.Sum256([]byte(strings.Join(wanted, " ")))))}
	if _, err := os.Stat(filepath.Join(s.dir, "Packages")); err == nil {
		return s, nil
	}
	say("lab: downloading into %s: %s", s.dir, strings.Join(wanted, " "))
	return s, s.fetch(ctx, wanted)
}

// withoutServers is the machine's list of packages without database servers.
func withoutServers() (status []byte, gone []string, err error) {
	all, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		return nil, nil, fmt.Errorf("lab: a host that installs packages needs a Debian machine: %w", err)
	}
	for stanza := range bytes.SplitSeq(all, []byte("\n\n")) {
		name := control(stanza, "Package")
		switch {
		case !servers.MatchString(name):
			status = append(append(status, stanza...), '\n', '\n')
		case !strings.HasSuffix(control(stanza, "Status"), " not-installed"):
			gone = append(gone, name)
		}
	}
	return status, gone, nil
}

// control reads one field of a stanza.
func control(stanza []byte, field string) string {
	for line := range strings.Lines(string(stanza)) {
		if value, is := strings.CutPrefix(line, field+": "); is {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// neededOf asks apt what it would install, "name=version".
func neededOf(ctx context.Context, status string, packages []string) ([]string, error) {
	args := append([]string{"-q", "-s", "-o", "Dir::State::status=" + status, "--no-install-recommends", "install"}, packages...)
	out, err := exec.CommandContext(ctx, "apt-get", args...).CombinedOutput()
	if err != nil { // mostly, the machine has no lists
		if err := command(ctx, "apt-get", "-q", "update"); err != nil {
			return nil, err
		}
		if out, err = exec.CommandContext(ctx, "apt-get", args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("lab: apt-get install -s %s: %w\n%s", strings.Join(packages, " "), err, out)
		}
	}
	var wanted []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "Inst" {
			version := f[slices.IndexFunc(f, func(w string) bool { return strings.HasPrefix(w, "(") })]
			wanted = append(wanted, f[1]+"="+strings.Trim(version, "()"))
		}
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("lab: apt-get would install nothing for %s:\n%s", strings.Join(packages, " "), out)
	}
	slices.Sort(wanted)
	return wanted, nil
}

// fetch downloads beside the final name first: a run that was cut leaves
// nothing that looks complete.
func (s *source) fetch(ctx context.Context, wanted []string) error {
	tmp := s.dir + ".new"
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(tmp, 0o755)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q", "download"}, wanted...)...)
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: apt-get download: %w\n%s", err, out)
	}
	if err := writeIndex(ctx, tmp); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(s.dir), os.Rename(tmp, s.dir))
}

// writeIndex lists the packages of a folder, as apt reads it.
func writeIndex(ctx context.Context, dir string) error {
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return err
	}
	var index bytes.Buffer
	for _, deb := range debs {
		fields, err := exec.CommandContext(ctx, "dpkg-deb", "-f", deb).Output()
		if err != nil {
			return fmt.Errorf("lab: dpkg-deb -f %s: %w", deb, err)
		}
		data, err := os.ReadFile(deb)
		if err != nil {
			return err
		}
		fmt.Fprintf(&index, "%s\nFilename: ./%s\nSize: %d\nSHA256: %x\n\n", bytes.TrimRight(fields, "\n"), filepath.Base(deb), len(data), sha256.Sum256(data))
	}
	return os.WriteFile(filepath.Join(dir, "Packages"), index.Bytes(), 0o644)
}
