package report

import (
	"bufio"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Change is one change as a plan shows it, for the record.
func Change(c plan.Change, o Options) (string, error) {
	rows, err := changeRows(c, o)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	t := &text{Writer: bufio.NewWriter(&b)}
	for _, r := range rows {
		t.row(r)
	}
	err = t.Flush()
	return strings.TrimSuffix(b.String(), "\n"), err
}

// Visible makes a text of somebody else's fit for a terminal. Its lines stay
// lines.
func Visible(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = visible(l)
	}
	return strings.Join(lines, "\n")
}
