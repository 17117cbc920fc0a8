package carbon

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// sessions are who is logged in, by what their browser shows. Each kind has a
// cookie of its own path, as on one machine the nodes share a browser's cookies.
type sessions struct {
	mu    sync.Mutex
	users map[string]string
}

// begin logs a user in below a path.
func (l *sessions) begin(w http.ResponseWriter, path, user string) {
	token := rand.Text()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == nil {
		l.users = map[string]string{}
	}
	l.users[path+" "+token] = user
	http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: token, Path: path, HttpOnly: true})
}

// user is who is logged in there; "" is nobody.
func (l *sessions) user(r *http.Request, path string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range r.CookiesNamed("JSESSIONID") {
		if user := l.users[path+" "+c.Value]; user != "" {
			return user
		}
	}
	return ""
}

// webHandler is all that a node's web container answers. The services for
// other servers are there with TLS alone.
func (s *server) webHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.front)
	mux.HandleFunc("/carbon/", s.front)
	mux.HandleFunc("POST /services/AuthenticationAdmin", secure(s.serveLogin))
	mux.HandleFunc("POST /services/RemoteUserStoreManagerService", secure(s.serveRoles))
	mux.HandleFunc("POST /services/IdentitySAMLSSOConfigService", secure(s.serveProvider))
	mux.HandleFunc("POST /services/RestApiAdmin", secure(s.serveAPI))
	mux.HandleFunc("/samlsso", s.serveSSO)
	for _, p := range s.conf.wiring.pages {
		mux.HandleFunc("POST /"+p.name+"/acs", s.consume(p))
		mux.HandleFunc("GET /"+p.name+"/{$}", s.servePage(p))
	}
	mux.HandleFunc("POST /publisher/asset/webapp", s.serveCreate)
	mux.HandleFunc("PUT /publisher/api/lifecycle/Publish/webapp/{id}", s.servePublish)
	mux.HandleFunc("GET /store/assets/webapp", s.serveStore)
	return mux
}

// front is what a node says of itself.
func (s *server) front(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%s at %s\n", s.conf.product, s.home)
}

func secure(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			http.Error(w, "this service is there by HTTPS alone", http.StatusForbidden)
			return
		}
		h(w, r)
	}
}

const logins = "org.wso2.carbon.core.services.util.CarbonAuthenticationUtil"

// authenticate looks a user up in the users' database, and logs what came of
// it in the server's words; those of a refusal are from memory.
func (s *server) authenticate(ctx context.Context, user, password string) bool {
	at := time.Now().Format("2006-01-02 15:04:05,000-0700")
	ok, err := s.knows(ctx, user, password)
	switch {
	case err != nil:
		s.log.error(own, "the user cannot be looked up: "+err.Error())
	case ok:
		s.log.info(logins, fmt.Sprintf("'%s@carbon.super [%d]' logged in at [%s]", user, tenant, at))
	default:
		s.log.warn(logins, fmt.Sprintf("Failed Administrator login attempt '%s[%d]' at [%s]", user, tenant, at))
	}
	return ok
}

func (s *server) knows(ctx context.Context, user, password string) (bool, error) {
	u := s.conf.users
	ds, _ := s.conf.lookup(u.source)
	p := s.pools[ds.name]
	if p == nil { // embedded: its only user is the admin that it was made with
		return user == u.admin && password == u.password, nil
	}
	var stored string
	err := p.db.QueryRowContext(ctx, "SELECT UM_USER_PASSWORD FROM UM_USER WHERE UM_USER_NAME = ? AND UM_TENANT_ID = ?", user, tenant).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	digest := sha256.Sum256([]byte(password))
	return err == nil && stored == base64.StdEncoding.EncodeToString(digest[:]), err
}
