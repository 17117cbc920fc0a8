package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/report"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of this program and its commit", Args: cobra.NoArgs,
		Example: "  appm-provision version",
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if a.json {
				a.answer(report.VersionDocument{
					Version: buildVersion(), Commit: b.Commit, Committed: b.Date, Modified: b.Modified, Go: b.Go, OS: runtime.GOOS, Arch: runtime.GOARCH,
				}.Answered())
				return nil
			}
			return b.print(a.stdout)
		},
	}
}

// build is what the Go tool wrote into this program.
type build struct {
	Version  string // the module's: of a tag, or made of the commit's date and hash
	Commit   string // empty where it was built without git
	Date     string // the commit's, not the day of the build: the same source gives the same bytes
	Modified bool   // the source was not what was committed
	Go       string
	Platform string
}

func thisBuild() build {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		info = &debug.BuildInfo{}
	}
	b := build{Version: info.Main.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	return b
}

func (b build) print(w io.Writer) error {
	fmt.Fprintf(w, "appm-provision %s, %s, %s\n", buildVersion(), b.Go, b.Platform)
	if b.Commit == "" {
		_, err := fmt.Fprintln(w, "built without git: the commit is not known")
		return err
	}
	with := ""
	if b.Modified {
		with = ", with changes that are not committed"
	}
	_, err := fmt.Fprintf(w, "commit %s of %s%s\n", b.Commit, b.Date, with)
	return err
}

// buildVersion is the module's version, or the commit that was built.
func buildVersion() string {
	b := thisBuild()
	if b.Version == "(devel)" && b.Commit != "" {
		return b.Commit
	}
	return b.Version
}
