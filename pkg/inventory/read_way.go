package inventory

import "fmt"

// longestSocket is what every system takes as the path of a unix socket: macOS
// has room for 103 bytes, Linux for 107.
const longestSocket = 103

// databaseSocket reads the other way in than TCP. Settings of the one that say
// nothing to the other are refused: who writes both may think that both hold.
func (r *reader) databaseSocket(s section) {
	r.inv.Database.Socket = s.text("socket", "", absolute, socketLength)
	if !s.has("socket") {
		return
	}
	for _, name := range []string{"admin_address", "admin_port"} {
		if s.has(name) {
			s.wrong(name, "%s and socket are both given, want one (%s is for TCP)", name, name)
		}
	}
}

func socketLength(value string) string {
	if len(value) > longestSocket {
		return fmt.Sprintf("is too long for a socket (systems take %d bytes)", longestSocket)
	}
	return ""
}

// databaseTLS reads how the tool's own connection is protected. A setting that
// would protect nothing is an error, as whoever wrote it thinks that it does.
func (r *reader) databaseTLS(s section) {
	db := &r.inv.Database
	byDefault := db.Address
	if s.has("admin_address") {
		byDefault = db.AdminAddress
	}
	db.TLS = TLS{
		Mode:       TLSMode(s.choice("tls", string(TLSOff), string(TLSVerify), string(TLSVerifyCA), string(TLSSkipVerify))),
		CA:         s.text("tls_ca", ""),
		ServerName: s.text("tls_server_name", byDefault, sshTarget),
	}
	if s.broken("tls") {
		return
	}
	r.unusedTLS(s)
	switch mode := db.TLS.Mode; {
	case mode != TLSOff && s.has("socket"):
		s.wrong("tls", "tls and socket are both given, want one (nothing leaves the machine through a socket, and SSH protects the way there)")
	case mode == TLSVerifyCA && !s.has("tls_ca"):
		s.wrong("tls", `tls "verify-ca" without tls_ca would believe any certificate of any public authority; write tls_ca = "ca.pem", or tls = "verify"`)
	case mode == TLSSkipVerify:
		s.warn("tls", `tls "skip-verify" believes whoever answers; better check the certificate: tls = "verify" and tls_ca = "ca.pem"`)
	}
}

// unusedTLS refuses what the mode does not look at.
func (r *reader) unusedTLS(s section) {
	mode := r.inv.Database.TLS.Mode
	for _, name := range []string{"tls_ca", "tls_server_name"} {
		switch {
		case !s.has(name):
		case s.has("socket"):
			s.wrong(name, "%s and socket are both given, want one (%s is for TCP)", name, name)
		case mode == TLSOff || mode == TLSSkipVerify || mode == TLSVerifyCA && name == "tls_server_name":
			s.wrong(name, `%s is given, but tls = %q does not look at it (write tls = "verify")`, name, mode)
		}
	}
}

// checkPlainText notes that passwords can be read on the way: the statement
// that sets one holds it in clear. Who writes tls = "off" knows. Of a file that
// is wrong, what is wrong comes first.
func (r *reader) checkPlainText() {
	s, db := r.root.table("database"), r.inv.Database
	direct := !s.has("tls") && !s.has("socket") && !s.has("via") && !isLoopback(db.AdminAddress)
	if len(r.problems) > 0 || !direct || !db.Manage {
		return
	}
	s.warn("tls", `the tool's own connection goes to %s in clear, and with it the password of each account that it sets; write via = "…", the name of a [[host]], or tls = "verify", or tls = "off" if that is meant`, db.AdminAddress)
}
