package draft

import (
	"path"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// own are the words of lines in which two nodes of a role may well differ.
var own = []string{"localMemberHost", "localMemberPort", "<hostName>", "<port>", "<Offset>", "<HostName>", "<MgtHostName>"}

// siblings says in what nodes of one role differ. Lines are told by their
// numbers only: what stands in them may be a secret.
func (r *reading) siblings() {
	for _, role := range inventory.Roles {
		nodes := r.of(role)
		for _, n := range nodes[min(1, len(nodes)):] {
			for _, f := range compared {
				a, b := r.lines(nodes[0], f), r.lines(n, f)
				here, there := only(a, b), only(b, a)
				if len(here)+len(there) > 0 {
					r.say("%s and %s differ in %s: %s of the first, %s of the second", nodes[0].name, n.name, path.Base(f), numbered(here), numbered(there))
				}
			}
		}
	}
}

func (r *reading) lines(n *node, rel string) []string {
	o, err := r.state.Found(n.at(rel))
	f, is := o.(*plan.File)
	if err != nil || !is {
		return nil
	}
	return strings.Split(string(f.Data), "\n")
}

// only are the numbers of the lines of a that b lacks.
func only(a, b []string) (numbers []int) {
	left := map[string]int{}
	for _, line := range b {
		left[strings.TrimSpace(line)]++
	}
	for i, line := range a {
		line = strings.TrimSpace(line)
		if left[line] > 0 {
			left[line]--
			continue
		}
		if line != "" && !mayDiffer(line) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

func mayDiffer(line string) bool {
	for _, word := range own {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

func numbered(lines []int) string {
	const most = 8
	if len(lines) == 0 {
		return "no line"
	}
	var words []string
	for _, n := range lines[:min(most, len(lines))] {
		words = append(words, strconv.Itoa(n))
	}
	if more := len(lines) - most; more > 0 {
		words = append(words, strconv.Itoa(more)+" more")
	}
	if len(lines) == 1 {
		return "line " + words[0]
	}
	return "lines " + strings.Join(words, ", ")
}
