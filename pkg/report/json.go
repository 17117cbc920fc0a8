package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// formats are the versions of the documents, by type. What a number promises is
// docs/json.md; each has its schema in docs/schema.
var formats = map[string]int{
	"begin": 1, "check": 1, "end": 1, "error": 1, "event": 1, "import": 1, "init": 1, "made": 1, "plan": 1, "prune": 1, "run": 1, "runs": 1,
	"status": 1, "unlock": 1, "validate": 1, "version": 1,
}

// Head opens every document and every line.
type Head struct {
	// What this is; docs/schema has a schema of this name.
	Type string `json:"type"`
	// The version of the format of this type.
	Format int `json:"format"`
}

func head(kind string) Head { return Head{kind, formats[kind]} }

// Tail ends what may carry an error.
type Tail struct {
	// What the command warned of, in the order in which it did.
	Warnings []string `json:"warnings,omitempty"`
	// Why the exit code is not 0; absent where it is, and with plan --detailed-exitcode where it is 2.
	Error *Fault `json:"error,omitempty"`
}

// End says how the command came out.
func (t *Tail) End(warnings []string, fault *Fault) { t.Warnings, t.Error = warnings, fault }

// A Document is what a command has to say as JSON, once it is known how it came out.
type Document interface {
	End(warnings []string, fault *Fault)
}

// WriteDocument writes a document that a person may read as well.
func WriteDocument(w io.Writer, document any) error { return write(w, document, "  ") }

// WriteLine writes a document as one line, at once: also of a run that is
// killed every line that has an end is whole.
func WriteLine(w io.Writer, document any) error { return write(w, document, "") }

func write(w io.Writer, document any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // XML stays XML
	e.SetIndent("", indent)
	if err := e.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(w, escaped(b.String()))
	return err
}

// escaped is JSON with what would move a cursor as \u escapes: the same to
// whoever parses it, and harmless to whoever looks at it.
func escaped(text string) string {
	special := func(r rune) bool { return r != '\n' && unprintable(r) }
	if !strings.ContainsFunc(text, special) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch high, low := utf16.EncodeRune(r); {
		case !special(r):
			b.WriteRune(r)
		case high == utf8.RuneError:
			unit(&b, r)
		default:
			unit(&b, high)
			unit(&b, low)
		}
	}
	return b.String()
}

// unit writes one UTF-16 unit.
func unit(b *strings.Builder, r rune) {
	b.WriteString(`\u` + hex(byte(r>>8)) + hex(byte(r)))
}
