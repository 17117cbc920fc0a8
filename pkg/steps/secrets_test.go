package steps

import (
	"strings"
	"testing"
)

// hide replaces what must not be shown.
func hide(src string) string {
	masked := []byte(src)
	for _, s := range secrets(masked) {
		for i := s.Start; i < s.End; i++ {
			if masked[i] != '\n' {
				masked[i] = '#'
			}
		}
	}
	out := string(masked)
	for strings.Contains(out, "##") {
		out = strings.ReplaceAll(out, "##", "#")
	}
	return out
}

func TestSecrets(t *testing.T) {
	for _, c := range []struct{ why, src, want string }{
		{"element", `<a><Password>X</Password></a>`, `<a><Password>#</Password></a>`},
		{"any case and prefix", `<a><s:trustStorePASSWORD b="c">X</s:trustStorePASSWORD></a>`, `<a><s:trustStorePASSWORD b="c">#</s:trustStorePASSWORD></a>`},
		{"empty element", `<a><password></password><password/></a>`, `<a><password></password><password/></a>`},
		{"over lines", "<a><password>\n  X\n</password></a>", "<a><password>\n#\n</password></a>"},
		{"CDATA", `<a><password><![CDATA[X<y>]]></password></a>`, `<a><password>#</password></a>`},
		{"a comment in it", `<a><password>X<!-- y -->z</password></a>`, `<a><password>#</password></a>`},
		{"entities", `<a><password>X&amp;y&lt;z</password></a>`, `<a><password>#</password></a>`},
		{"elements in it", `<a><password><value>X</value><salt>y</salt></password></a>`, `<a><password><value>#</value><salt>#</salt></password></a>`},
		{"text beside elements", `<a><password>X<b/>y</password></a>`, `<a><password>#</password></a>`},
		{"attribute", `<a password="X" user='u' keyPass='y'/>`, `<a password="#" user='u' keyPass='#'/>`},
		{"attribute with blanks", `<a password = "X"/>`, `<a password = "#"/>`},
		{"property", `<a><Property name="ConnectionPassword">X</Property></a>`, `<a><Property name="ConnectionPassword">#</Property></a>`},
		{"property with value", `<a><property name="db.password" value="X"/></a>`, `<a><property name="db.password" value="#"/></a>`},
		{"entry with key", `<a><entry value='X' key="clientSecret"/></a>`, `<a><entry value='#' key="clientSecret"/></a>`},
		{"parameter", `<a><parameter name="accessToken" locked="false">X</parameter></a>`, `<a><parameter name="accessToken" locked="false">#</parameter></a>`},
		{"short names", `<a><AuthPass>X</AuthPass><pwd>y</pwd><Credential>z</Credential></a>`, `<a><AuthPass>#</AuthPass><pwd>#</pwd><Credential>#</Credential></a>`},

		{"keys and several", `<a><ApiKey>X</ApiKey><b private_key="Y"/><Passwords><p>Z</p></Passwords></a>`, `<a><ApiKey>#</ApiKey><b private_key="#"/><Passwords><p>#</p></Passwords></a>`},
		{"keys and several in a comment", `<a><!-- <api-key>X</api-key><b access.key="Y"/> --></a>`, `<a><!-- <api-key>#</api-key><b access.key="#"/> --></a>`},
		{"keys that open nothing", `<a><ClientKey>X</ClientKey><b publicKey="Y" keyAlias="Z"/></a>`, `<a><ClientKey>X</ClientKey><b publicKey="Y" keyAlias="Z"/></a>`},

		{"element in a comment", `<a><!-- <password>X</password> --></a>`, `<a><!-- <password>#</password> --></a>`},
		{"CDATA in a comment", `<a><!-- <password><![CDATA[X]]></password> --></a>`, `<a><!-- <password>#</password> --></a>`},
		{"half an element in a comment", `<a><!--password>X</password--></a>`, `<a><!--password>#</password--></a>`},
		{"half a property in a comment", `<a><!--Property name="ConnectionPassword">X</Property--></a>`, `<a><!--Property name="ConnectionPassword">#</Property--></a>`},
		{"property in a comment", "<a><!--\n<property name=\"password\">X</property>\n--></a>", "<a><!--\n<property name=\"password\">#</property>\n--></a>"},
		{"property with value in a comment", `<a><!-- <property name="password" value="X"/> --></a>`, `<a><!-- <property name="password" value="#"/> --></a>`},
		{"property over lines in a comment", "<a><!--\n<property\n  name='password'\n  value='X'/>\n--></a>", "<a><!--\n<property\n  name='password'\n  value='#'/>\n--></a>"},
		{"attribute in a comment", `<a><!-- <b password='X'/> --></a>`, `<a><!-- <b password='#'/> --></a>`},
		{"outside of the root element", `<a/><!-- <AuthPass>X</AuthPass> -->`, `<a/><!-- <AuthPass>#</AuthPass> -->`},

		{"URL", `<a><url>jdbc:mysql://h/d?password=X&amp;user=u</url></a>`, `<a><url>jdbc:mysql://h/d?password=#&amp;user=u</url></a>`},
		{"URL of H2", `<a><url>jdbc:h2:d;PASSWORD=X;USER=u</url></a>`, `<a><url>jdbc:h2:d;PASSWORD=#;USER=u</url></a>`},
		{"entities in a URL", `<a><url>jdbc:mysql://h/d?password=X&lt;y&#38;z&amp;user=u</url></a>`, `<a><url>jdbc:mysql://h/d?password=#&amp;user=u</url></a>`},
		{"userinfo", `<a><url>ldap://cn=admin:X@h:389/dc</url></a>`, `<a><url>ldap://cn=admin:#@h:389/dc</url></a>`},
		{"an @ in userinfo", `<a><url>https://u:X@y@h/p</url></a>`, `<a><url>https://u:#@h/p</url></a>`},
		{"userinfo without a user", `<a><url>redis://:X@h</url></a>`, `<a><url>redis://:#@h</url></a>`},
		{"URL in a comment", `<a><!-- https://u:X@h --></a>`, `<a><!-- https://u:#@h --></a>`},

		{"JSON", `{"keyStorePassword" : "X", "user": {"password":"y\"z", "name": "n"}}`, `{"keyStorePassword" : "#", "user": {"password":"#", "name": "n"}}`},
		{"keys and several in JSON", `{"api_key": "X", "passwords": ["Y"], "identityAlias": "z"}`, `{"api_key": "#", "passwords": #, "identityAlias": "z"}`},
		{"JSON of other kinds", `[{"secret": {"a": "X"}, "token": 17, "pass": ""}]`, `[{"secret": #, "token": #, "pass": ""}]`},
		{"JSON, after a byte order mark", "\ufeff{\"pwd\":\"X\"}", "\ufeff{\"pwd\":\"#\"}"},
		{"JSON with escapes in the name", `{"pass\u0077ord": "X"}`, `{"pass\u0077ord": "#"}`},
		{"URL in JSON", `{"url": "https://u:X@h/p?password=y&a=b"}`, `{"url": "https://u:#@h/p?password=#&a=b"}`},
		{"JSON no more", "{\"password\": \"X\\\"y\",\n \"a\": }", "{\"password\": \"#\",\n \"a\": }"},
		{"JSON in XML", `<a><!-- {"clientSecret": "X"} --></a>`, `<a><!-- {"clientSecret": "#"} --></a>`},
		{"JSON that only sounds like one", `{"passwordRule": "x", "passes": 3}`, `{"passwordRule": "x", "passes": 3}`},

		{"not well-formed", `<a><password>X</password><b></a>`, `<a><password>#</password><b></a>`},
		{"cut off", `<a password="X" b="y`, `<a password="#" b="y`},

		{"what only sounds like one", `<a><PasswordDigest>SHA-256</PasswordDigest><Property name="PasswordJavaRegEx">^[\S]{5,30}$</Property></a>`,
			`<a><PasswordDigest>SHA-256</PasswordDigest><Property name="PasswordJavaRegEx">^[\S]{5,30}$</Property></a>`},
		{"yes or no", `<a><Property name="StoreSaltedPassword">true</Property></a>`, `<a><Property name="StoreSaltedPassword">true</Property></a>`},
		{"an alias", `<a><password svns:secretAlias="Alias" xmlns:svns="u"></password></a>`, `<a><password svns:secretAlias="Alias" xmlns:svns="u"></password></a>`},
		{"a port and a time", `<a>http://h:80/a@b 12:30@home</a>`, `<a>http://h:80/a@b 12:30@home</a>`},
		{"a name that another follows", `<a><Property name="passwordHashMethod">SHA</Property></a>`, `<a><Property name="passwordHashMethod">SHA</Property></a>`},
	} {
		if got := hide(c.src); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.why, got, c.want)
		}
	}
}

func TestSecretsOfOtherEncodings(t *testing.T) {
	src := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a b=\"\xe4\xf6\"><password>\xfcX</password><!-- \xdf <AuthPass>X</AuthPass> --></a>"
	got := hide(src)
	if strings.Contains(got, "X") || !strings.Contains(got, "<AuthPass>#</AuthPass>") || !strings.Contains(got, "<password>#</password>") {
		t.Errorf("got %q", got)
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add([]byte(`<a><password>X</password><!-- <b pwd="c"> --></a>`))
	f.Add([]byte(`://u:p@h password= <token value='`))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, s := range secrets(src) {
			if s.Start < 0 || s.End > len(src) || s.Start >= s.End {
				t.Errorf("%q: span %v", src, s)
			}
		}
	})
}

func BenchmarkSecrets(b *testing.B) {
	src := []byte("<a>" + strings.Repeat("<b><c d='e'>text of no interest</c><!-- a comment -->\n</b>", 500) + "<password>X</password></a>")
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if len(secrets(src)) == 0 {
			b.Fatal("no secret")
		}
	}
}
