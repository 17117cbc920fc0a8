package steps

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzHostEntries holds for any hosts file: what is written is what is wanted
// the next time too, every foreign line keeps its bytes and its place, and each
// wanted name maps to its address exactly once more than not at all.
func FuzzHostEntries(f *testing.F) {
	f.Add([]byte("127.0.0.1 localhost\n"))
	f.Add([]byte("127.0.0.1 localhost\r\n# appm-provision d: begin\r\n10.0.0.9 db\r\n# appm-provision d: end\r\n::1 x"))
	f.Add([]byte("10.0.0.5 db\n192.0.2.1 pub # db\n\xff\x00 db"))
	wanted := []entry{{"10.0.0.5", "db"}, {"127.0.0.1", "pub"}}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := withEntries(bytes.Clone(src), "d", wanted)
		if err != nil {
			return
		}
		if again, err := withEntries(bytes.Clone(out), "d", wanted); err != nil || !bytes.Equal(again, out) {
			t.Errorf("%q becomes %q and then %q, %v", src, out, again, err)
		}
		if before, after := foreign(src), foreign(out); before != after {
			t.Errorf("%q: foreign lines were %q and are %q", src, before, after)
		}
		for _, w := range wanted {
			if there, err := mapped(parseHosts(out, 1), w); err != nil || !there {
				t.Errorf("%q: %s is not mapped in %q: %v", src, w.name, out, err)
			}
		}
	})
}

// foreign are the lines outside of the block, with the end that the last one
// may have had to be given.
func foreign(src []byte) string {
	before, after, _, _ := cutBlock(src, "# appm-provision d: begin", "# appm-provision d: end")
	join := string(before)
	if len(join) > 0 {
		join = strings.TrimRight(join, "\r\n") + "\n"
	}
	return join + string(after)
}
