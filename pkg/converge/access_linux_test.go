package converge

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestTheProbeTellsAccessLists(t *testing.T) {
	dir := t.TempDir()
	plain, listed := filepath.Join(dir, "a + b"), filepath.Join(dir, "it's $listed")
	for _, file := range []string{plain, listed} {
		if err := os.WriteFile(file, nil, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	acl := binary.LittleEndian.AppendUint32(nil, 2) // besides owner and group, user 3999 may read
	for _, e := range [][2]uint64{{1 | 6<<16, 0xffffffff}, {2 | 4<<16, 3999}, {4 | 4<<16, 0xffffffff}, {0x10 | 4<<16, 0xffffffff}, {0x20, 0xffffffff}} {
		acl = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(acl, uint32(e[0])), uint32(e[1]))
	}
	if err := syscall.Setxattr(listed, "system.posix_acl_access", acl, 0); err != nil {
		t.Skipf("LEFT OUT: the file system of %s has no access control lists: %v", dir, err)
	}
	for _, test := range []struct {
		files []string
		want  string
	}{
		{[]string{plain, listed, filepath.Join(dir, "none")}, "listed\t" + listed + "\nend\n"},
		{[]string{plain}, "end\n"},
	} {
		q := Inquiry{Homes: map[string][]string{"/home": nil}, Files: map[string][]string{"/home": test.files}}
		read := q.reads()[1]
		out, err := exec.Command("sh", append([]string{"-c", read.Name, "sh"}, read.Args...)...).Output()
		if err != nil || string(out) != test.want {
			t.Errorf("got %q %v, want %q", out, err, test.want)
		}
		var h Health
		if !h.take([]string{"listed", listed}, time.Time{}, time.Time{}) || len(h.Listed) != 1 || h.Listed[0] != listed {
			t.Errorf("the answer is understood as %+v", h)
		}
	}
}
