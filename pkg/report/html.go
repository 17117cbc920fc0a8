package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed html/*.tmpl
var htmlFiles embed.FS

//go:embed html/page.css
var htmlStyle string

// htmlPolicy allows a page the one style, by its digest, and nothing else: no
// script, no picture, no request to anywhere.
var (
	htmlPolicy = "default-src 'none'; style-src 'sha256-" + digest(htmlStyle) + "'; base-uri 'none'; form-action 'none'"
	htmlPage   = template.Must(template.ParseFS(htmlFiles, "html/*.tmpl"))
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// PlanHTML writes a plan as one page that needs nothing else. Of the record
// that a run of it would leave, p has what is known before.
func PlanHTML(w io.Writer, p *run.Past) error { return writeHTML(w, newSheet(p, false)) }

// RunHTML writes a run as such a page.
func RunHTML(w io.Writer, p *run.Past) error { return writeHTML(w, newSheet(p, true)) }

// writeHTML escapes twice over: the template by where a text stands, and the
// screen whatever control character came through from a host or from the file
// of a record that somebody else has made.
func writeHTML(w io.Writer, s *sheet) error {
	var page bytes.Buffer
	if err := htmlPage.ExecuteTemplate(&page, "page.tmpl", s); err != nil {
		return err
	}
	out := NewScreen(w)
	if _, err := out.Write(page.Bytes()); err != nil {
		return err
	}
	return out.Close()
}

// htmlMark is in the head of every page, and by it a page of ours is known.
const htmlMark = `<meta name="generator" content="appm-provision">`

// IsHTML tells whether a file that begins so is one of our pages.
func IsHTML(beginning []byte) bool {
	head, _, _ := bytes.Cut(beginning, []byte("<body"))
	return bytes.HasPrefix(head, []byte("<!DOCTYPE html>")) && strings.Contains(string(head), htmlMark)
}
