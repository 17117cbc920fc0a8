package integration_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestDrift changes files and servers at random, one on each host at a time:
// then a plan is applied, the bytes are those that it announced, and nothing is
// left to do; or it is refused, naming host and file. APPM_DRIFT is how many
// changes are made, APPM_SEED repeats a draw.
func TestDrift(t *testing.T) {
	t.Parallel()
	wanted, seed := 16, seedOf(t)
	if text := os.Getenv("APPM_DRIFT"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("APPM_DRIFT: %v", err)
		}
		wanted = n
	}
	fmt.Fprintf(os.Stderr, "%s: %d random changes; APPM_SEED=%d\n", t.Name(), wanted, seed)
	all := &strays{kinds: map[string]int{}}
	const atOnce = 4 // hosts that carry nodes
	sideBySide(t, (wanted+atOnce-1)/atOnce, func(t *testing.T, _ bool, take func() (int, bool)) {
		s := drifting(t, all)
		for i, more := take(); more; i, more = take() {
			s.random = rand.New(rand.NewPCG(seed, uint64(i))) // a round is the same in every world
			if !t.Run(fmt.Sprintf("round %d", i+1), s.round) {
				return // what it left behind would fail the rest
			}
			if testing.Verbose() && (i+1)%10 == 0 {
				fmt.Fprintf(os.Stderr, "    %s\n", all)
			}
		}
	})
	fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), all)
	if all.healed == 0 || all.made < wanted && !t.Failed() {
		t.Errorf("not all was tried")
	}
}

// strays counts what happened, in all worlds.
type strays struct {
	mu                            sync.Mutex
	made, healed, refused, failed int
	kinds                         map[string]int
}

func (s *strays) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("changes %d, healed %d, refused %d, servers that could not start on what is not ours %d; %v", s.made, s.healed, s.refused, s.failed, s.kinds)
}

func (s *strays) add(count *int, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*count += n
}

func (s *strays) mutated(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	s.kinds[what]++
}

// strayed is a world whose hosts go astray.
type strayed struct {
	*world
	random *rand.Rand // of a round
	good   sight
	copies string // the files as they should be
	sum    *strays
}

func drifting(t *testing.T, all *strays) *strayed {
	t.Helper()
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB, bound: "gw1"}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** %s: embedded hosts, as %s: modes and owners mean less there ***\n\n", t.Name(), why)
		d = deployment{name: "embedded"}
	}
	s := &strayed{world: up(t, d), copies: t.TempDir(), sum: all}
	s.want(t, 0, "apply", "--yes")
	s.good = s.look(t)
	for _, h := range s.Hosts {
		for _, file := range s.files(h) {
			to := s.copyOf(h, file)
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				t.Fatal(err)
			}
			copied(t, h.Path(file), to)
		}
	}
	return s
}

func (s *strayed) copyOf(h *lab.Host, file string) string {
	return filepath.Join(s.copies, h.Name, filepath.FromSlash(file))
}

// files are those that the tool manages on a host.
func (s *strayed) files(h *lab.Host) []string {
	var all []string
	for _, n := range h.Nodes {
		names := []string{conf + "carbon.xml", conf + "datasources/master-datasources.xml", conf + "user-mgt.xml"}
		if n.Role == "publisher" || n.Role == "store" {
			names = append(names, conf+"app-manager.xml", conf+"registry.xml", conf+"axis2/axis2.xml")
		}
		names = append(names, map[string][]string{
			"idp": {conf + "identity/sso-idp-config.xml"}, "gateway": {conf + "app-manager.xml"}, "publisher": {portals + "publisher/config/publisher.json"},
			"store": {portals + "store/config/store.json", portals + "social/configs/social.json"},
		}[n.Role]...)
		for _, name := range append(names, "repository/components/lib/mysql-connector-java-5.1.49-bin.jar") {
			all = append(all, n.Home+"/"+name)
		}
	}
	if len(all) > 0 {
		all = append(all, h.HostsFile)
	}
	return all
}

// mutation is what was done to one host.
type mutation struct {
	host *lab.Host
	file string // "" is the server
	what string
}

func (m mutation) String() string { return m.host.Name + ": " + m.what + ", " + m.file }

func (s *strayed) round(t *testing.T) {
	t.Helper()
	var list []mutation
	for _, h := range s.Hosts {
		if len(h.Nodes) > 0 {
			list = append(list, s.mutate(t, h))
		}
	}
	for len(list) > 0 && !t.Failed() {
		drifted := s.look(t)
		r := s.run(t, "plan", "--detailed-exitcode")
		if r.code == 0 || r.code == 2 {
			if r = s.apply(t, list, drifted); !before(r) {
				break
			}
		}
		s.same(t, drifted, "what was refused")
		left := s.named(t, list, r)
		if len(left) == len(list) {
			t.Errorf("after %v it ended with %d and names none of these files: %s", list, r.code, r.err)
		}
		s.sum.add(&s.sum.refused, len(list)-len(left))
		list = left
	}
	for _, h := range s.Hosts {
		s.repair(t, h)
	}
}

