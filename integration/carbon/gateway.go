package carbon

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// gatewayHandler is what a node answers on the ports for messages: the apps
// that were published to it, to users who are logged in.
func (s *server) gatewayHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			s.front(w, r)
			return
		}
		a, ok := s.apiAt(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		s.allow(w, r)
		s.serveApp(w, r, a)
	})
}

// allow lets the pages of the origins that the file names read the answer.
func (s *server) allow(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && slices.Contains(strings.Split(s.conf.wiring.origins, ","), origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

func (s *server) serveApp(w http.ResponseWriter, r *http.Request, a api) {
	if r.URL.Path == a.path()+"/"+s.conf.wiring.postfix && r.Method == http.MethodPost {
		user := s.subject(r, a.Issuer)
		if user == "" {
			http.Error(w, "this is no answer for "+a.Issuer, http.StatusForbidden)
			return
		}
		s.sessions.begin(w, a.path(), user)
		http.Redirect(w, r, a.path()+"/", http.StatusSeeOther)
		return
	}
	user := s.sessions.user(r, a.path())
	if user == "" {
		askLogin(w, r, s.conf.wiring.sso, a.Issuer)
		return
	}
	fmt.Fprintf(w, "%s through %s for %s\n", a.Name, s.home, user)
}

// apiAt finds the app that a path belongs to. The files are read each time:
// there are few, and another node may have written one.
func (s *server) apiAt(path string) (api, bool) {
	files, err := filepath.Glob(filepath.Join(s.home, filepath.FromSlash(apisFolder), "*.xml"))
	if err != nil {
		return api{}, false
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		var a api
		if err != nil || xml.Unmarshal(data, &a) != nil {
			continue // another's file, or one that is being written
		}
		if strings.HasPrefix(path, a.path()+"/") {
			return a, true
		}
	}
	return api{}, false
}
