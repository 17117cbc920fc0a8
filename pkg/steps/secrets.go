package steps

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/jsonedit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// words end the name of a secret, of which _ - and . are left out. PasswordDigest and PasswordJavaRegEx name
// none: they are part of plans and must be seen, and so must
// StoreSaltedPassword, which is yes or no.
var words = []string{"password", "passwd", "pass", "passphrase", "pwd", "secret", "token", "credential", "credentials",
	"passwords", "secrets", "tokens", "apikey", "privatekey", "accesskey", "secretkey"}

// stems are what each of them has.
var stems = []string{"pass", "pwd", "secret", "token", "credential", key}

// key is a stem only behind one of these: most keys open nothing.
const key = "key"

var secretKeys = []string{"api", "private", "access"}

const (
	open       = "StoreSaltedPassword"
	secretWord = `(?:passwords?|passwd|pass|passphrase|pwd|secrets?|tokens?|credentials?|(?:api|private|access|secret)[_.-]?key)`
)

// In comments and half-commented elements there is no tree to walk, so the
// text is searched as well. The groups are the secrets.
var rawSecrets = []*regexp.Regexp{
	// <password a="b">X</password>, also <!--password>, and where X is CDATA
	regexp.MustCompile(`(?i)<!?[\w:.-]*` + secretWord + `(?:\s(?:[^<>]*[^<>/])?)?>((?:[^<]|<!\[CDATA\[)+)<`),
	// <property name="db.password">X</property>
	regexp.MustCompile(`(?i)<[^<>]*` + secretWord + `["'](?:[^<>]*[^<>/])?>((?:[^<]|<!\[CDATA\[)+)<`),
	// <property name="password" value="X"/>
	regexp.MustCompile(`(?i)<[^<>]*` + secretWord + `["'][^<>]*\svalue\s*=\s*(?:"([^"]+)"|'([^']+)')`),
	// "password": "X", also where the rest is no JSON any more
	regexp.MustCompile(`(?i)"[^"\n]*` + secretWord + `"\s*:\s*"((?:[^"\\\n]|\\.)+)`),
	// password="X"
	regexp.MustCompile(`(?i)[\w:.-]*` + secretWord + `\s*=\s*(?:"([^"]+)"|'([^']+)')`),
	// jdbc:mysql://h/d?user=a&amp;password=X, and the ; of other vendors
	regexp.MustCompile(`(?i)` + secretWord + `=((?:[^&;<>"'\s]|&(?:lt|gt|quot|apos|#\w+);)+)`),
}

// userinfo is ldap://user:X@host; an X may hold an @.
var userinfo = regexp.MustCompile(`://[^/\s:@<>"']*:([^/\s<>"']+)@`)

// Secrets finds the bytes of any managed file that must not be shown.
func Secrets(src []byte) []plan.Span { return secrets(src) }

// secrets finds the bytes of an XML or JSON file that must not be shown: every
// password-like element, attribute, property and member, whoever's it is. The admin
// password of user-mgt.xml stands three lines above our edit and would appear
// in a diff's context.
func secrets(src []byte) []plan.Span {
	var spans []plan.Span
	add := func(start, end int) {
		if start >= 0 && end > start {
			spans = append(spans, plan.Span{Start: start, End: end})
		}
	}
	if isJSON(src) {
		jsonSecrets(src, add)
	} else if doc, err := xmledit.Parse(src); err == nil {
		doc.Walk(func(n xmledit.Node) bool {
			walkSecrets(n, add)
			return true
		})
	}
	search := func(raw *regexp.Regexp, from, to int) {
		for _, m := range raw.FindAllSubmatchIndex(src[from:to], -1) {
			for g := 2; g < len(m); g += 2 {
				if m[g] >= 0 && !bytes.Contains(src[from+m[0]:from+m[g]], []byte(open)) {
					add(from+m[g], from+m[g+1])
				}
			}
		}
	}
	for _, near := range windows(src) {
		for _, raw := range rawSecrets {
			search(raw, near.Start, near.End)
		}
	}
	if bytes.IndexByte(src, '@') >= 0 {
		search(userinfo, 0, len(src))
	}
	return spans
}

// isJSON tells whether a file is JSON rather than XML.
func isJSON(src []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(src, []byte("\ufeff")), " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// jsonSecrets hides the values of members that are named like a secret: of a
// string what stands between its quotes.
func jsonSecrets(src []byte, add func(start, end int)) {
	doc, err := jsonedit.Parse(src)
	if err != nil {
		return
	}
	doc.Walk(func(_, name string, value jsonedit.Span) bool {
		if !isSecret(name) {
			return true
		}
		if src[value.Start] == '"' {
			value.Start, value.End = value.Start+1, value.End-1
		}
		add(value.Start, value.End)
		return false
	})
}

// windows are the parts of a file in which a name of a secret occurs, each from
// the tag that it is in to the end tag behind it. Searching only there takes a
// hundredth of the time, and every file of every run is searched.
func windows(src []byte) []plan.Span {
	lower := slices.Clone(src)
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	var list []plan.Span
	for _, stem := range stems {
		for at := 0; ; {
			i := bytes.Index(lower[at:], []byte(stem))
			if i < 0 {
				break
			}
			at += i + len(stem)
			if stem == key && !opens(lower[:at-len(stem)]) {
				continue
			}
			near := plan.Span{Start: before(src, at-len(stem)), End: behind(src, at)}
			if !slices.Contains(list, near) { // a tag may name several
				list = append(list, near)
			}
		}
	}
	return list
}

// opens tells whether a key that follows the text is a secret.
func opens(text []byte) bool {
	text = bytes.TrimRight(text[max(0, len(text)-10):], "_.-")
	return slices.ContainsFunc(secretKeys, func(w string) bool { return bytes.HasSuffix(text, []byte(w)) })
}

// before is where the tag or the line begins that at is in, whichever is first.
func before(src []byte, at int) int {
	return max(0, min(bytes.LastIndexByte(src[:at], '<'), bytes.LastIndexByte(src[:at], '\n')))
}

// behind is where the next end tag has begun, or the line ends if that is later.
func behind(src []byte, at int) int {
	tag, line := len(src), len(src)
	if i := bytes.Index(src[at:], []byte("</")); i >= 0 {
		tag = at + i + len("</")
	}
	if i := bytes.IndexByte(src[at:], '\n'); i >= 0 {
		line = at + i
	}
	return max(tag, line)
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

// joined leaves out what words of a name are joined with.
var joined = strings.NewReplacer("_", "", "-", "", ".", "")

func isSecret(name string) bool {
	if name == open {
		return false
	}
	lower := strings.ToLower(name)
	if strings.ContainsAny(lower, "_-.") {
		lower = joined.Replace(lower)
	}
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(lower, w) })
}
