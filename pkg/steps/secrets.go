package steps

import (
	"regexp"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

var (
	// A name that ends like this names a secret. PasswordDigest and
	// PasswordJavaRegEx do not: they are part of plans and must be seen.
	secretName = regexp.MustCompile(`(?i)(password|passwd|pass|passphrase|pwd|secret|token|credential|credentials)$`)
	// In comments and half-commented elements there is no tree to walk.
	rawElement = regexp.MustCompile(`(?i)<[\w:.-]*(?:password|passwd|passphrase|pwd|secret)(?:\s[^<>]*)?>([^<]+)<`)
	rawAttr    = regexp.MustCompile(`(?i)[\w:.-]*(?:password|passwd|pass|passphrase|pwd|secret)\s*=\s*(?:"([^"]+)"|'([^']+)')`)
	rawProp    = regexp.MustCompile(`(?i)<[^<>]*(?:password|passwd|passphrase|pwd|secret)["'][^<>]*>([^<]+)<`)
	rawURL     = regexp.MustCompile(`(?i)(?:password|passwd|pwd|secret)=([^&;<>"'\s]+)`)
	// user:password@host in any URL.
	rawUserinfo = regexp.MustCompile(`://[^/\s:@<>"']*:([^/\s@<>"']+)@`)
)

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
	for _, raw := range []*regexp.Regexp{rawElement, rawAttr, rawProp, rawURL, rawUserinfo} {
		for _, m := range raw.FindAllSubmatchIndex(src, -1) {
			for g := 2; g < len(m); g += 2 {
				add(m[g], m[g+1])
			}
		}
	}
	return spans
}

func walkSecrets(n xmledit.Node, add func(start, end int)) {
	named := secretName.MatchString(n.Local())
	for _, a := range n.Attrs() {
		if secretName.MatchString(a.Name) {
			add(a.Span.Start, a.Span.End)
		}
		if a.Name == "name" && secretName.MatchString(a.Value) {
			named = true
		}
	}
	if !named || len(n.Children()) > 0 {
		return
	}
	add(n.Content().Start, n.Content().End)
	if n.Local() == "property" || n.Local() == "Property" || n.Local() == "parameter" {
		for _, a := range n.Attrs() {
			if a.Name == "value" {
				add(a.Span.Start, a.Span.End)
			}
		}
	}
}
