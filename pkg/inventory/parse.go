package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Defaults that a reader of the code looks for. The reason for each stands in
// docs/inventory.md.
const (
	defaultSSHPort       = 22
	defaultStartTimeout  = 10 * time.Minute
	defaultStopTimeout   = 2 * time.Minute
	defaultClusterPort   = 4000
	defaultClusterDomain = "wso2.pub.store.domain"
	defaultIDPName       = "idp.appm-wso2.com"
	defaultGatewayName   = "gateway.appm-wso2.com"
	defaultPublisherName = "publisher.appm-wso2.com"
	defaultStoreName     = "store.appm-wso2.com"
	defaultHostsFile     = "/etc/hosts"
)

// largest is far more than a thousand hosts need.
const largest = 1 << 20

// Parse reads an inventory. The error is an *Invalid that holds every problem
// of the file; name is what it calls the file.
func Parse(name string, src []byte) (Inventory, []Warning, error) {
	r := &reader{notes: &notes{file: name}}
	if root, ok := decode(r.notes, src); ok {
		root.strict(schema)
		r.read(root)
	}
	warnings, err := r.result()
	if err != nil {
		return Inventory{}, warnings, err
	}
	return r.inv, warnings, nil
}

// decode reads the syntax. Its problems are reported alone: what stands behind
// a missing quote is anybody's guess.
func decode(n *notes, src []byte) (section, bool) {
	if len(src) > largest {
		n.wrong(1, fmt.Sprintf("the file has %d bytes, want at most %d; is it an inventory?", len(src), largest))
		return section{}, false
	}
	if !utf8.Valid(src) {
		n.wrong(lineOfBadUTF8(src), "the file is not UTF-8 here; save it as UTF-8")
		return section{}, false
	}
	text := string(src)
	root, tooDeep := locate(text)
	if tooDeep > 0 {
		n.wrong(tooDeep, "tables, lists or dotted keys lie too deep in each other")
		return section{}, false
	}
	values := map[string]any{}
	if _, err := toml.Decode(text, &values); err != nil {
		n.syntax(text, err)
		return section{}, false
	}
	return section{notes: n, values: values, place: root, parent: 1}, true
}

func lineOfBadUTF8(src []byte) int {
	line := 1
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		src = src[size:]
	}
	return line
}

// syntax reports what the decoder says, but for lines about a secret: the
// decoder quotes what it could not read, and that may be a password without
// its quotes.
func (n *notes) syntax(src string, err error) {
	var bad toml.ParseError
	if !errors.As(err, &bad) {
		n.wrong(1, "the file cannot be read as TOML") // no other error is known; its text might quote a value
		return
	}
	line := max(1, bad.Position.Line)
	if aboutSecret(bad.LastKey) || aboutSecret(lineOf(src, line)) {
		n.wrong(line, `this is not valid TOML; a password stands in quotes, or is referred to: password = { env = "NAME" }`)
		return
	}
	n.wrong(line, "this is not valid TOML: "+lowerFirst(strings.TrimSuffix(oneLine(bad.Message), ".")))
}

func aboutSecret(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "pass") || strings.Contains(text, "pwd") || strings.Contains(text, "secret")
}

func lineOf(src string, line int) string {
	lines := strings.SplitN(src, "\n", line+1)
	if line > len(lines) {
		return ""
	}
	return lines[line-1]
}

// oneLine keeps what the decoder quotes from moving the cursor.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unwritable(r) {
			return ' '
		}
		return r
	}, text)
}

func lowerFirst(text string) string {
	if text == "" || strings.HasPrefix(text, "TOML") {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
