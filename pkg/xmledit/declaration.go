package xmledit

import (
	"bytes"
	"regexp"
)

// Productions 23 to 26, 32, 80 and 81.
var declarationForm = regexp.MustCompile(`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'(1\.[0-9]+)'|"(1\.[0-9]+)")` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'[A-Za-z][A-Za-z0-9._-]*'|"[A-Za-z][A-Za-z0-9._-]*"))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(yes|no)'|"(yes|no)"))?[ \t\r\n]*\?>$`)

// declaration reads <?xml …?>. Version 1.1 has other line ends and other
// control characters and is refused; any other 1.x is read as 1.0, as section
// 2.8 asks for.
func (p *parser) declaration() (int, error) {
	n := bytes.Index(p.w, []byte("?>"))
	if n < 0 {
		return 0, p.fail(0, "the XML declaration does not end")
	}
	m := declarationForm.FindSubmatch(p.w[:n+2])
	if m == nil {
		return 0, p.fail(0, "the XML declaration is broken: it wants version 1.0, then encoding, then standalone")
	}
	if string(m[1])+string(m[2]) == "1.1" {
		return 0, p.fail(0, "XML 1.1 is not supported")
	}
	p.d.standalone = string(m[3])+string(m[4]) == "yes"
	return n + 2, nil
}
