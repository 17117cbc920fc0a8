package inventory

import (
	"net/netip"
	"path"
	"slices"
	"strings"
)

// rule tells what is wrong with a text, as the end of a sentence that begins
// with the key and the text; "" is nothing.
type rule func(string) string

const (
	digits       = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	letters      = lowerLetters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only tells whether text is made of the bytes of set.
func only(text, set string) bool { return strings.Trim(text, set) == "" }

func oneOf(options []string) rule {
	return func(value string) string {
		if slices.Contains(options, value) {
			return ""
		}
		return "is unknown" + DidYouMean(value, options)
	}
}

// upTo limits the length.
func upTo(n int) rule {
	return func(value string) string {
		if len(value) > n {
			return "is too long"
		}
		return ""
	}
}

// deploymentName is strict because the name becomes part of file names, of
// lock names in the database (64 bytes at most) and of comments.
func deploymentName(value string) string {
	if len(value) > 32 || !only(value, lowerLetters+digits+"-") || strings.Trim(value, "-") != value {
		return "is no name (want at most 32 of a-z, 0-9 and -)"
	}
	return ""
}

// memberName is the rule for hosts and nodes, which --limit names.
func memberName(value string) string {
	switch {
	case !only(value, letters+digits+"._-") || strings.Trim(value, "._-") != value || len(value) > longest:
		return "is no name (want letters, digits, and . _ - between them)"
	case slices.Contains(reserved(), strings.ToLower(value)):
		return "is taken: --limit uses the word for something else (did you mean \"" + value + "1\"?)"
	}
	return ""
}

// reserved are the words that --limit takes besides names.
func reserved() []string {
	words := []string{"database"}
	for _, r := range Roles {
		words = append(words, string(r))
	}
	return words
}

// ipLiteral is the rule for addresses: a name would have to be resolved, here
// or on a host, and might mean another machine tomorrow.
func ipLiteral(value string) string {
	addr, err := netip.ParseAddr(value)
	switch {
	case err != nil:
		return "is not an IP address"
	case addr.Zone() != "":
		return "has a zone, which means nothing on another machine"
	case addr.IsUnspecified() || addr.IsMulticast():
		return "is the address of no single machine"
	}
	return ""
}

// hostName is the rule for names that get a line in /etc/hosts.
func hostName(value string) string {
	if ipLiteral(value) == "" {
		return "is an IP address, want a host name (the IP address goes into address)"
	}
	for label := range strings.SplitSeq(value, ".") {
		if label == "" || len(label) > 63 || !only(label, letters+digits+"-") || strings.Trim(label, "-") != label {
			return "is no host name"
		}
	}
	return upTo(253)(value)
}

// safePath is the rule for paths on a host that the product's own scripts use
// without quotes: a blank, a star or a quote breaks them, and a colon ends an
// entry of the class path.
func safePath(value string) string {
	switch clean := path.Clean(value); {
	case !path.IsAbs(value):
		return "is not absolute" + didYouMeanPath("/"+value)
	case value == "/":
		return "is the root folder"
	case strings.Contains(value, " "):
		return "contains a blank, which the product's start script does not survive"
	case !only(value, letters+digits+"/._+@=,-"):
		return "contains a character that the product's start script may not survive (safe are letters, digits and / . _ - + @ = ,)"
	case clean != value:
		return "is not in its shortest form (write \"" + clean + "\")"
	}
	return ""
}

func didYouMeanPath(value string) string {
	if strings.HasPrefix(value, "/~") || path.Clean(value) != value || safePath(value) != "" {
		return " (want a path that begins with /)"
	}
	return " (did you mean \"" + value + "\"?)"
}

// absolute is the rule for paths that only the tool itself uses.
func absolute(value string) string {
	if !path.IsAbs(value) || path.Clean(value) != value || value == "/" {
		return "is not an absolute path in its shortest form"
	}
	return ""
}

// userName is the rule for accounts of a host.
func userName(value string) string {
	if !only(value, letters+digits+"._-@\\") || strings.HasPrefix(value, "-") || len(value) > longest {
		return "is no user name"
	}
	return ""
}

// hex256 is the rule for a sha256 as sha256sum prints it.
func hex256(value string) string {
	if len(value) != 64 || !only(value, digits+"abcdefABCDEF") {
		return "is no sha256 (want 64 hexadecimal digits)"
	}
	return ""
}

func webURL(value string) string {
	rest, https := strings.CutPrefix(value, "https://")
	if !https {
		rest, https = strings.CutPrefix(value, "http://")
	}
	if !https || rest == "" || strings.HasPrefix(rest, "/") || strings.ContainsAny(value, " \"<>\\^`{|}") {
		return "is no address of a file (want https://…)"
	}
	return ""
}

// javaClass is the rule for a fully qualified name.
func javaClass(value string) string {
	for part := range strings.SplitSeq(value, ".") {
		if part == "" || !only(part, letters+digits+"_$") || strings.Contains(digits, part[:1]) {
			return "is no Java class"
		}
	}
	return ""
}

// hostKey takes what ssh-keygen -l prints, or a line of known_hosts without
// the names.
func hostKey(value string) string {
	if print, ok := strings.CutPrefix(value, "SHA256:"); ok && len(print) == 43 && only(print, letters+digits+"+/") {
		return ""
	}
	fields := strings.Fields(value)
	if len(fields) >= 2 && strings.Contains(fields[0], "-") && strings.HasPrefix(fields[1], "AAAA") {
		return ""
	}
	return `is no host key (want "SHA256:…" as ssh-keygen -l prints it, or "ssh-ed25519 AAAA…")`
}
