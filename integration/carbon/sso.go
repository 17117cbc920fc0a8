package carbon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"net/url"
)

// ssoRequest and ssoResponse are SAML's, cut down to what decides: who asks,
// who is meant, who is logged in. A response is signed with the key that every
// pack brings along, so that each node believes every other.
type ssoRequest struct {
	XMLName xml.Name `xml:"AuthnRequest"`
	Issuer  string   `xml:"Issuer"`
}

type ssoResponse struct {
	XMLName   xml.Name `xml:"Response"`
	Audience  string   `xml:"Audience"`
	Subject   string   `xml:"Subject"`
	Signature string   `xml:"Signature"`
}

func (r ssoResponse) sign() string {
	mac := hmac.New(sha256.New, []byte("wso2carbon.jks"))
	fmt.Fprintf(mac, "%q %q", r.Audience, r.Subject)
	return hex.EncodeToString(mac.Sum(nil))
}

func encode(message any) (string, error) {
	data, err := xml.Marshal(message)
	return base64.StdEncoding.EncodeToString(data), err
}

func decode(text string, message any) error {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return xml.Unmarshal(data, message)
}

// askLogin sends a browser to the IDP.
func askLogin(w http.ResponseWriter, r *http.Request, idp, issuer string) {
	request, err := encode(ssoRequest{Issuer: issuer})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, idp+"?"+url.Values{"SAMLRequest": {request}}.Encode(), http.StatusFound)
}

const (
	ssoPath      = "/samlsso"
	ssoValidator = "org.wso2.carbon.identity.sso.saml.validators.SPInitSSOAuthnRequestValidator"
	ssoProcessor = "org.wso2.carbon.identity.sso.saml.processors.SPInitSSOAuthnRequestProcessor"
)

// serveSSO is the IDP: it asks who is not logged in yet, and sends who is to
// the consumer of the one that asked.
func (s *server) serveSSO(w http.ResponseWriter, r *http.Request) {
	encoded := r.FormValue("SAMLRequest")
	var request ssoRequest
	if err := decode(encoded, &request); err != nil {
		http.Error(w, "no SAMLRequest", http.StatusBadRequest)
		return
	}
	consumer, problem := s.consumer(request.Issuer)
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	user := s.sessions.user(r, ssoPath)
	if name := r.PostFormValue("username"); user == "" && r.Method == http.MethodPost && s.authenticate(r.Context(), name, r.PostFormValue("password")) {
		user = name
		s.sessions.begin(w, ssoPath, user)
	}
	if user == "" {
		form(w, ssoPath, "SAMLRequest", encoded, "username", "", "password", "")
		return
	}
	response := ssoResponse{Audience: request.Issuer, Subject: user}
	response.Signature = response.sign()
	text, err := encode(response)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	form(w, consumer, "SAMLResponse", text)
}

// consumer is where an issuer's answers go: the default of its entry, as the
// pages' requests name none [deduced]. The product looks into the list only
// when a request names one; here the default has to be in it anyway.
func (s *server) consumer(issuer string) (url, problem string) {
	p, ok := s.provider(issuer)
	if !ok {
		problem = "A Service Provider with the Issuer '" + issuer + "' is not registered. Service Provider should be registered in advance"
		s.log.error(ssoValidator, problem)
		return "", problem
	}
	if p.Default == "" || !p.consumes(p.Default) {
		problem = "ALERT: Invalid Assertion Consumer URL value '" + p.Default + "' in the AuthnRequest message from  the issuer '" + issuer + "'. Possibly an attempt for a spoofing attack"
		s.log.error(ssoProcessor, problem)
		return "", problem
	}
	return p.Default, ""
}

// form writes a form of pairs of names and values. A browser sends one without
// empty values at once.
func form(w http.ResponseWriter, action string, pairs ...string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	fmt.Fprintf(w, "<form method=\"post\" action=\"%s\">\n", html.EscapeString(action))
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(w, "<input name=\"%s\" value=\"%s\">\n", pairs[i], html.EscapeString(pairs[i+1]))
	}
	fmt.Fprintln(w, "</form>")
}

// consume takes the IDP's answer for a page: it has to be meant for it.
func (s *server) consume(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := s.subject(r, p.issuer)
		if user == "" {
			http.Error(w, "this is no answer for "+p.issuer, http.StatusForbidden)
			return
		}
		s.sessions.begin(w, "/"+p.name, user)
		http.Redirect(w, r, "/"+p.name+"/", http.StatusSeeOther)
	}
}

// subject is whom a response is about; "" when it is not to be believed.
func (s *server) subject(r *http.Request, issuer string) string {
	var response ssoResponse
	if err := decode(r.PostFormValue("SAMLResponse"), &response); err != nil {
		return ""
	}
	if !hmac.Equal([]byte(response.Signature), []byte(response.sign())) || response.Audience != issuer {
		return ""
	}
	return response.Subject
}

// servePage shows who is logged in, or sends to the IDP.
func (s *server) servePage(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := s.sessions.user(r, "/"+p.name)
		if user == "" {
			askLogin(w, r, p.idp, p.issuer)
			return
		}
		fmt.Fprintf(w, "%s of %s for %s\n", p.name, s.home, user)
	}
}