// before: the run was refused before it began.
func before(r result) bool {
	return r.code >= 10 && r.code <= 16 && !strings.Contains(r.err, "run       ")
}

// apply makes the plan and checks that it did just that.
func (s *strayed) apply(t *testing.T, list []mutation, drifted sight) result {
	t.Helper()
	newest := s.newestRecord(t)
	r := s.run(t, "apply", "--yes")
	now := s.look(t)
	planned := map[string]bool{}
	if file := s.newestRecord(t); file != newest {
		planned = s.asPlanned(t, list, readRecord(t, file), r.code == 0)
	}
	for _, h := range s.Hosts {
		made := madeByServer(drifted.trees[h.Name], now.trees[h.Name])
		for path := range joined(drifted.trees[h.Name], now.trees[h.Name]) {
			if drifted.trees[h.Name][path] != now.trees[h.Name][path] && !planned[h.Name+":"+path] && !made[path] {
				t.Errorf("after %v: %s: %s changed, and no plan said so", list, h.Name, path)
			}
		}
	}
	switch {
	case r.code == 0:
		s.sum.add(&s.sum.healed, len(list))
		s.want(t, 0, "plan", "--detailed-exitcode")
	case r.code == 19 && foreign(s, now, r):
		s.sum.add(&s.sum.failed, 1)
		s.sum.add(&s.sum.healed, len(list)-1)
	case !before(r):
		t.Errorf("after %v: apply ended with %d: %s", list, r.code, r.err)
	}
	return r
}

// foreign: the server's own log says why it cannot start, and a file of that
// host is not as it should be in what the tool leaves alone.
func foreign(s *strayed, now sight, r result) bool {
	for _, h := range s.Hosts {
		if strings.Contains(r.err, h.Name+": node ") && strings.Contains(r.err, "ERROR") && len(s.good.trees[h.Name].Diff(now.trees[h.Name])) > 0 {
			return true
		}
	}
	return false
}

// asPlanned compares the files with what the record of the run says that they
// were to be, and tells which files the plan has changed.
func (s *strayed) asPlanned(t *testing.T, list []mutation, p *run.Past, whole bool) map[string]bool {
	t.Helper()
	key, err := run.Key(filepath.Join(s.state, "appm-provision"))
	if err != nil {
		t.Fatal(err)
	}
	planned := map[string]bool{}
	for _, c := range p.Plan.Changes {
		h := s.Host(c.Target)
		if h == nil || c.Kind != "file" && c.Kind != "blob" {
			continue
		}
		path := h.Path(c.Path)
		planned[h.Name+":"+strings.TrimPrefix(path, h.Root)] = true
		planned[h.Name+":"+strings.TrimPrefix(filepath.Dir(path), h.Root)] = true
		data, err := os.ReadFile(path)
		switch {
		case !whole: // it may not have come so far
		case c.After == nil && (errors.Is(err, fs.ErrNotExist) || strings.Contains(path, "/dropins/")): // the server makes a new one
		case c.After == nil || err != nil:
			t.Errorf("after %v: %s: %v, planned is %+v", list, path, err, c.After)
		case c.Kind == "file" && run.Fingerprint(key, data) != c.After.Fingerprint, c.Kind == "blob" && sha(data) != c.After.SHA256:
			t.Errorf("after %v: %s does not hold the planned bytes", list, path)
		}
	}
	return planned
}

// named repairs what the refusal names, and returns the rest.
func (s *strayed) named(t *testing.T, list []mutation, r result) (left []mutation) {
	t.Helper()
	for _, m := range list {
		why := lineOf(r.err, m.host.Name+": ", m.file)
		if m.file == m.host.HostsFile && why == "" {
			why = lineOf(r.err, m.host.Name+": ", "its hosts file")
		}
		if m.file != "" && why != "" {
			if testing.Verbose() {
				t.Logf("refused: %s: %s", m, why)
			}
			s.repair(t, m.host)
			continue
		}
		left = append(left, m)
	}
	return left
}

// lineOf is the first line of a text that begins with one part and holds another.
func lineOf(text, begin, part string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, begin) && strings.Contains(l, part) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// madeByServer are the embedded databases that a server makes where a changed
// value of somebody else's tells it to, and the folders to them.
func madeByServer(before, now lab.Tree) map[string]bool {
	made := map[string]bool{}
	for file := range now {
		if !strings.HasSuffix(file, ".h2.db") || before[file] != "" {
			continue
		}
		for p := file; before[p] == "" && now[p] != ""; p = path.Dir(p) {
			made[p] = true
		}
	}
	return made
}

