package converge

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

//go:embed probe_package.sh
var probePackage string

//go:embed probe_service.sh
var probeService string

// parsePackage reads what probe_package.sh printed of the package of that name.
func parsePackage(name, out string) (plan.Object, error) {
	p := &plan.Package{Name: name}
	var all [][2]string
	for l := range strings.Lines(out) {
		key, rest, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		first, second, _ := strings.Cut(rest, " ")
		switch key {
		case "user":
			p.Root = rest == "0"
		case "manager":
			p.Manager = rest
		case "have":
			p.Name, p.Installed = first, second
			all = append(all, [2]string{first, second})
		case "broken":
			p.Name, p.Broken = first, second
		case "comes":
			p.With = append(p.With, rest)
			all = append(all, [2]string{first, second})
			if first == name {
				p.Version = second
			}
		case "unknown":
			p.Unknown = rest
		default:
			return nil, fmt.Errorf("the package probe answered %q", key)
		}
	}
	p.Flavor, p.Server = brings(append(all, [2]string{p.Name, ""}))
	return p, nil
}

// carries matches the packages that a server is in: mariadb-server-core,
// mysql-server-8.0, mysql-community-server, mariadb105-server.
var carries = regexp.MustCompile(`^(mariadb|mysql|percona)[a-z0-9.-]*server`)

var numbers = regexp.MustCompile(`^([0-9]+:)?([0-9]+)(\.[0-9]+)*`)

// brings tells whose server the packages bring, and of which version: a package
// that only depends on it counts its versions for itself, from 1 on.
func brings(packages [][2]string) (flavor, version string) {
	for _, p := range packages {
		if !carries.MatchString(p[0]) {
			continue
		}
		whose := string(dbinit.MySQL)
		if strings.HasPrefix(p[0], "mariadb") {
			whose = string(dbinit.MariaDB)
		}
		m := numbers.FindStringSubmatch(p[1])
		if m != nil {
			if major, err := strconv.Atoi(m[2]); err == nil && major >= 5 {
				return whose, strings.TrimPrefix(m[0], m[1])
			}
		}
		if flavor == "" {
			flavor = whose
		}
	}
	return flavor, ""
}

// parseService reads what probe_service.sh printed.
func parseService(out string) (plan.Object, error) {
	s := &plan.Service{}
	for l := range strings.Lines(out) {
		key, rest, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		switch key {
		case "process":
			pid, err := strconv.Atoi(rest)
			if err != nil {
				return nil, fmt.Errorf("the service probe answered process %q", rest)
			}
			s.Running, s.PID = true, pid
		case "listen":
			address, err := kernelAddress(rest)
			if err != nil {
				return nil, err
			}
			s.Running = true
			if !slices.Contains(s.Listens, address) {
				s.Listens = append(s.Listens, address)
			}
		case "database":
			s.Databases = append(s.Databases, rest)
		case "hidden":
			s.Hidden = true
		default:
			return nil, fmt.Errorf("the service probe answered %q", key)
		}
	}
	slices.Sort(s.Listens)
	return s, nil
}

// kernelAddress reads an address as /proc/net/tcp has it: words of four bytes,
// the last byte first.
func kernelAddress(text string) (string, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return "", fmt.Errorf("the service probe answered address %q", text)
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	address, ok := netip.AddrFromSlice(raw)
	if !ok {
		return "", fmt.Errorf("the service probe answered address %q", text)
	}
	return address.Unmap().String(), nil
}

// toKernel is the opposite; "" for what is no address.
func toKernel(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	raw := a.AsSlice()
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	return strings.ToUpper(hex.EncodeToString(raw))
}

// Fresh is what the steps can know of the databases while there is no server to
// ask: it will be the one of the package, and hold nothing. Where its data
// directory says otherwise, nothing can be planned.
func Fresh(p *plan.Package, s plan.Ref, service *plan.Service, ledger string, needs []plan.Need) (*plan.State, error) {
	server := dbinit.Predict(dbinit.Flavor(p.Flavor), p.Server)
	state := plan.NewState()
	state.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindMySQL}, &plan.MySQL{
		Version: server.Version, Flavor: string(server.Flavor), Found: server,
	})
	names := []string{ledger}
	for _, n := range needs {
		switch {
		case n.Target != plan.Deployment:
		case n.Kind == plan.KindSchema:
			names = append(names, n.Path)
			state.Put(n.Ref, nil)
		case n.Kind == plan.KindAccount:
			state.Put(n.Ref, nil)
		case n.Kind == plan.KindAdmin:
			state.Put(n.Ref, Admin(dbinit.Fresh(n.Path)))
		}
	}
	return state, asleep(s, service, names)
}

// Admin is the tool's own account as root sees it: none, or some.
func Admin(accounts []dbinit.Account) plan.Object {
	if len(accounts) == 0 {
		return &plan.Admin{}
	}
	return &plan.Admin{Found: accounts}
}

// asleep refuses to plan for a server that does not run and has been used: what
// it holds only it can tell.
func asleep(r plan.Ref, s *plan.Service, names []string) error {
	if s.Hidden {
		return &plan.Error{Cause: plan.Unread, Ref: r, Text: "it does not run, and what /var/lib/mysql holds may not be read; write sudo = true for this host"}
	}
	for _, name := range names {
		if slices.ContainsFunc(s.Databases, func(d string) bool { return strings.EqualFold(d, name) }) {
			return &plan.Error{Cause: plan.Conflict, Ref: r, Text: "it does not run, and its data directory holds " + name +
				", of which only the server itself can tell; start it on the host, then plan again"}
		}
	}
	return nil
}
