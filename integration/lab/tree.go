package lab

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Tree tells every file of a host: its path on the host, and its mode, owner
// and sha256 (or where a link points) in one line.
type Tree map[string]string

// Volatile are patterns of what running servers, logins and sudo change by
// themselves, and of the store of what runs replaced: a comparison of configurations leaves them out. A pattern that
// begins with * matches the end of a path; what lies below goes with it.
var Volatile = []string{
	"*/repository/logs", "*/repository/components/dropins", "*/wso2carbon.pid", "/opt/*/tmp", "/opt/*/*/tmp",
	"/var/log", "/var/lib/mysql", "/var/lib/sudo", "*/.cache", "/var/lib/appm-provision",
}

// HashTree reads every file of the host but those under the patterns.
func (h *Host) HashTree(skip ...string) (Tree, error) {
	tree, root := Tree{}, h.treeRoot()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // went while we looked
		}
		if err != nil {
			return err
		}
		onHost := strings.TrimPrefix(file, root)
		if onHost == "" {
			return nil
		}
		if skipped(onHost, skip) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		line, err := describe(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		tree[onHost] = line
		return err
	})
	return tree, err
}

func skipped(name string, patterns []string) bool {
	for _, p := range patterns {
		suffix, anywhere := strings.CutPrefix(p, "*")
		if anywhere && strings.HasSuffix(name, suffix) {
			return true
		}
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

func describe(file string) (string, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return "", err
	}
	owner := ""
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = fmt.Sprintf("%d:%d", st.Uid, st.Gid)
	}
	what, err := content(file, info)
	return fmt.Sprintf("%s %s %s", info.Mode(), owner, what), err
}

func content(file string, info fs.FileInfo) (string, error) {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(file)
		return "-> " + to, err
	case !info.Mode().IsRegular():
		return "", nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// Diff tells what another, later tree has otherwise, a line for each path:
// "+ path" is new, "- path" is gone, "~ path" is changed.
func (t Tree) Diff(later Tree) []string {
	var lines []string
	for _, p := range slices.Sorted(maps.Keys(t)) {
		switch now, there := later[p]; {
		case !there:
			lines = append(lines, "- "+p)
		case now != t[p]:
			lines = append(lines, fmt.Sprintf("~ %s (%s, was %s)", p, now, t[p]))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(later)) {
		if _, there := t[p]; !there {
			lines = append(lines, "+ "+p)
		}
	}
	return lines
}
