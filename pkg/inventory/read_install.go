package inventory

import "strings"

const defaultPackage = "mariadb-server"

// databaseInstall reads whether the tool brings the server into being itself.
// Then it must know the host, come in through it, and have an admin to make:
// what contradicts that is refused before anything is connected to.
func (r *reader) databaseInstall(s section) {
	db := &r.inv.Database
	db.Install = s.flag("install", false)
	db.Package = s.text("package", defaultPackage, packageName)
	if !db.Install {
		if s.has("package") && !s.has("install") {
			s.wrong("package", "package is given, but install is not: nothing is installed (write install = true)")
		}
		return
	}
	if s.has("address") && !s.has("host") {
		s.wrong("address", `address is given, and install needs the host that carries the server: write host = "…", the name of a [[host]], instead`)
	}
	if s.has("via") && s.has("host") && !s.broken("via") && !s.broken("host") && db.Via != db.Host {
		s.wrong("via", "via is %s, and install works on the server's own host: write via = %s, or leave it out", quoted(db.Via), quoted(db.Host))
	}
	if !db.Manage {
		s.wrong("install", "install and manage = false contradict each other: want one")
	}
	r.installAdmin(s)
}

// installAdmin wants what can be true of a server that is fresh.
func (r *reader) installAdmin(s section) {
	db := r.inv.Database
	for _, name := range []string{"admin_address", "admin_port"} {
		if s.has(name) {
			s.wrong(name, "%s is given, and install comes in on the server's own host, at its own port: leave it out", name)
		}
	}
	if db.TLS.Mode != TLSOff {
		s.wrong("tls", `tls is %q, and a server that was just installed has no certificate to check; leave it out, as SSH protects the way to the host`, db.TLS.Mode)
	}
	if s.has("socket") && db.Admin.Password.Kind() == SecretMissing && db.Admin.User != "root" {
		s.wrong("admin", "admin.password is missing: without one, a server that was just installed lets in root only")
	}
}

// packageName is what apt and dnf take for a name, and neither for an option
// or an expression.
func packageName(value string) string {
	if len(value) > 64 || !only(value, lowerLetters+digits+".+-") || strings.HasPrefix(value, "-") {
		return "is no name of a package"
	}
	return ""
}
