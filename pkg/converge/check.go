package converge

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

//go:embed probe_host.sh
var probeMachine string

//go:embed probe_folders.sh
var probeFolders string

var probeHost = probeMachine + probeFolders

// An Inquiry is what a preflight asks of one host beside what the steps need.
// It rides in the exec that gathers.
type Inquiry struct {
	Folders []string // that are written to; "~" is the folder of who logs in
	Uploads string   // the folder which uploads go to, absolute or in that one; "" does not ask what is in it
	Apart   bool     // "~" is of whom scripts run as
	Spare   []string // programs that may be missing, and are told to
	Names   []string // to be resolved on the host
	Ports   []int    // that servers of ours listen on
	// Homes are asked about as their owner, who is the one to write there: the
	// folders below each of them that are written to.
	Homes map[string][]string
	// Files are asked for an access control list: by the home whose owner looks,
	// "" for the session.
	Files map[string][]string
	// Links are asked for by the home of a server, with the ports on which it
	// and its peers listen: its connections that have one of these at either end.
	Links map[string][]int
}

// Health is what a host answered.
type Health struct {
	Lacks     []string // programs; "a|b" is either
	Space     []Space
	Addresses map[string]string // by name; "" where it does not resolve; absent where the host cannot tell
	Listeners []Listener        // on the ports that were asked for
	Blind     bool              // the host cannot tell who listens
	Left      []string          // uploads that earlier runs left behind
	Listed    []string          // files that have an access control list
	Clock     Clock
	Links     map[string][]Link // of the servers that were asked about; absent where the host cannot tell
}

// Space is what is left where a folder is.
type Space struct {
	Folder    string // as on the host
	Asked     string // as in the Inquiry
	Home      string // whose owner was asked; "" the session
	There     bool
	Writable  bool
	Free      int64 // bytes, for who is not root; -1 where the host does not say
	FreeNodes int64 // inodes; -1 where the host, or its file system, does not count them
}

// Listener is a process that listens on a port.
type Listener struct {
	Port    int
	UID     int
	PID     int    // 0 where we may not look
	Command string // "" where we may not look
	Home    string // of the product's server; "" where it is none
}

// Clock is how far a host's clock is ahead of ours: somewhere from Least to
// Most, as the answer took its time.
type Clock struct{ Least, Most time.Duration }

// Middle is the likeliest of the range.
func (c Clock) Middle() time.Duration { return (c.Least + c.Most) / 2 }

// Apart is how far the clock is from another that is ahead of ours by that
// much, at least.
func (c Clock) Apart(other time.Duration) time.Duration {
	return max(0, c.Least-other, other-c.Most)
}

// Tools is the inquiry as a script of its own, for a host that lacks what a
// batch of reads is made with.
func Tools(ctx context.Context, host Host) (lacks []string, err error) {
	var out strings.Builder
	_, _, err = host.Run(ctx, "", probeHost, Inquiry{}.words(), nil, func(l string) { out.WriteString(l + "\n") })
	if err != nil {
		return nil, err
	}
	h, err := parseHealth(out.String(), time.Time{}, time.Time{})
	if err != nil {
		return nil, err
	}
	return h.Lacks, nil
}

// Resolve asks a host for the addresses of names, as it is asked with an inquiry:
// "" where one does not resolve, none where the host cannot tell.
func Resolve(ctx context.Context, host Host, names []string) (map[string]string, error) {
	var out strings.Builder
	var words []string
	for _, n := range names {
		words = append(words, "name="+n)
	}
	_, _, err := host.Run(ctx, "", probeHost, words, nil, func(l string) { out.WriteString(l + "\n") })
	if err != nil {
		return nil, err
	}
	h, err := parseHealth(out.String(), time.Time{}, time.Time{})
	return h.Addresses, err
}

func (q Inquiry) words() []string {
	words := []string{"clock=now"}
	for _, t := range slices.Concat(needed, q.Spare) {
		words = append(words, "tool="+t)
	}
	if q.Apart {
		words = append(words, "apart=yes")
	}
	for _, f := range q.Folders {
		words = append(words, "dir="+f)
	}
	if q.Uploads != "" {
		words = append(words, "left="+q.Uploads)
	}
	for _, f := range q.Files[""] {
		words = append(words, "list="+f)
	}
	for _, n := range q.Names {
		words = append(words, "name="+n)
	}
	for _, p := range q.Ports {
		words = append(words, "port="+strconv.Itoa(p))
	}
	return words
}

// reads are one of the host, and one of each home. Everybody can see the hosts
// file, so the first home looks at it with its own, for a process less.
func (q Inquiry) reads() []Read {
	homes, files := slices.Sorted(maps.Keys(q.Homes)), maps.Clone(q.Files)
	if len(homes) > 0 && slices.Equal(files[""], []string{"/etc/hosts"}) {
		files[homes[0]], files[""] = slices.Concat(files[""], files[homes[0]]), nil
	}
	q.Files = files
	list := []Read{{Kind: "text", Name: probeHost, Args: q.words()}}
	for _, home := range homes {
		r := Read{Kind: "text", Name: probeFolders, As: home}
		for _, f := range q.Homes[home] {
			r.Args = append(r.Args, "dir="+f)
		}
		for _, f := range q.Files[home] {
			r.Args = append(r.Args, "list="+f)
		}
		list = append(list, r)
	}
	return append(list, q.links()...)
}

