package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// databaseTLS reads what the way to the database is checked against; nil is
// without TLS. dir is where the inventory's paths begin.
func databaseTLS(dir string, t inventory.TLS) (*tls.Config, error) {
	if t.Mode == inventory.TLSOff {
		return nil, nil
	}
	pool, err := authorities(dir, t.CA)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: t.ServerName}
	switch t.Mode {
	case inventory.TLSSkipVerify:
		cfg.InsecureSkipVerify = true
	case inventory.TLSVerifyCA:
		// What Go checks by itself includes the name, so it is switched off and the rest done here.
		cfg.InsecureSkipVerify = true
		cfg.VerifyConnection = func(c tls.ConnectionState) error { return signedBy(pool, c.PeerCertificates) }
	}
	return cfg, nil
}

// authorities are those of a PEM file; nil, without one, those that the machine
// trusts.
func authorities(dir, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	path := resolve(dir, file)
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("database.tls_ca: %v; correct the path in the inventory, it begins at the inventory's folder", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage("database.tls_ca: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); give the authority's certificate, not its key", path)
	}
	return pool, nil
}

// signedBy checks a chain of certificates but for the name.
func signedBy(pool *x509.CertPool, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the server shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: between})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return nil
}
