package steps

import (
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

const cachingSHA2 = "caching_sha2_password"

// driverNotes tell what the driver needs to log in to accounts that prove
// themselves by caching_sha2_password, MySQL's default from 8.0 on (facts.md
// section 5.5). They are notes, as the driver's own word is the login that
// verify tries.
func (d Deployment) driverNotes(found dbinit.Found, want dbinit.Want) []plan.Note {
	if !cachingSHA2Used(found, want) {
		return nil
	}
	var notes []plan.Note
	note := func(text string) {
		notes = append(notes, plan.Note{Target: plan.Deployment, Text: "the accounts use " + cachingSHA2 + text})
	}
	if v := d.Driver.Version; v != "" && olderThan(v, 5, 1, 46) {
		note(", which Connector/J knows from about 5.1.46 on; the driver is " + v + ": take a newer one")
	}
	if !protected(d.Inventory.Database.Options) {
		note(`: over a connection without TLS the driver fetches the server's public key only with allowPublicKeyRetrieval=true in [database] options`)
	}
	return notes
}

// cachingSHA2Used looks at the accounts that are there and at what a new one
// will get.
func cachingSHA2Used(found dbinit.Found, want dbinit.Want) bool {
	there := 0
	for _, a := range found.Accounts {
		for _, host := range want.Hosts {
			if strings.EqualFold(a.Host, host) {
				there++
				if a.Plugin == cachingSHA2 {
					return true
				}
			}
		}
	}
	return there < len(want.Hosts) && found.Server.DefaultPlugin == cachingSHA2
}

// protected tells whether the URLs ask for TLS, or allow the key to be fetched.
func protected(options string) bool {
	for _, o := range strings.Split(options, "&") {
		name, value, _ := strings.Cut(o, "=")
		switch {
		case name == "allowPublicKeyRetrieval" && value == "true",
			(name == "useSSL" || name == "requireSSL") && value == "true",
			name == "sslMode" && !strings.EqualFold(value, "DISABLED") && !strings.EqualFold(value, "PREFERRED"):
			return true
		}
	}
	return false
}

// olderThan compares a driver's version by its first three numbers.
func olderThan(version string, want ...int) bool {
	parts := strings.Split(version, ".")
	for i, w := range want {
		have := 0
		if i < len(parts) {
			have, _ = strconv.Atoi(parts[i]) // "49-bin" has no third number
		}
		if have != w {
			return have < w
		}
	}
	return false
}