// Look is Gather with an inquiry beside it. Hosts without an inquiry are only
// gathered; the answers are by host.
func Look(ctx context.Context, hosts map[string]Host, needs []plan.Need, inquiries map[string]Inquiry) (*plan.State, map[string]Health, error) {
	health := map[string]Health{}
	state, err := gather(ctx, hosts, needs, inquiries, health)
	return state, health, err
}

// healthOf reads the answers to an inquiry. A host that cannot answer it at all
// cannot be provisioned either; a home that cannot, the steps look into.
func healthOf(target string, asked []Read, found [][]Found, begin, end time.Time) (Health, error) {
	var whole Health
	for i, r := range asked {
		if r.As != "" && (len(found[i]) != 1 || found[i][0].Kind != "output") {
			continue
		}
		if r.Name == probeLinks {
			if whole.Links == nil {
				whole.Links = map[string][]Link{}
			}
			if links, is := parseLinks(string(found[i][0].Data)); is {
				whole.Links[r.As] = links
			}
			continue
		}
		if len(found[i]) != 1 || found[i][0].Err != "" {
			return whole, fmt.Errorf("%s: the preflight's questions were not answered: %+v", target, found[i])
		}
		h, err := parseHealth(string(found[i][0].Data), begin, end)
		if err != nil {
			return whole, fmt.Errorf("%s: %w; please report it", target, err)
		}
		if i == 0 {
			whole = h
			continue
		}
		for _, s := range h.Space {
			s.Home = r.As
			whole.Space = append(whole.Space, s)
		}
		whole.Listed = append(whole.Listed, h.Listed...)
	}
	return whole, nil
}

var errHealth = errors.New("the preflight's answer makes no sense")

// parseHealth reads what probe_host.sh and probe_folders.sh printed between two
// moments of our own clock.
func parseHealth(out string, begin, end time.Time) (Health, error) {
	h := Health{Addresses: map[string]string{}}
	text, whole := strings.CutSuffix(out, "end\n")
	if !whole {
		return h, fmt.Errorf("%w: it ends early", errHealth)
	}
	for l := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		if !h.take(f, begin, end) {
			return h, fmt.Errorf("%w: %.80q", errHealth, l)
		}
	}
	return h, nil
}

// take takes one line, and tells whether it could.
func (h *Health) take(f []string, begin, end time.Time) bool {
	switch {
	case f[0] == "clock" && len(f) == 3:
		now, err := strconv.ParseInt(f[1], 10, 64)
		step, errStep := strconv.ParseInt(f[2], 10, 64)
		at := time.Unix(0, now)
		h.Clock = Clock{Least: at.Sub(end), Most: at.Add(time.Duration(step)).Sub(begin)}
		return err == nil && errStep == nil
	case f[0] == "lacks" && len(f) == 2:
		h.Lacks = append(h.Lacks, f[1])
	case f[0] == "space" && len(f) == 7:
		s, ok := space(f[1:])
		h.Space = append(h.Space, s)
		return ok
	case f[0] == "address" && len(f) == 3:
		if f[2] != "?" {
			h.Addresses[f[1]] = strings.TrimPrefix(f[2], "none")
		}
	case f[0] == "listens" && len(f) == 6:
		l, ok := listener(f[1:])
		h.Listeners = append(h.Listeners, l)
		return ok
	case f[0] == "listed" && len(f) == 2:
		h.Listed = append(h.Listed, f[1])
	case f[0] == "left" && len(f) == 2:
		h.Left = append(h.Left, f[1])
	case f[0] == "blind" && len(f) == 2:
		h.Blind = true
	default:
		return false
	}
	return true
}

func space(f []string) (Space, bool) {
	s := Space{Folder: f[0], Asked: f[1], There: f[2] != "gone", Writable: f[2] == "rw", Free: -1, FreeNodes: -1}
	kib, err := counted(f[3])
	free, errFree := counted(f[4])
	total, errTotal := counted(f[5])
	if kib >= 0 {
		s.Free = kib << 10
	}
	if total > 0 { // some file systems make them as they go and say 0
		s.FreeNodes = free
	}
	return s, err == nil && errFree == nil && errTotal == nil
}

// counted is a number, or -1 where the host did not know.
func counted(text string) (int64, error) {
	if text == "?" {
		return -1, nil
	}
	n, err := strconv.ParseUint(text, 10, 53)
	return int64(n), err
}

func listener(f []string) (Listener, bool) {
	port, err := strconv.Atoi(f[0])
	uid, errUID := strconv.Atoi(f[1])
	l := Listener{Port: port, UID: uid, Command: strings.TrimPrefix(f[3], "?"), Home: strings.TrimPrefix(f[4], "-")}
	if f[2] == "?" {
		return l, err == nil && errUID == nil
	}
	var errPID error
	l.PID, errPID = strconv.Atoi(f[2])
	return l, err == nil && errUID == nil && errPID == nil
}
