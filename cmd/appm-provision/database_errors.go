package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// explained is a connector whose errors say what to do about the way in.
type explained struct {
	sqldriver.Connector
	way way
}

func (e explained) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := e.Connector.Connect(ctx)
	if err != nil {
		return nil, e.way.explain(err)
	}
	return conn, nil
}

// explain adds to an error what the operator can do. The error stays in the
// chain: others tell a refusal from a lost connection by it.
func (w way) explain(err error) error {
	var (
		certificate *tls.CertificateVerificationError
		refused     *mysql.MySQLError
	)
	_, addr := w.address()
	switch {
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of the server at %s is not accepted: %w; %s", addr, certificate.Err, w.aboutCertificate(certificate.Err))
	case errors.Is(err, mysql.ErrNoTLS):
		return fmt.Errorf("the server at %s speaks no TLS, and tls = %q asks for it (%w); give it a certificate (ssl_ca, ssl_cert, ssl_key), or reach it by via or socket, without tls", addr, w.db.TLS.Mode, err)
	case w.tls != nil && isTLS(err):
		return fmt.Errorf("no TLS with the server at %s: %w; it must speak TLS 1.2 or later (MySQL 5.6 mostly does not); upgrade it, or reach it by via or socket, without tls", addr, err)
	case errors.As(err, &refused):
		return w.aboutRefusal(err, refused)
	case w.db.Socket != "" && w.via == nil && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; without via it is looked for on this machine: write via = \"…\", the name of the [[host]] that the server is on, or correct database.socket", err)
	}
	return err
}

// isTLS: the handshake went wrong before there was a certificate to judge.
func isTLS(err error) bool {
	var (
		alert  tls.AlertError
		record tls.RecordHeaderError
	)
	return errors.As(err, &alert) || errors.As(err, &record) || strings.Contains(err.Error(), "tls: ")
}

func (w way) aboutCertificate(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown) && w.db.TLS.CA == "":
		return `this machine knows no authority that signed it: name the file of the one that did, tls_ca = "ca.pem"`
	case errors.As(err, &unknown):
		return fmt.Sprintf("it was signed by another authority than %s: is that the right file, and the right server?", w.db.TLS.CA)
	case errors.As(err, &name) && len(name.Certificate.DNSNames)+len(name.Certificate.IPAddresses) == 0:
		return `it carries no name at all (those that MySQL makes by itself do not): write tls = "verify-ca", which does not ask for one, or give the server a certificate with subjectAltName`
	case errors.As(err, &name):
		return "write a name that it carries as tls_server_name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew it, or set this machine's clock"
	}
	return "the server needs another certificate"
}

// Refusals by the server that have to do with the way in.
const (
	accessDenied       = 1045
	accessDeniedNoPass = 1698 // said for accounts that no password opens
	insecureTransport  = 3159 // MySQL's require_secure_transport; MariaDB says accessDenied
)

// aboutRefusal hides the server's error from the chain where a password is not
// what is missing: others would ask for one.
func (w way) aboutRefusal(err error, refused *mysql.MySQLError) error {
	denied := refused.Number == accessDenied || refused.Number == accessDeniedNoPass
	switch {
	case denied && w.db.Socket != "" && w.db.Admin.Password.Kind() == inventory.SecretMissing:
		return fmt.Errorf("%v; no password was given, and through the socket the server sees the system's user %s: %s", err, w.user, w.wantUser())
	case denied && w.db.Socket == "" && w.tls == nil:
		return fmt.Errorf(`%w (a MariaDB that demands TLS says the same: then write tls = "verify")`, err)
	case refused.Number == insecureTransport:
		return fmt.Errorf(`%w; write tls = "verify" and tls_ca under [database], or come in by socket`, err)
	}
	return err
}

// wantUser says how the server comes to see the user that it wants.
func (w way) wantUser() string {
	switch {
	case w.user == w.db.Admin.User:
		return "does it have an account of that name with unix_socket (MySQL: auth_socket)? If it has a password, give that under admin"
	case w.via == nil:
		return fmt.Sprintf("run as %s, or give the admin's password", w.db.Admin.User)
	case w.db.Admin.User == "root":
		return "turn sudo on for that host, log in there as root, or give the admin's password"
	}
	return fmt.Sprintf("log in over SSH as %s, or give the admin's password", w.db.Admin.User)
}
