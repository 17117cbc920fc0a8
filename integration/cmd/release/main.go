// Command release builds a release of this checkout into dist.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/appm-provision/appm-provision/integration/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, "dist"); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	list, err := release.Make(ctx, ".", dir, release.Targets)
	if err != nil {
		return err
	}
	for _, b := range list {
		fmt.Printf("%-14s %s\n", b.Target, filepath.Base(b.Archive))
	}
	fmt.Printf("version %s, Go %s; checksums are in %s\n", list[0].Version(), list[0].Info.GoVersion, filepath.Join(dir, "SHA256SUMS"))
	if list[0].Version() == "devel" || list[0].Modified() {
		fmt.Fprintln(os.Stderr, "\nThis is no release to hand out: it was not built from a commit alone. Commit, tag, and build in a clone.")
	}
	return nil
}
