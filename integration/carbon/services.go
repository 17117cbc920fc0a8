package carbon

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// own is the class of lines that the product does not have.
const own = "integration.carbon"

// servicesPath is what an admin session is good for.
const servicesPath = "/services"

// serveLogin is AuthenticationAdmin: it begins a session for another server.
func (s *server) serveLogin(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("username")
	if !s.authenticate(r.Context(), user, r.PostFormValue("password")) {
		http.Error(w, "LoginAuthenticationExceptionException", http.StatusUnauthorized)
		return
	}
	s.sessions.begin(w, servicesPath, user)
}

// serveRoles is RemoteUserStoreManagerService, which takes the name and the
// password with every question.
func (s *server) serveRoles(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if !s.authenticate(r.Context(), user, password) {
		http.Error(w, "access denied", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(s.conf.users.role + "\n"))
}

// isAdmin refuses who did not log in before.
func (s *server) isAdmin(w http.ResponseWriter, r *http.Request) bool {
	if s.sessions.user(r, servicesPath) != "" {
		return true
	}
	http.Error(w, "access denied, no session", http.StatusUnauthorized)
	return false
}

// providersFile is where an IDP keeps whom Publishers told it of: in its
// registry, which is embedded.
const providersFile = "repository/database/standin-service-providers.json"

// serveProvider is IdentitySAMLSSOConfigService: it lets an app ask for logins.
func (s *server) serveProvider(w http.ResponseWriter, r *http.Request) {
	if !s.isAdmin(w, r) {
		return
	}
	p := provider{Issuer: r.PostFormValue("issuer"), Default: r.PostFormValue("assertionConsumerUrl")}
	p.URLs = []string{p.Default}
	if p.Issuer == "" || p.Default == "" {
		http.Error(w, "issuer and assertionConsumerUrl", http.StatusBadRequest)
		return
	}
	if err := s.addProvider(p); err != nil {
		s.log.error(own, "a service provider is not added: "+err.Error())
		http.Error(w, "see the log", http.StatusInternalServerError)
	}
}

func (s *server) addProvider(p provider) error {
	s.files.Lock()
	defer s.files.Unlock()
	added, err := s.added()
	if err != nil {
		return err
	}
	added[p.Issuer] = p
	data, err := json.Marshal(added)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.home, filepath.FromSlash(providersFile)), data, 0o644)
}

// added are the providers beside those of the file.
func (s *server) added() (map[string]provider, error) {
	list := map[string]provider{}
	data, err := os.ReadFile(filepath.Join(s.home, filepath.FromSlash(providersFile)))
	if os.IsNotExist(err) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(data, &list)
}

// provider finds who asks for a login: the first of the file's, or an app.
func (s *server) provider(issuer string) (provider, bool) {
	for _, p := range s.conf.wiring.providers {
		if p.Issuer == issuer {
			return p, true
		}
	}
	s.files.Lock()
	defer s.files.Unlock()
	added, err := s.added()
	if err != nil {
		s.log.error(own, providersFile+": "+err.Error())
	}
	p, ok := added[issuer]
	return p, ok
}

// api is an app as a Gateway has it: a file of its own.
type api struct {
	XMLName xml.Name `xml:"api"`
	Name    string   `xml:"name,attr"`
	Context string   `xml:"context,attr"`
	Version string   `xml:"version,attr"`
	Issuer  string   `xml:"issuer,attr"`
}

func (a api) path() string { return a.Context + "/" + a.Version }

const apisFolder = "repository/deployment/server/synapse-configs/default/api"

// serveAPI is RestApiAdmin: it puts an app on this Gateway, or a later state
// of it in its place.
func (s *server) serveAPI(w http.ResponseWriter, r *http.Request) {
	if !s.isAdmin(w, r) {
		return
	}
	text := r.PostFormValue("apiData")
	var a api
	if err := xml.Unmarshal([]byte(text), &a); err != nil || !safeName.MatchString(a.Name) || !strings.HasPrefix(a.Context, "/") {
		http.Error(w, "no app", http.StatusBadRequest)
		return
	}
	folder := filepath.Join(s.home, filepath.FromSlash(apisFolder))
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, a.Name+"_v"+a.Version+".xml"), []byte(text), 0o644)
	}
	if err != nil {
		s.log.error(own, "an app is not added: "+err.Error())
		http.Error(w, "see the log", http.StatusInternalServerError)
		return
	}
	s.log.info(own, "app "+a.Name+" is at "+a.path())
}
