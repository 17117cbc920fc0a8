package sshexec

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Of each group in the store the newest runs stay, and none that is older. The
// folders of runs are named like 20261122T201530Z-4f3a1c.
const (
	keepRuns = 50
	keepDays = 180
)

// isKept reports whether a path is one in the store: GROUP/RUN/NAME, each with
// no character that anything could take for something else but in NAME's end.
func isKept(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || hasNUL(name) != nil || len(parts[2]) > 250 {
		return false
	}
	for i, part := range parts {
		if i < 2 && strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return false
		}
		if part == "" || part[0] == '.' || part[0] == '-' {
			return false
		}
	}
	return parts[1][0] >= '0' && parts[1][0] <= '9' && parts[2][0] >= '0' && parts[2][0] <= '9'
}

// sameRun reports whether two replaces keep in the same folder.
func sameRun(a, b string) bool { return path.Dir(a) == path.Dir(b) }

func (c *Conn) storeText() string { return "T=" + quote(c.cfg.Store) + "\n" + storeScript }

// keeperCall makes the folder of the store before the call that keeps in it: the
// owner of the target may not do so in root's store.
func keeperCall(i int, as, keep, call string) string {
	parts := strings.Split(keep, "/")
	since := time.Now().AddDate(0, 0, -keepDays).UTC().Format("20060102")
	args := []string{as, parts[0], parts[1], strconv.Itoa(keepRuns), since}
	return fmt.Sprintf("if m=$( (keeper %s) 2>&1); then %s; else m=\"what is there cannot be kept: $m\"; printf '%%s\\n' \"$N w %d 22 ${#m}\" \"$m\"; false; fi",
		quoteAll(args), call, i)
}

// keptAt is what the script of one replace says of where it kept something.
func keptAt(text []byte) string {
	place, is := strings.CutPrefix(lastLine(string(text)), "kept ")
	if !is || checkPath(place) != nil {
		return ""
	}
	return place
}

// keptScript shows something in the store: its path, size and sha256, and,
// unless $2 is sum, its bytes.
func (c *Conn) keptScript() string {
	return commonScript + c.storeText() + `kept "$1" && [ -f "$k" ] && [ ! -L "$k" ] || exit 4
h=$(sum <"$k") && n=$(wc -c <"$k") || exit 5
printf '%s\n' "$k" $n "${h%% *}"
[ "${2-}" = sum ] || cat -- "$k"
`
}

// keptFound reads what keptScript printed.
func keptFound(r Read, data []byte, exit int) ([]Found, error) {
	switch exit {
	case 0:
	case 4:
		return []Found{{Path: r.Name, Kind: "absent"}}, nil
	default:
		return []Found{{Path: r.Name, Kind: "other", Err: "what was kept cannot be read"}}, nil
	}
	lines := bytes.SplitN(data, []byte("\n"), 4)
	if len(lines) != 4 {
		return nil, errors.New("the answer about something kept is damaged")
	}
	f := Found{Path: r.Name, Real: string(lines[0]), Kind: "file", SHA256: string(lines[2])}
	size, err := strconv.ParseInt(string(lines[1]), 10, 64)
	if err != nil || size < 0 || !isSum(f.SHA256) || checkPath(f.Real) != nil {
		return nil, errors.New("the answer about something kept is damaged")
	}
	f.Size = size
	if len(r.Args) > 0 && r.Args[0] == "sum" {
		return []Found{f}, nil
	}
	f.Data = lines[3]
	if int64(len(f.Data)) != size || sum(f.Data) != f.SHA256 {
		return nil, errors.New("the answer about something kept is damaged")
	}
	return []Found{f}, nil
}

// isScript reports whether a read is answered by the output of a script.
func isScript(r Read) bool { return runs(r) || r.Kind == "kept" }

// runs reports whether a read is a script of the caller's.
func runs(r Read) bool { return r.Kind == "run" || r.Kind == "text" }
