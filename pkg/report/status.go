package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is the state of one node, or of the databases.
type Row struct {
	Name, Role, Host string
	Version          string        // of the product
	Server           string        // "process 4711", "stopped", or the database server's version
	Up               time.Duration // how long the server has been running
	Config           string        // what it runs on: current, older, foreign; see docs/status.md
	Cluster          string        // which of its peers it is connected with
	Database         string        // whether the node can use its databases: ok, FAILS, …
	Drift            []string      // what differs from the inventory
	LastRun          string        // when it last was the business of a run, and how that ended
	Stale            string        // why it should be restarted or started; empty where it should not
}

// Status writes the table of all rows, and below it why servers should be
// restarted: reasons are too long for a table.
func Status(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODE\tROLE\tHOST\tVERSION\tSERVER\tUP\tCONFIG\tCLUSTER\tDATABASE\tDRIFT\tLAST RUN")
	for _, r := range rows {
		up := "-"
		if r.Up > 0 {
			up = r.Up.Round(time.Second).String()
		}
		cells := []string{r.Name, r.Role, r.Host, r.Version, r.Server, up, r.Config, r.Cluster, r.Database, cmp.Or(strings.Join(r.Drift, ", "), "none"), r.LastRun}
		for i, c := range cells {
			cells[i] = cmp.Or(visible(c), "-")
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	head := "\n"
	for _, r := range rows {
		if r.Stale != "" {
			fmt.Fprintf(w, "%s%s: %s\n", head, visible(r.Name), visible(r.Stale))
			head = ""
		}
	}
	return nil
}
