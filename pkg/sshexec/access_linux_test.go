package sshexec

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const accessList = "system.posix_acl_access"

// list is an access control list as the kernel has it: besides owner and group,
// user 3999 may read.
func list() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, 6, ^uint32(0)}, {2, 4, 3999}, {4, 4, ^uint32(0)}, {0x10, 4, ^uint32(0)}, {0x20, 0, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

func attribute(t *testing.T, file, name string) string {
	t.Helper()
	b := make([]byte, 1000)
	n, err := syscall.Getxattr(file, name, b)
	if err != nil {
		return err.Error()
	}
	return string(b[:n])
}

func TestAttributesAndAccessListsStay(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		file := h.owned(t, "conf", "old", 0o640)
		for name, value := range map[string]string{accessList: string(list()), "user.note": "mine"} {
			if err := syscall.Setxattr(file, name, []byte(value), 0); err != nil {
				t.Skipf("LEFT OUT: the file system of %s has no %s: %v", h.dir, name, err)
			}
		}
		w := replace(t, h.conn, Replace{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")})[0]
		if data, _ := os.ReadFile(file); !w.Done || string(data) != "new" {
			t.Fatalf("got %+v, %q", w, data)
		}
		if got := attribute(t, file, accessList); got != string(list()) {
			t.Errorf("the list is %q, want %q", got, list())
		}
		if got := attribute(t, file, "user.note"); got != "mine" {
			t.Errorf("the attribute is %q", got)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("got %v %v", info, err)
		}
	})
}

// TestAListThatCannotBeKeptRefuses: the host's cp knows no lists, and there is
// no setfacl.
func TestAListThatCannotBeKeptRefuses(t *testing.T) {
	dir := openDir(t)
	file, tools := filepath.Join(dir, "conf"), filepath.Join(dir, "tools")
	write(t, file, "old", 0o640)
	if err := syscall.Setxattr(file, accessList, list(), 0); err != nil {
		t.Skipf("LEFT OUT: the file system of %s has no lists: %v", dir, err)
	}
	if err := os.Mkdir(tools, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"cp", "setfacl"} {
		write(t, filepath.Join(tools, tool), "#!/bin/sh\nexit 1\n", 0o755)
	}
	c := &Conn{}
	j := c.replaceJob([]Replace{{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")}})
	cmd := exec.Command("sh", "-c", j.inner())
	cmd.Env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"))
	out, err := cmd.Output()
	if data, _ := os.ReadFile(file); err != nil || string(data) != "old" || !strings.Contains(string(out), "access control list") {
		t.Errorf("%v, %q: %s", err, data, out)
	}
}

// TestWhatDeadRunsLeftBesideATarget goes at once when the write is that of a run
// which has the host to itself; else when it is old.
func TestWhatDeadRunsLeftBesideATarget(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		file := h.owned(t, "conf", "0", 0o644)
		fresh, old := h.owned(t, ".conf.appm-0123456789abcdef0", "half", 0o600), h.owned(t, ".conf.appm-fedcba98765432100", "half", 0o600)
		other := h.owned(t, "conf.appm-mine", "mine", 0o600)
		past := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(old, past, past); err != nil {
			t.Fatal(err)
		}
		there := func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}
		replace(t, h.conn, Replace{Path: file, Before: sums("0"), Data: []byte("1"), SHA256: sums("1")})
		if !there(fresh) || there(old) {
			t.Errorf("of nobody's write: fresh %v, old %v, want only the fresh one", there(fresh), there(old))
		}
		replace(t, h.conn, Replace{Path: file, Before: sums("1"), Data: []byte("2"), SHA256: sums("2"), Keep: storeRun + "000-conf"})
		if there(fresh) || !there(other) {
			t.Errorf("of a run: fresh %v, another's file %v", there(fresh), there(other))
		}
	})
}
