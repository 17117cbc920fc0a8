package carbon

import (
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// app is a web application as the registry holds it.
type app struct {
	XMLName  xml.Name `xml:"metadata" json:"-"`
	ID       string   `xml:"id" json:"id"`
	Provider string   `xml:"overview>provider" json:"provider"`
	Name     string   `xml:"overview>name" json:"name"`
	Version  string   `xml:"overview>version" json:"version"`
	Context  string   `xml:"overview>context" json:"context"`
	Status   string   `xml:"overview>status" json:"status"`
}

func (a app) issuer() string { return a.Name + "-" + a.Version }

// path is where the registry has it, below the governance part of it.
func (a app) path() string {
	return "/appmgt/applicationdata/provider/" + a.Provider + "/" + a.Name + "/" + a.Version + "/webapp"
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// serveCreate is the Publisher's form for a new app.
func (s *server) serveCreate(w http.ResponseWriter, r *http.Request) {
	user := s.sessions.user(r, "/publisher")
	a := app{ID: uuid(), Provider: user, Name: r.PostFormValue("overview_name"), Version: r.PostFormValue("overview_version"), Context: r.PostFormValue("overview_context"), Status: "Created"}
	switch {
	case user == "":
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	case !safeName.MatchString(a.Name), !safeName.MatchString(a.Version), !strings.HasPrefix(a.Context, "/"):
		http.Error(w, "overview_name, overview_version, overview_context", http.StatusBadRequest)
		return
	}
	if err := s.keep(r.Context(), a); err != nil {
		s.log.exception(own, "the app "+a.Name+" is not added", err)
		http.Error(w, "see the log", http.StatusInternalServerError)
		return
	}
	reply(w, map[string]string{"ok": "true", "id": a.ID})
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a browser that is gone wants no answer
}

// servePublish puts an app on every Gateway and lets the Stores show it.
func (s *server) servePublish(w http.ResponseWriter, r *http.Request) {
	if s.sessions.user(r, "/publisher") == "" {
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	}
	a, err := s.app(r.Context(), r.PathValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if err := s.publish(r.Context(), a); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, map[string]string{"status": "Success"})
}

func (s *server) publish(ctx context.Context, a app) error {
	if err := s.registerApp(ctx, a); err != nil {
		s.log.exception(configuratorClass, configuratorFailed, err)
		return fmt.Errorf("%s: %w", configuratorFailed, err)
	}
	for _, g := range s.conf.wiring.gateways {
		if err := s.publishTo(ctx, g, a); err != nil {
			s.log.exception(providerClass, publishFailed, err)
			return fmt.Errorf("%s(%s): %w", publishFailed, g.name, err)
		}
	}
	return s.setStatus(ctx, a, "Published")
}

// registerApp tells the IDP where the logins of an app's users go: to the
// app's own address on the Gateway.
func (s *server) registerApp(ctx context.Context, a app) error {
	w := s.conf.wiring
	c, err := s.atConfigurator(ctx)
	if err != nil {
		return err
	}
	if len(w.gateways) == 0 {
		return errors.New("app-manager.xml names no Gateway")
	}
	at := w.gateways[0].secure() + a.Context + "/" + a.Version + "/" + w.postfix
	return call(ctx, c, w.configurator.url+"/services/IdentitySAMLSSOConfigService", url.Values{"issuer": {a.issuer()}, "assertionConsumerUrl": {at}}, nil)
}

// secure is the address with TLS of those by which users reach a Gateway.
func (g environment) secure() string {
	for _, e := range strings.Split(g.endpoints, ",") {
		if strings.HasPrefix(e, "https://") {
			return e
		}
	}
	return g.endpoints
}

func (s *server) publishTo(ctx context.Context, g environment, a app) error {
	c, err := s.login(ctx, g.peer, "", gatewayAdmin)
	if err != nil {
		return err
	}
	text, err := xml.Marshal(api{Name: a.Provider + "--" + a.Name, Context: a.Context, Version: a.Version, Issuer: a.issuer()})
	if err != nil {
		return err
	}
	if err := call(ctx, c, g.url+"RestApiAdmin", url.Values{"apiData": {string(text)}}, nil); err != nil {
		return thrown{"org.apache.axis2.AxisFault: Error while adding new WebApp", err.Error()}
	}
	return nil
}

// serveStore lists what is published, and where it is to be had.
func (s *server) serveStore(w http.ResponseWriter, r *http.Request) {
	if s.sessions.user(r, "/store") == "" {
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	}
	apps, err := s.published(r.Context())
	if err != nil {
		s.log.exception(own, "the published apps cannot be listed", err)
		http.Error(w, "see the log", http.StatusInternalServerError)
		return
	}
	type shown struct {
		app
		URLs []string `json:"urls"`
	}
	list := []shown{}
	for _, a := range apps {
		entry := shown{app: a}
		for _, g := range s.conf.wiring.gateways {
			entry.URLs = append(entry.URLs, g.secure()+a.Context+"/"+a.Version+"/")
		}
		list = append(list, entry)
	}
	reply(w, list)
}

var errEmbedded = errors.New("the governance part of the registry, or the storage, is embedded; the stand-in keeps nothing there, and another node would not see it")

// shared are the databases that an app is in, and the path in the registry's.
func (s *server) shared() (apps, registry, icons *sql.DB, root string, err error) {
	c := s.conf
	for _, m := range c.registry.mounts {
		if m.path == "/_system/governance" {
			registry, root = s.pool(c.registry.sources[c.registry.instances[m.instance].config]), m.target
		}
	}
	apps, icons = s.pool(c.apps.source), s.pool(c.apps.storage)
	if apps == nil || registry == nil || icons == nil {
		err = errEmbedded
	}
	return apps, registry, icons, root, err
}

func (s *server) pool(jndi string) *sql.DB {
	ds, _ := s.conf.lookup(jndi)
	if p := s.pools[ds.name]; p != nil {
		return p.db
	}
	return nil
}
