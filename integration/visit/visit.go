// Package visit goes through a deployment as its users do, with a browser's
// means alone: it logs in at the Publisher and at the Store through the IDP,
// publishes an app, sees it in the Store and opens it at the Gateway. It finds
// out whether the servers send people and each other to the right places.
package visit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Deployment is what a user knows of one.
type Deployment struct {
	Publishers, Stores []string // https://name:port of each
	User, Password     string
	// Lookup finds a name's address, as the user's machine does. What it does
	// not know is an error: localhost is the user's own machine.
	Lookup func(name string) (string, error)
}

// Seen is what a visit came by.
type Seen struct {
	Logins []string // page through IDP
	App    string
	URLs   []string // of the app at the Gateways
	Served []string // what answered there
}

// Write tells it, a line for each thing that was met.
func (s Seen) Write(w io.Writer) {
	for _, login := range s.Logins {
		fmt.Fprintln(w, "logged in at", login)
	}
	fmt.Fprintln(w, "published", s.App, "at the Publisher")
	for i, url := range s.URLs {
		fmt.Fprintf(w, "the Store shows it at %s\nand there answers: %s\n", url, s.Served[i])
	}
}

// Walk visits every Publisher and every Store, and publishes one app at the
// first Publisher. The error says at which step it stuck, and on what.
func (d Deployment) Walk(ctx context.Context) (Seen, error) {
	var seen Seen
	b := newBrowser(ctx, d)
	for _, p := range d.Publishers {
		if err := d.login(b, &seen, p, "publisher"); err != nil {
			return seen, err
		}
	}
	for _, s := range d.Stores {
		if err := errors.Join(d.login(b, &seen, s, "store"), d.login(b, &seen, s, "social")); err != nil {
			return seen, err
		}
	}
	if len(d.Publishers) == 0 || len(d.Stores) == 0 {
		return seen, errors.New("a visit needs a Publisher and a Store")
	}
	seen.App = "hello" + strings.ToLower(rand.Text()[:8])
	if err := publish(b, d.Publishers[0], seen.App); err != nil {
		return seen, fmt.Errorf("publishing %s at %s: %w", seen.App, d.Publishers[0], err)
	}
	for _, s := range d.Stores {
		if err := find(b, &seen, s); err != nil {
			return seen, fmt.Errorf("looking for %s at %s: %w", seen.App, s, err)
		}
	}
	return seen, d.open(b, &seen)
}

// login opens a page and is back on it, logged in, at the end.
func (d Deployment) login(b *browser, seen *Seen, base, page string) error {
	start := base + "/" + page + "/"
	fail := func(err error) error { return fmt.Errorf("logging in at %s: %w", start, err) }
	at, err := b.get(start, nil)
	if err != nil {
		return fail(err)
	}
	idp := at.url
	if at, err = b.through(at, d.User, d.Password); err != nil {
		return fail(err)
	}
	if at.url.String() != start {
		return fail(fmt.Errorf("the login ended at %s", at.url))
	}
	if !strings.HasPrefix(at.body, page+" of ") {
		return fail(fmt.Errorf("the page says %q", at.body))
	}
	seen.Logins = append(seen.Logins, start+" through "+idp.Scheme+"://"+idp.Host+idp.Path)
	return nil
}

func publish(b *browser, base, app string) error {
	made, err := b.send(http.MethodPost, base+"/publisher/asset/webapp", url.Values{
		"overview_name": {app}, "overview_version": {"1.0.0"}, "overview_context": {"/" + app},
	})
	if err != nil {
		return err
	}
	var answer struct{ ID string }
	if err := json.Unmarshal([]byte(made.body), &answer); err != nil || answer.ID == "" {
		return fmt.Errorf("the Publisher answers %q", made.body)
	}
	_, err = b.send(http.MethodPut, base+"/publisher/api/lifecycle/Publish/webapp/"+answer.ID, nil)
	return err
}

// find looks for the app in a Store.
func find(b *browser, seen *Seen, base string) error {
	at, err := b.get(base+"/store/assets/webapp", nil)
	if err != nil {
		return err
	}
	var list []struct {
		Name string
		URLs []string
	}
	if err := json.Unmarshal([]byte(at.body), &list); err != nil {
		return fmt.Errorf("the Store answers %q", at.body)
	}
	for _, a := range list {
		if a.Name != seen.App {
			continue
		}
		for _, u := range a.URLs {
			if !slices.Contains(seen.URLs, u) {
				seen.URLs = append(seen.URLs, u)
			}
		}
		return nil
	}
	return fmt.Errorf("it is not among the %d apps of the Store", len(list))
}

// open uses the app wherever the Stores say that it is, from a Store's page:
// the Gateway has to let that read the answer.
func (d Deployment) open(b *browser, seen *Seen) error {
	if len(seen.URLs) == 0 {
		return errors.New("the Store shows no address of the app")
	}
	for _, u := range seen.URLs {
		if err := d.use(b, seen, u); err != nil {
			return fmt.Errorf("opening %s: %w", u, err)
		}
	}
	return nil
}

func (d Deployment) use(b *browser, seen *Seen, app string) error {
	at, err := b.get(app, nil)
	if err != nil {
		return err
	}
	if at, err = b.through(at, d.User, d.Password); err != nil {
		return err
	}
	if at.url.String() != app {
		return fmt.Errorf("the login ended at %s", at.url)
	}
	seen.Served = append(seen.Served, strings.TrimSpace(at.body))
	origin := d.Stores[0]
	if at, err = b.get(app, http.Header{"Origin": {origin}}); err != nil {
		return err
	}
	if got := at.header.Get("Access-Control-Allow-Origin"); got != origin {
		return fmt.Errorf("a page of %s may not read the answer: Access-Control-Allow-Origin is %q", origin, got)
	}
	return nil
}
