package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// terminalOf is the terminal that is written to; nil where it is none.
func terminalOf(w io.Writer) *os.File {
	file, is := behind(w).(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}

// widthOf is how many columns a terminal has; 0 where that is not known, as of a
// pipe, in which no line is ever wrapped.
func widthOf(w io.Writer) int {
	file := terminalOf(w)
	if file == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// options are how a plan is shown on stdout.
func (a *app) options() (report.Options, error) {
	color, err := a.colored()
	return report.Options{Verbose: a.verbosity >= sayWhy, Color: color, Width: widthOf(a.stdout), Addresses: a.addresses}, err
}

// addresses are those of the inventory's hosts, by name.
func addresses(inv inventory.Inventory) map[string]string {
	list := map[string]string{}
	for _, h := range inv.Hosts {
		list[h.Name] = h.Address
	}
	return list
}
