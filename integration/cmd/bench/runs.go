package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// The bounds: of a converged rerun to the floor, at 40 ms and on 64 hosts, and
// of the tool's memory in MB.
const (
	boundRun = 1.3
	bound64  = 1.5
)

var boundMemory = map[int]int{4: 40, 64: 100}

// row is what one kind of run took.
type row struct {
	name   string
	took   []time.Duration
	memory int           // the most that any used, in MB
	cpu    time.Duration // of the process itself, all rounds together
	host   lab.Spent     // of all hosts, all rounds together
	do     func() (cost, error)
}

// cost is what one run took.
type cost struct {
	took, cpu time.Duration
	memory    int // the most that it used, in MB
}

// runs prints a table for each number of hosts and delay.
func (b *bench) runs() error {
	for _, n := range []int{4, 16, 64} {
		if n > b.hosts {
			continue
		}
		for i, delay := range delays {
			file, err := b.inventory(n, delay)
			if err != nil {
				return err
			}
			if i == 0 {
				if _, err := b.call(0, "apply", "--yes", "-i", file); err != nil {
					return err
				}
			}
			if err := b.table(n, delay, file); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) table(n int, delay time.Duration, file string) error {
	read, err := b.readings(file)
	if err != nil {
		return err
	}
	none := map[string]string{}
	for address := range read {
		none[address] = "true"
	}
	rows := []*row{
		{name: "login and true", do: func() (cost, error) { return b.child(task{Lines: none}) }},
		{name: "floor: login, hash and read", do: func() (cost, error) { return b.child(task{Lines: read}) }},
		{name: "dry-run", do: func() (cost, error) { return b.call(0, "plan", "--detailed-exitcode", "-i", file) }},
		{name: "converged rerun", do: func() (cost, error) { return b.call(0, "apply", "--yes", "-i", file) }},
		{name: "rerun after one drift", do: func() (cost, error) {
			if err := b.drift(); err != nil {
				return cost{}, err
			}
			return b.call(0, "apply", "--yes", "-i", file)
		}},
	}
	rounds := b.rounds
	if n == 64 {
		rounds = min(rounds, 3)
	}
	for range rounds {
		for _, r := range rows {
			if err := b.measure(r, n); err != nil {
				return fmt.Errorf("%s, %d hosts, %s: %w", r.name, n, delay, err)
			}
		}
	}
	b.print(n, delay, rows)
	return nil
}

// measure does it once, and adds up what that cost here and on the hosts.
func (b *bench) measure(r *row, n int) error {
	before, err := b.spent(n)
	if err != nil {
		return err
	}
	c, err := r.do()
	if err != nil {
		return err
	}
	after, err := b.spent(n)
	spent := after.Sub(before)
	r.took, r.memory, r.cpu = append(r.took, c.took), max(r.memory, c.memory), r.cpu+c.cpu
	r.host.Forks += spent.Forks - n // those that counting takes
	r.host.CPU += spent.CPU
	return err
}

// spent is what the first hosts have spent by now. Sessions take a moment to end.
func (b *bench) spent(n int) (sum lab.Spent, err error) {
	if b.lab.Form != "real" {
		return sum, nil
	}
	time.Sleep(200 * time.Millisecond)
	for _, h := range b.managed()[:n] {
		s, err := h.Spent(b.ctx)
		if err != nil {
			return sum, err
		}
		sum.Forks, sum.CPU = sum.Forks+s.Forks, sum.CPU+s.CPU
	}
	return sum, nil
}

func (b *bench) print(n int, delay time.Duration, rows []*row) {
	fmt.Printf("\n%d hosts, round trip %s\n", n, delay)
	floor := median(rows[1].took)
	for i, r := range rows {
		took := median(r.took)
		ratio := took.Seconds() / floor.Seconds()
		fmt.Printf("  %-28s %6.3f  %4.2f x floor  CPU %5.3f", r.name, took.Seconds(), ratio, r.cpu.Seconds()/float64(len(r.took)))
		if runs := len(r.took) * n; b.lab.Form == "real" {
			fmt.Printf(" + %.3f a host in %d processes", r.host.CPU.Seconds()/float64(runs), r.host.Forks/runs)
		}
		if i > 1 {
			fmt.Printf("  %3d MB", r.memory)
		}
		what := fmt.Sprintf("%s, %d hosts, %s", r.name, n, delay)
		if r.name == "converged rerun" {
			if n == 64 {
				fmt.Printf("  %s (time <= %.1f)", b.judge(what, ratio <= bound64), bound64)
			} else if delay > 0 {
				fmt.Printf("  %s (time <= %.1f)", b.judge(what, ratio <= boundRun), boundRun)
			}
		}
		if bound, is := boundMemory[n]; is && i > 1 {
			fmt.Printf("  %s (memory < %d MB)", b.judge(what+", memory", r.memory < bound), bound)
		}
		fmt.Println()
	}
}

func median[T int | int64 | time.Duration | float64](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// readings is, for each host, a line that hashes and reads all that the steps
// ask for. It is what remains when nothing is compared.
func (b *bench) readings(file string) (map[string]string, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	inv, _, err := inventory.Parse(file, src)
	if err != nil {
		return nil, err
	}
	sel, err := inv.Select(nil)
	if err != nil {
		return nil, err
	}
	read, hash := map[string][]string{}, map[string][]string{}
	for _, n := range steps.Needs(steps.For(steps.Deployment{Inventory: inv, Select: sel})) {
		switch n.Kind {
		case plan.KindFile:
			read[n.Target] = append(read[n.Target], n.Path)
			fallthrough
		case plan.KindBlob, plan.KindListing:
			hash[n.Target] = append(hash[n.Target], n.Path)
		}
	}
	lines := map[string]string{}
	for _, h := range inv.Hosts {
		line := "sha256sum " + words(hash[h.Name]) + "; cat " + words(read[h.Name]) + "; true"
		if b.lab.Form == "real" {
			line = "sudo -n sh -c '" + line + "' 2>/dev/null"
		}
		lines[address(lab.Endpoint{Host: h.SSH.Host, Port: h.SSH.Port})] = line
	}
	return lines, nil
}

func words(paths []string) string {
	slices.Sort(paths)
	return strings.Join(slices.Compact(paths), " ")
}

// drift changes a file of the first host.
func (b *bench) drift() error {
	h := b.managed()[0]
	file := h.Path(h.Nodes[0].Home + "/repository/conf/carbon.xml")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	at := bytes.LastIndex(data, []byte("<Offset>")) // the first is in a comment
	if at < 0 {
		return fmt.Errorf("%s holds no offset", file)
	}
	changed := slices.Insert(data, at+len("<Offset>"), '7')
	return os.WriteFile(file, changed, 0o644)
}

// call runs the tool.
func (b *bench) call(code int, args ...string) (cost, error) {
	return b.process(code, nil, b.tool, args...)
}

// child runs this program for a task.
func (b *bench) child(t task) (cost, error) {
	file, err := b.write(t)
	if err != nil {
		return cost{}, err
	}
	return b.process(0, nil, b.self, "child", file)
}

func (b *bench) write(t task) (string, error) {
	t.User, t.KeyFile, t.KnownHosts = b.lab.User, b.lab.KeyFile, b.lab.KnownHosts
	data, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, "task.json")
	return file, os.WriteFile(file, data, 0o600)
}

func (b *bench) process(code int, out *bytes.Buffer, name string, args ...string) (cost, error) {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	if out == nil {
		out = &bytes.Buffer{}
	}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &stderr
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK=", "XDG_STATE_HOME="+filepath.Join(b.dir, "state"))
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	ended, most := make(chan struct{}), make(chan int, 1)
	go func() { most <- watch(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	took := time.Since(begin)
	close(ended)
	memory := <-most
	if got := cmd.ProcessState.ExitCode(); got != code {
		return cost{}, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, tail(out.String()), tail(stderr.String()))
	}
	return cost{took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory}, nil
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// watch yields the most memory that a process had resident, in MB, as the
// kernel tells it. 0 where it does not. The figure that comes with the end of a
// process would be its parent's.
func watch(pid int, ended <-chan struct{}) (most int) {
	for {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := strings.Cut(string(data), "VmHWM:"); ok {
			if kb, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
				most = kb >> 10
			}
		}
		select {
		case <-ended:
			return most
		case <-time.After(2 * time.Millisecond):
		}
	}
}
