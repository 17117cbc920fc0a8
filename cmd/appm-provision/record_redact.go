package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// secrets are all that the session knows: of the databases, and of the ways to
// the hosts.
func (s *session) secrets() []inventory.Secret {
	list := []inventory.Secret{s.password, s.admin, s.deployment.Administrator}
	for _, way := range s.logins.hosts {
		for _, stop := range way.stops() {
			for _, given := range []func() string{stop.Password, stop.BecomePassword} {
				if given != nil {
					list = append(list, inventory.NewSecret(given()))
				}
			}
			for _, file := range stop.KeyFiles {
				if stop.Passphrase != nil {
					list = append(list, inventory.NewSecret(stop.Passphrase(file)))
				}
			}
		}
	}
	return list
}

// leastSecret is the length below which a secret is not searched for in what
// hosts say: it would be found in every other word.
const leastSecret = 4

// cleaner makes texts of hosts and servers fit to be kept and shown: nobody
// knows what a log line holds. Each secret is taken out in every form that it
// is likely to be printed in, and terminal escapes are made visible.
func cleaner(secrets ...inventory.Secret) func(string) string {
	var pairs []string
	for _, s := range secrets {
		if text := s.Reveal(); len(text) >= leastSecret {
			for _, form := range forms(text) {
				pairs = append(pairs, form, "(secret)")
			}
		}
	}
	redact := strings.NewReplacer(pairs...)
	return func(text string) string { return report.Visible(redact.Replace(text)) }
}

// forms are the ways a text is printed: plain, quoted for Go and JSON, for SQL
// and for a shell, in XML, in an address, in base64 and in hex; the longest
// first, because the first that fits is taken.
func forms(text string) []string {
	quoted := strconv.Quote(text)
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // a Builder takes everything
	digits := hex.EncodeToString([]byte(text))
	list := append([]string{
		text, quoted[1 : len(quoted)-1], escaped.String(),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(text),
		strings.ReplaceAll(text, "'", "''"),
		strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text), strings.ReplaceAll(text, "'", `'\''`),
		url.QueryEscape(text), url.PathEscape(text), url.UserPassword("", text).String()[1:], digits, strings.ToUpper(digits),
	}, inBase64(text)...)
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(list)
}

// inBase64 is what can be seen of a text in the base64 of something longer: the
// digits that hold nothing else, for each place at which it may begin.
func inBase64(text string) []string {
	var list []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			digits := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
			first, last := (before*8+5)/6, (before+len(text))*8/6
			list = append(list, digits[first:last])
		}
	}
	return list
}
