// Command bench measures what the tool costs beside what nobody can do without:
// on 4, 16 and 64 hosts, over lines of 0 and 40 ms, a login, a login with one
// reading of the managed files, a dry-run, a converged rerun and a rerun after a
// drift; and uploads beside scp and sftp, and a pack that is unpacked on a bare host. All are run in turn, and medians are
// printed with their ratios, because this machine's figures mean nothing by
// themselves. As root on Linux the hosts are real, with OpenSSH; beside the times
// stands what CPU the program took, and what CPU and how many processes each host.
//
// With APPM_BENCH=1 in the environment a ratio that is over makes it fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == "child" {
		if err := child(ctx, os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	b := bench{ctx: ctx, over: map[string]bool{}}
	flag.IntVar(&b.hosts, "hosts", 64, "hosts to build; 4, 16 and 64 are measured as far as there are so many")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each is run; 64 hosts get 3; 0 leaves the runs out")
	flag.IntVar(&b.size, "upload", 200, "MB to upload; 0 leaves the uploads out")
	flag.IntVar(&b.pack, "pack", 600, "MB of a pack to upload and unpack; 0 leaves it out")
	flag.Parse()
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if len(b.over) > 0 && os.Getenv("APPM_BENCH") == "1" {
		os.Exit(1)
	}
}

// delays are the round trips that are measured.
var delays = []time.Duration{0, 40 * time.Millisecond}

type bench struct {
	ctx                 context.Context
	hosts, rounds, size int
	pack                int
	dir, tool, self     string
	lab                 *lab.Lab
	ways                map[time.Duration]map[string]lab.Endpoint // delay → host → where it is reached
	over                map[string]bool                           // what did not keep to its bound
}

func (b *bench) run() (err error) {
	if b.dir, err = os.MkdirTemp("", "appm-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if err := b.build(); err != nil {
		return err
	}
	begin := time.Now()
	if err := b.up(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.lab.Close()) }()
	fmt.Printf("%d %s hosts on %d CPUs, up in %s; medians, in seconds\n", len(b.managed()), b.lab.Form, runtime.NumCPU(), time.Since(begin).Round(time.Second))
	closeLines, err := b.lines()
	if err != nil {
		return err
	}
	defer closeLines()
	if b.rounds > 0 {
		if err := b.runs(); err != nil {
			return err
		}
	}
	if b.size > 0 {
		if err := b.uploads(); err != nil {
			return err
		}
	}
	if b.pack == 0 {
		return nil
	}
	return b.packs()
}

// build makes the tool as operators get it.
func (b *bench) build() error {
	b.tool = filepath.Join(b.dir, "appm-provision")
	cmd := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-o", b.tool, "./cmd/appm-provision")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// judge says whether a figure keeps to its bound, and remembers if not.
func (b *bench) judge(what string, keeps bool) string {
	if keeps {
		return "PASS"
	}
	b.over[what] = true
	return "over"
}
