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
	Server           string        // "process 4711", "stopped", or the database server's version
	Up               time.Duration // how long the server has been running
	Database         string        // whether the node can use its databases: ok, FAILS, …
	Stale            string        // why it should be restarted or started; empty where it should not
	Drift            []string      // what differs from the inventory
}

// Status writes the table of all rows.
func Status(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODE\tROLE\tHOST\tSERVER\tUP\tDATABASE\tRESTART\tDRIFT")
	for _, r := range rows {
		up := "-"
		if r.Up > 0 {
			up = r.Up.Round(time.Second).String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", visible(r.Name), cmp.Or(r.Role, "-"), cmp.Or(visible(r.Host), "-"), visible(r.Server), up,
			cmp.Or(visible(r.Database), "-"), cmp.Or(visible(r.Stale), "-"), cmp.Or(visible(strings.Join(r.Drift, ", ")), "none"))
	}
	return t.Flush()
}
