package steps

import (
	"regexp"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// A name that ends like this names a secret. PasswordDigest and
// PasswordJavaRegEx do not: they are part of plans and must be seen, and so
// must StoreSaltedPassword, which is yes or no.
var (
	secretName = regexp.MustCompile(`(?i)` + secretWord + `$`)
	openName   = regexp.MustCompile(`StoreSaltedPassword`)
)

const secretWord = `(?:password|passwd|pass|passphrase|pwd|secret|token|credentials?)`

// In comments and half-commented elements there is no tree to walk, so the
// text is searched as well. The groups are the secrets.
var rawSecrets = []*regexp.Regexp{
	// <password a="b">X</password>, also where X is CDATA
	regexp.MustCompile(`(?i)<[\w:.-]*` + secretWord + `(?:\s[^<>]*)?>((?:[^<]|<!\[CDATA\[)+)<`),
	// <property name="db.password">X</property>
	regexp.MustCompile(`(?i)<[^<>]*` + secretWord + `["'][^<>]*>((?:[^<]|<!\[CDATA\[)+)<`),
	// <property name="password" value="X"/>
	regexp.MustCompile(`(?i)<[^<>]*` + secretWord + `["'][^<>]*\svalue\s*=\s*(?:"([^"]+)"|'([^']+)')`),
	// password="X"
	regexp.MustCompile(`(?i)[\w:.-]*` + secretWord + `\s*=\s*(?:"([^"]+)"|'([^']+)')`),
	// jdbc:mysql://h/d?user=a&amp;password=X, and the ; of other vendors
	regexp.MustCompile(`(?i)` + secretWord + `=((?:[^&;<>"'\s]|&(?:lt|gt|quot|apos|#\w+);)+)`),
	// ldap://user:X@host; an X may hold an @
	regexp.MustCompile(`://[^/\s:@<>"']*:([^/\s<>"']+)@`),
}

// secrets finds the bytes of an XML file that must not be shown: every
// password-like element, attribute and property, whoever's it is. The admin
// password of user-mgt.xml stands three lines above our edit and would appear
// in a diff's context (decision 30).
func secrets(src []byte) []plan.Span {
	var spans []plan.Span
	add := func(start, end int) {
		if start >= 0 && end > start {
			spans = append(spans, plan.Span{Start: start, End: end})
		}
	}
	if doc, err := xmledit.Parse(src); err == nil {
		doc.Walk(func(n xmledit.Node) bool {
			walkSecrets(n, add)
			return true
		})
	}
	for _, raw := range rawSecrets {
		for _, m := range raw.FindAllSubmatchIndex(src, -1) {
			for g := 2; g < len(m); g += 2 {
				if m[g] >= 0 && !openName.Match(src[m[0]:m[g]]) {
					add(m[g], m[g+1])
				}
			}
		}
	}
	return spans
}

// walkSecrets hides what an element keeps secret: attributes, and where the
// element is named like a secret, its content with all that lies in it.
func walkSecrets(n xmledit.Node, add func(start, end int)) {
	named := isSecret(n.Local())
	for _, a := range n.Attrs() {
		if isSecret(a.Name) {
			add(a.Span.Start, a.Span.End)
		}
		if slices.Contains([]string{"name", "key", "id"}, a.Name) && isSecret(a.Value) {
			named = true
		}
	}
	if !named {
		return
	}
	hideContent(n, add)
	for _, a := range n.Attrs() {
		if a.Name == "value" {
			add(a.Span.Start, a.Span.End)
		}
	}
}

// hideContent hides the text below n; the elements around it stay, unless there
// is text beside them.
func hideContent(n xmledit.Node, add func(start, end int)) {
	if len(n.Children()) == 0 || strings.TrimSpace(n.Text()) != "" {
		add(n.Content().Start, n.Content().End)
		return
	}
	for _, c := range n.Children() {
		hideContent(c, add)
	}
}

func isSecret(name string) bool {
	return secretName.MatchString(name) && !openName.MatchString(name)
}
