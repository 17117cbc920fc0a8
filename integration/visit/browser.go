package visit

import (
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// browser follows redirects, keeps cookies and fills in forms.
type browser struct {
	ctx    context.Context
	client *http.Client
}

// place is where a browser is.
type place struct {
	url    *url.URL
	header http.Header
	body   string
}

func newBrowser(ctx context.Context, d Deployment) *browser {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if host, err = d.Lookup(host); err != nil {
			return nil, err
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	jar, _ := cookiejar.New(nil) // it fails without options for no reason
	// The servers sign for themselves, and a user would click that away.
	return &browser{ctx, &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}}
}

func (b *browser) get(address string, header http.Header) (place, error) {
	r, err := http.NewRequestWithContext(b.ctx, http.MethodGet, address, nil)
	if err != nil {
		return place{}, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	return b.do(r)
}

func (b *browser) send(method, address string, values url.Values) (place, error) {
	r, err := http.NewRequestWithContext(b.ctx, method, address, strings.NewReader(values.Encode()))
	if err != nil {
		return place{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) do(r *http.Request) (place, error) {
	resp, err := b.client.Do(r)
	if err != nil {
		return place{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return place{}, err
	}
	at := place{resp.Request.URL, resp.Header, string(body)}
	if resp.StatusCode != http.StatusOK {
		return at, fmt.Errorf("%s answers %s: %s", at.url.Redacted(), resp.Status, strings.TrimSpace(at.body))
	}
	return at, nil
}

var (
	action = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	input  = regexp.MustCompile(`<input name="([^"]*)" value="([^"]*)">`)
)

// forms is how many forms one login may take: the question, and the answer
// that is carried back.
const forms = 2

// through fills in the forms of a login.
func (b *browser) through(at place, user, password string) (place, error) {
	for range forms {
		m := action.FindStringSubmatch(at.body)
		if m == nil {
			return at, nil
		}
		target, err := at.url.Parse(html.UnescapeString(m[1]))
		if err != nil {
			return at, err
		}
		values := url.Values{}
		for _, f := range input.FindAllStringSubmatch(at.body, -1) {
			values.Set(f[1], html.UnescapeString(f[2]))
		}
		if values.Has("password") {
			values.Set("username", user)
			values.Set("password", password)
		}
		if at, err = b.send(http.MethodPost, target.String(), values); err != nil {
			return at, err
		}
	}
	if strings.Contains(at.body, `<input name="password"`) {
		return at, fmt.Errorf("%s refuses the user's password", at.url.Host)
	}
	return at, nil
}
