package docs

import (
	"fmt"
	"regexp"
	"strings"
)

// Shows tells where a page's output is not what was printed. A line of "…" in the
// page stands for any lines, "…" within a line for any text.
func Shows(page, printed string) error {
	lines := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	at, anywhere := 0, false
	for _, part := range parts(page) {
		if part == nil {
			anywhere = true
			continue
		}
		found := at
		for anywhere && found < len(lines) && !begins(lines[found:], part) {
			found++
		}
		if !begins(lines[min(found, len(lines)):], part) {
			return fmt.Errorf("this is not printed:\n%s\nbut:\n%s", strings.Join(part, "\n"), printed)
		}
		at, anywhere = found+len(part), false
	}
	if rest := strings.Join(lines[at:], "\n"); !anywhere && strings.TrimSpace(rest) != "" {
		return fmt.Errorf("more is printed:\n%s", rest)
	}
	return nil
}

// parts are the runs of lines between those that stand for any; nil is one of these.
func parts(page string) (list [][]string) {
	for line := range strings.SplitSeq(strings.TrimRight(page, "\n"), "\n") {
		switch n := len(list); {
		case strings.TrimSpace(line) == "…":
			list = append(list, nil)
		case n == 0 || list[n-1] == nil:
			list = append(list, []string{line})
		default:
			list[n-1] = append(list[n-1], line)
		}
	}
	return list
}

func begins(lines, part []string) bool {
	if len(lines) < len(part) {
		return false
	}
	for i, want := range part {
		want, got := strings.TrimRight(want, " \t"), strings.TrimRight(lines[i], " \t")
		pieces := strings.Split(want, "…")
		for j := range pieces {
			pieces[j] = regexp.QuoteMeta(pieces[j])
		}
		if got != want && !regexp.MustCompile("^"+strings.Join(pieces, ".*")+"$").MatchString(got) {
			return false
		}
	}
	return true
}

// A Call is one command of a console block, and what the page shows of its output.
type Call struct{ Command, Output string }

// Calls are the commands of a console block: lines that begin with "$ ", with
// those that a backslash continues.
func (b Block) Calls() (list []Call) {
	more := false
	for line := range strings.Lines(b.Text) {
		command, is := strings.CutPrefix(line, "$ ")
		switch n := len(list); {
		case more:
			list[n-1].Command += line
		case is:
			list = append(list, Call{Command: command})
		case n > 0:
			list[n-1].Output += line
		}
		more = (is || more) && strings.HasSuffix(line, "\\\n")
	}
	return list
}
