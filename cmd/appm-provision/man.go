package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the man pages into a folder", Args: cobra.ExactArgs(1),
		Long:    "Write the man pages, one for each command, into a folder, made if missing.",
		Example: "  appm-provision man ~/.local/share/man/man1 && man appm-provision-apply",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return usage("%v; name a folder that can be made and written to", err)
			}
			cmd.Root().DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Source: program + " " + buildVersion(), Manual: program, Date: builtFrom()}
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return err
			}
			pages, err := filepath.Glob(filepath.Join(args[0], program+"*.1"))
			fmt.Fprintf(a.stdout, "%d man pages in %s\n", len(pages), args[0])
			return err
		},
	}
}

// builtFrom is the time of the commit that was built, so that its man pages are
// the same on any day; nil, which is SOURCE_DATE_EPOCH or today, without one.
func builtFrom() *time.Time {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return nil
	}
	for _, s := range info.Settings {
		if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return &at
		}
	}
	return nil
}
