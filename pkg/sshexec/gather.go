package sshexec

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// gatherAttempts is how often a batch is read when files change under it.
const gatherAttempts = 3

// Gather does all reads in one exec, and answers them in their order.
func (c *Conn) Gather(ctx context.Context, reads []Read) ([][]Found, error) {
	if len(reads) == 0 {
		return nil, nil
	}
	for i, r := range reads {
		if err := checkRead(r); err != nil {
			return nil, c.cfg.fail(Request, err, "read %d, %s %s", i+1, r.Kind, lastLine(r.Name))
		}
	}
	for attempt := 1; ; attempt++ {
		j := c.gatherJob(reads)
		body, _, err := c.batch(ctx, j)
		if err != nil {
			return nil, err
		}
		found, steady, err := parseGather(j.mark, reads, body)
		if err != nil {
			return nil, c.cfg.fail(Protocol, err, "the answer to a batch of reads makes no sense")
		}
		if steady || attempt == gatherAttempts {
			return found, nil
		}
	}
}

func checkRead(r Read) error {
	if err := hasNUL(append([]string{r.Name, r.As}, r.Args...)...); err != nil {
		return err
	}
	if r.As != "" {
		if err := checkPath(r.As); err != nil {
			return fmt.Errorf("as: %w", err)
		}
	}
	switch r.Kind {
	case "run", "text":
		return nil
	case "kept":
		if !isKept(r.Name) {
			return fmt.Errorf("it is no place in the store")
		}
		return nil
	case "file", "stat", "hash":
		if folder, _ := path.Split(r.Name); r.Kind == "hash" && strings.ContainsAny(folder, "*?") {
			return fmt.Errorf("a pattern may only stand in the last element")
		}
		return checkPath(r.Name)
	}
	return fmt.Errorf("want file, stat, hash, run, text or kept")
}

// checkPath asks for paths that mean the same in every working directory.
func checkPath(name string) error {
	if !path.IsAbs(name) || path.Clean(name) != name {
		return fmt.Errorf("%q is no absolute, clean path", name)
	}
	return hasNUL(name)
}

// owners groups indices by the As of what they index, in order of appearance.
func owners(n int, as func(int) string) (names []string, members map[string][]int) {
	members = map[string][]int{}
	for i := range n {
		name := as(i)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		members[name] = append(members[name], i)
	}
	return names, members
}

// gatherJob is the script for a batch: the session's own reads first, then those
// of each other owner in a shell of its own.
func (c *Conn) gatherJob(reads []Read) job {
	j := job{mark: marker(), name: fmt.Sprintf("gather, %d reads", len(reads)), become: true, idle: true}
	var b strings.Builder
	b.WriteString(c.ownerText() + "M=\nprog=" + quote("N="+j.mark+"\n"+commonScript+gatherScript) + "\n")
	names, members := owners(len(reads), func(i int) string { return reads[i].As })
	slices.SortStableFunc(names, func(a, b string) int { return min(len(a), 1) - min(len(b), 1) })
	for _, as := range names {
		first := members[as][0]
		calls := c.groupCalls(reads, members[as]) + fmt.Sprintf("show %d\n", first)
		j.hold = j.hold || slices.ContainsFunc(members[as], func(i int) bool { return runs(reads[i]) })
		if as == "" {
			b.WriteString("eval \"$prog\"\n" + calls)
		} else {
			fmt.Fprintf(&b, "look %d %s %s\n", first, quote(as), quote(calls))
		}
	}
	j.script = b.String()
	if j.hold {
		j.script = j.guarded(watchScript + "watch &\nw=$!\n" + j.script + "kill $w 2>/dev/null\n")
	}
	return j
}

// groupCalls are the lines of sh for the reads of one owner.
func (c *Conn) groupCalls(reads []Read, members []int) string {
	var paths, texts, others strings.Builder
	named := true
	for _, i := range members {
		switch r := reads[i]; {
		case r.Kind == "text":
			fmt.Fprintf(&texts, "i=%d; run %s %s\n", i, quote(r.Name), quoteAll(r.Args))
		case isScript(r):
			others.WriteString(c.runCall(i, r))
		default:
			named = named && !isPattern(r)
			paths.WriteString(readCall(i, r))
		}
	}
	calls := paths.String() + "details\n"
	if named && reads[members[0]].As == "" {
		calls += "M=$m\n"
	}
	if texts.Len() > 0 {
		calls += "texts() {\n" + texts.String() + "}\nt=$(texts)\nt=\"$t\n\"\n"
	}
	if others.Len() > 0 {
		calls += "runs() {\n" + others.String() + "}\nd=$(runs | base64)\n"
	}
	return calls
}

// runCall is the line of sh for a script.
func (c *Conn) runCall(i int, r Read) string {
	if r.Kind == "kept" {
		return fmt.Sprintf("i=%d; run %s %s\n", i, quote(c.keptScript()), quoteAll(append([]string{r.Name}, r.Args...)))
	}
	return fmt.Sprintf("i=%d; run %s %s\n", i, quote(r.Name), quoteAll(r.Args))
}

// readCall is the line of sh for a read of a path.
func readCall(i int, r Read) string {
	if isPattern(r) {
		folder, last := path.Split(r.Name)
		return fmt.Sprintf("i=%d; glob %s %s\n", i, quote(folderName(folder)), quote(folder)+quotePattern(last))
	}
	return fmt.Sprintf("i=%d; see %s %s\n", i, r.Kind, quote(r.Name))
}

func isPattern(r Read) bool { return r.Kind == "hash" && strings.ContainsAny(r.Name, "*?") }

// folderName is a folder without its last slash, save for the root.
func folderName(folder string) string {
	if folder == "/" {
		return folder
	}
	return strings.TrimSuffix(folder, "/")
}

// guarded wraps a script so that it ends when the session's stdin does.
func (j job) guarded(script string) string {
	here := "here=\n"
	if j.idle {
		here = "here=1\n"
	}
	return here + "g=" + quote("N="+j.mark+"\n"+commonScript+script) + "\n" + guardScript
}
