package carbon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"
)

// callLimit is how long another server may take to answer.
const callLimit = 5 * time.Second

// client calls other servers: names are looked up as this host does, and what
// a certificate says is not looked at, as the product's script has it.
func (s *server) client() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if host, err = s.resolve(ctx, host); err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	jar, _ := cookiejar.New(nil) // it fails without options for no reason
	return &http.Client{Timeout: callLimit, Jar: jar, Transport: &http.Transport{
		DialContext: dial, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

// thrown is what a log shows below a line: an exception and its causes.
type thrown []string

func (t thrown) Error() string { return strings.Join(t, "\nCaused by: ") }

var errRefused = errors.New("org.apache.axis2.AxisFault: Transport error: 401 Error: Unauthorized")

// call sends a form to a service.
func call(ctx context.Context, c *http.Client, url string, values url.Values, basic *peer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(values.Encode()))
	if err != nil {
		return fmt.Errorf("java.net.MalformedURLException: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != nil {
		r.SetBasicAuth(basic.user, basic.password)
	}
	resp, err := c.Do(r)
	if err != nil {
		return inJava(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // for the message alone
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return errRefused
	}
	return fmt.Errorf("org.apache.axis2.AxisFault: Transport error: %d Error: %s", resp.StatusCode, strings.TrimSpace(string(text)))
}

// inJava says in the product's words why there was no connection.
func inJava(err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	switch text := err.Error(); {
	case strings.Contains(text, "connection refused"):
		return fmt.Errorf("java.net.ConnectException: Connection refused (%s)", text)
	case strings.Contains(text, "UnknownHostException"):
		return err
	}
	return fmt.Errorf("java.io.IOException: %w", err)
}

// login begins an admin session with another server, as each of the product's
// clients does for itself. whose is how the refusal is told.
func (s *server) login(ctx context.Context, p peer, services, whose string) (*http.Client, error) {
	c := s.client()
	err := call(ctx, c, p.url+services+"AuthenticationAdmin", url.Values{"username": {p.user}, "password": {p.password}}, nil)
	switch {
	case errors.Is(err, errRefused):
		return nil, thrown{"org.apache.axis2.AxisFault: Error while authenticating against the " + whose, "org.wso2.carbon.authenticator.stub.LoginAuthenticationExceptionException: " + p.user + " at " + p.url}
	case err != nil:
		return nil, thrown{"org.apache.axis2.AxisFault: Error while contacting the authentication admin services", err.Error()}
	}
	return c, nil
}

// Classes of the clients that log in elsewhere. What they log, below and in
// publish.go, is what the product's sources have, but for the first: its text
// is an exception's there, and who logs it depends on the page [deduced].
const (
	authClass         = "org.wso2.carbon.appmgt.impl.utils.RemoteAuthorizationManagerClient"
	providerClass     = "org.wso2.carbon.appmgt.impl.APIProviderImpl"
	configuratorClass = "org.wso2.carbon.appmgt.impl.idp.sso.configurator.IS500SAMLSSOConfigurator"
	entitlementClass  = "org.wso2.carbon.appmgt.impl.entitlement.XacmlEntitlementServiceImpl"
)

// greet logs in at the other servers that app-manager.xml names, so that a
// wrong address or password is in the log before the first user comes. The
// product does this when it is first needed, and then writes the same lines; it
// too goes on without. Of itself a server has nothing to find out: an IDP's
// file names itself, with an administrator whom nobody needs there.
func (s *server) greet(ctx context.Context) {
	w := s.conf.wiring
	var all sync.WaitGroup
	with := func(p peer, login func()) {
		if s.isSelf(ctx, p) {
			return
		}
		all.Add(1)
		go func() { defer all.Done(); login() }()
	}
	with(w.auth, func() {
		err := call(ctx, s.client(), w.auth.url+"RemoteUserStoreManagerService", nil, &w.auth)
		s.miss(ctx, authClass, "Error while accessing backend services for user role list", err)
	})
	with(w.configurator, func() {
		_, err := s.atConfigurator(ctx)
		s.miss(ctx, configuratorClass, configuratorFailed, err)
	})
	with(w.entitlement, func() {
		_, err := s.login(ctx, w.entitlement, "/services/", "entitlement service")
		s.miss(ctx, entitlementClass, "Cannot initialize XACML entitlement service.", err)
	})
	for _, g := range w.gateways {
		with(g.peer, func() {
			_, err := s.login(ctx, g.peer, "", gatewayAdmin)
			s.miss(ctx, providerClass, publishFailed, err)
		})
	}
	all.Wait()
}

// isSelf tells whether a peer is this very server.
func (s *server) isSelf(ctx context.Context, p peer) bool {
	u, err := url.Parse(p.url)
	if err != nil || u.Port() != s.props["mgt.transport.https.port"] {
		return false
	}
	address, err := s.resolve(ctx, u.Hostname())
	return err == nil && (address == s.props["carbon.local.ip"] || loopback(address))
}

const (
	configuratorFailed = "Error initializing WSO2 SAML SSO Configurator"
	publishFailed      = "Error while publishing to Gateway "
	gatewayAdmin       = "API gateway admin"
)

// atConfigurator logs in where apps are to be made known.
func (s *server) atConfigurator(ctx context.Context) (*http.Client, error) {
	return s.login(ctx, s.conf.wiring.configurator, "/services/", "SSO IDP admin")
}

// miss logs what another server did not do.
func (s *server) miss(ctx context.Context, class, text string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.exception(class, text, err)
	}
}

// ownAddress is by which this machine is known: the one that is listened on,
// or the first that is not the loopback's.
func ownAddress(bind string) string {
	if bind != "" {
		return bind
	}
	addresses, err := net.InterfaceAddrs()
	if err == nil {
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
				return n.IP.String()
			}
		}
	}
	return "127.0.0.1"
}
