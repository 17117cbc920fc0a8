package dbinit

import (
	"context"
	"database/sql"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Login is what a login said of a password that cannot be compared with what
// the server stores.
type Login struct {
	Answer Answer
	From   string // the host that it came from
	Why    string // of NotTold, where it was tried or could not be
}

// Answer is how a login ended.
type Answer int

const (
	NotTold    Answer = iota // nothing is known of the password
	LetIn                    // it is right
	TurnedAway               // it is wrong
)

// TryLogin logs in through a pool that was opened as the account, from where
// Reaches says that the server takes it for no other. Only a plain refusal
// says that the password is wrong.
func TryLogin(ctx context.Context, db *sql.DB, a Account) Login {
	var who string
	err := db.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&who)
	switch n := number(err); {
	case err == nil && strings.EqualFold(who, a.Name()):
		return Login{Answer: LetIn}
	case err == nil:
		return Login{Why: "a login is taken for " + who}
	case (n == 1045 || n == 1698) && a.WantsTLS:
		return Login{Why: "the account wants TLS, which a login from here does without"}
	case n == 1045 || n == 1698:
		return Login{Answer: TurnedAway}
	case ctx.Err() != nil:
		return Login{Why: context.Cause(ctx).Error()}
	}
	return Login{Why: err.Error()}
}

// Reaches tells whether a login from that address can be taken for no other
// account. A server takes the account with the most specific host first; where
// two patterns hold, or a name may be that of the address, it is not sure.
func (f Found) Reaches(a Account, address string) bool {
	if !under(a.Host, address) {
		return false
	}
	others := slices.Clone(f.Shadows)
	for _, o := range f.Accounts {
		if o.Host != a.Host {
			others = append(others, o.Host)
		}
	}
	return !slices.ContainsFunc(others, func(host string) bool {
		return (isName(host) || under(host, address)) && (!isPattern(host) || isPattern(a.Host))
	})
}

// under: a server compares addresses as text, and knows networks by their mask
// or, MySQL from 8.0.23 on, by their bits.
func under(host, address string) bool {
	network, mask, isNetwork := strings.Cut(host, "/")
	if !isNetwork {
		return like(strings.ToLower(address), strings.ToLower(host))
	}
	if ip := net.ParseIP(mask).To4(); ip != nil {
		m, base, a := net.IPMask(ip), net.ParseIP(network).To4(), net.ParseIP(address).To4()
		return base != nil && a != nil && a.Mask(m).Equal(base)
	}
	p, err := netip.ParsePrefix(host)
	a, errA := netip.ParseAddr(address)
	return err == nil && errA == nil && p.Contains(a)
}

func isPattern(host string) bool { return host == "" || strings.ContainsAny(host, "%_/") }

func isName(host string) bool {
	return !isPattern(host) && host != "localhost" && net.ParseIP(host) == nil
}
