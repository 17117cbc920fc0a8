package converge

import (
	"bytes"
	"path"
	"strconv"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// What cannot be renamed over is written in place, and a run that dies while it
// does that leaves the file torn. Until it is done the file that lies beside it
// holds, after a line with the length of the first, what was there and what is to
// be there. See in_place in sshexec's replace.sh.

// besides asks for what lies beside the files.
func besides(needs []plan.Need) []Read {
	var asked []Read
	for _, n := range needs {
		if n.Kind == plan.KindFile {
			dir, name := path.Split(n.Path)
			asked = append(asked, Read{Kind: "file", Name: dir + "." + name + ".appm.whole", As: n.As})
		}
	}
	return asked
}

// whole records what torn files were. One that somebody has changed since is
// theirs, as is what a stranger has put beside a file.
func whole(state *plan.State, needs []plan.Need, found, beside [][]Found) {
	for i, n := range needs {
		if n.Kind != plan.KindFile {
			continue
		}
		is, copies := found[i], beside[0]
		beside = beside[1:]
		if len(is) != 1 || len(copies) != 1 || is[0].Kind != "file" || copies[0].Kind != "file" || !trusted(copies[0], is[0]) {
			continue
		}
		was, will, ok := pair(copies[0].Data)
		if ok && len(is[0].Data) < len(will) && bytes.HasPrefix(will, is[0].Data) {
			f := is[0]
			f.Data = was
			if o, err := object(n.Ref, f); err == nil {
				state.PutWhole(n.Ref, o)
			}
		}
	}
}

// trusted: only root and the file's owner could write it.
func trusted(beside, file Found) bool {
	return (beside.UID == 0 || beside.UID == file.UID) && beside.Mode&0o022 == 0
}

func pair(data []byte) (was, will []byte, ok bool) {
	line, rest, cut := bytes.Cut(data, []byte("\n"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if !cut || err != nil || n < 0 || n > len(rest) {
		return nil, nil, false
	}
	return rest[:n], rest[n:], true
}