// repair puts the files of a host back as they were in the beginning.
func (s *strayed) repair(t *testing.T, h *lab.Host) {
	t.Helper()
	now, err := h.HashTree(lab.Volatile...)
	if err != nil {
		t.Fatal(err)
	}
	for made := range madeByServer(s.good.trees[h.Name], now) {
		if err := os.RemoveAll(filepath.Join(h.Root, made)); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range s.files(h) {
		path := h.Path(file)
		on := strings.TrimPrefix(path, h.Root)
		if now[on] == s.good.trees[h.Name][on] {
			continue
		}
		from := s.copyOf(h, file)
		if h.HostsFile == file { // it may be a mount, which is written to
			copied(t, from, path)
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		copied(t, from, path)
	}
	if now, err = h.HashTree(lab.Volatile...); err != nil {
		t.Fatal(err)
	}
	if d := s.good.trees[h.Name].Diff(now); len(d) > 0 {
		t.Fatalf("%s: what was changed cannot be put back:\n%s", h.Name, strings.Join(d, "\n"))
	}
}

var mutations = map[string]func(*rand.Rand, []byte) []byte{
	"a line deleted": func(r *rand.Rand, data []byte) []byte {
		lines := bytes.SplitAfter(data, []byte("\n"))
		at := r.IntN(len(lines))
		return bytes.Join(slices.Delete(lines, at, at+1), nil)
	},
	"a line twice": func(r *rand.Rand, data []byte) []byte {
		lines := bytes.SplitAfter(data, []byte("\n"))
		at := r.IntN(len(lines))
		return bytes.Join(slices.Insert(lines, at, lines[at]), nil)
	},
	"a block twice": func(r *rand.Rand, data []byte) []byte {
		lines := bytes.SplitAfter(data, []byte("\n"))
		from := r.IntN(len(lines))
		to := min(len(lines), from+2+r.IntN(10))
		return bytes.Join(slices.Insert(lines, to, slices.Clone(lines[from:to])...), nil)
	},
	"a value": func(r *rand.Rand, data []byte) []byte {
		all := regexp.MustCompile(`>[^<>\n]+<|="[^"\n]*"|[0-9]+`).FindAllIndex(data, -1)
		if len(all) == 0 {
			return append(data, "another\n"...)
		}
		at := all[r.IntN(len(all))]
		old := data[at[0]:at[1]]
		value := "17"
		switch {
		case old[0] == '>':
			value = ">another<"
		case old[0] == '=':
			value = `="another"`
		}
		return slices.Concat(data[:at[0]], []byte(value), data[at[1]:])
	},
	"truncated": func(r *rand.Rand, data []byte) []byte { return data[:r.IntN(len(data))] },
	"emptied":   func(*rand.Rand, []byte) []byte { return nil },
	"CRLF":      func(_ *rand.Rand, data []byte) []byte { return bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")) },
	"a byte": func(r *rand.Rand, data []byte) []byte {
		data = slices.Clone(data)
		data[r.IntN(len(data))] ^= byte(1 << r.IntN(8))
		return data
	},
}

// mutate makes one random change on a host.
func (s *strayed) mutate(t *testing.T, h *lab.Host) mutation {
	t.Helper()
	kinds := append(slices.Sorted(maps.Keys(mutations)), "mode", "owner", "deleted", "server killed")
	what := kinds[s.random.IntN(len(kinds))]
	files := s.files(h)
	m := mutation{h, files[s.random.IntN(len(files))], what}
	path := h.Path(m.file)
	var err error
	switch what {
	case "server killed":
		m.file = ""
		err = h.KillServers(t.Context())
	case "deleted":
		if m.file == h.HostsFile && h.Name == "gw1" && s.Form == "real" {
			err = os.Truncate(path, 0) // a mount is not to be deleted
		} else {
			err = os.Remove(path)
		}
	case "mode":
		err = os.Chmod(path, []fs.FileMode{0, 0o400, 0o444, 0o600, 0o666, 0o777}[s.random.IntN(6)])
	case "owner":
		if os.Getuid() == 0 && runtime.GOOS == "linux" {
			err = os.Chown(path, []int{0, 2001, 65534}[s.random.IntN(3)], -1)
		} else {
			err = os.Chmod(path, 0o640)
		}
	default:
		err = mutateFile(path, s.random, mutations[what])
	}
	if err != nil {
		t.Fatalf("%s: %v", m, err)
	}
	s.sum.mutated(what)
	return m
}

// mutateFile writes into the file that is there.
func mutateFile(path string, r *rand.Rand, change func(*rand.Rand, []byte) []byte) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(change(r, data))
	return errors.Join(err, f.Close())
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
