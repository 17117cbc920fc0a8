package sshexec

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Replace does all replaces in one exec, in their order, and stops at the first
// that cannot be done. The error is about the connection; what became of each
// replace is in the answers.
func (c *Conn) Replace(ctx context.Context, replaces []Replace) ([]Wrote, error) {
	if len(replaces) == 0 {
		return nil, nil
	}
	for _, r := range replaces {
		if err := checkReplace(r); err != nil {
			return nil, c.cfg.fail(Request, err, "replace of %q", r.Path)
		}
	}
	j := c.replaceJob(replaces)
	body, what, err := c.batch(ctx, j)
	if err != nil {
		return nil, err
	}
	wrote, err := parseReplace(j.mark, replaces, body)
	if err != nil {
		return nil, c.cfg.fail(Protocol, err, "the answer to a batch of replaces makes no sense (%s)", lastLine(what.stderr))
	}
	return wrote, nil
}

func checkReplace(r Replace) error {
	if err := checkPath(r.Path); err != nil {
		return err
	}
	if r.As != "" {
		if err := checkPath(r.As); err != nil {
			return fmt.Errorf("as: %w", err)
		}
	}
	switch {
	case r.Path == "/":
		return errors.New("it is a directory")
	case r.Before != "" && !isSum(r.Before):
		return errors.New("before is no sha256")
	case r.Mode > 0o7777:
		return fmt.Errorf("mode %o has bits that are no permissions", r.Mode)
	case !isName(r.Owner) || !isName(r.Group):
		return fmt.Errorf("owner %q and group %q must be names or numbers", r.Owner, r.Group)
	case r.Keep != "" && !isKept(r.Keep):
		return fmt.Errorf("%q is no place in the store", r.Keep)
	case r.Remove:
		return nil
	case !isSum(r.SHA256):
		return errors.New("the sha256 of what is written is missing")
	case isKept(r.From):
		return nil
	case r.From != "":
		return checkPath(r.From)
	case sum(r.Data) != r.SHA256:
		return errors.New("the sha256 is not that of the data")
	}
	return nil
}

func isSum(text string) bool { return len(text) == 64 && isHex([]byte(text)) }

// isName reports whether chown takes the text as one name.
func isName(text string) bool {
	return !strings.HasPrefix(text, "-") && !strings.ContainsAny(text, ":\n\x00")
}

// replaceJob is the script: one sub-shell for each stretch of replaces with the
// same owner. The script holds the bytes, so it travels on stdin.
func (c *Conn) replaceJob(replaces []Replace) job {
	j := job{mark: marker(), name: fmt.Sprintf("replace, %d files", len(replaces)), become: true, secret: true}
	var b strings.Builder
	b.WriteString("batch() {\n" + c.ownerText() + c.storeText())
	b.WriteString("prog=" + quote("N="+j.mark+" R="+randomHex(8)+"\n"+commonScript+c.storeText()+replaceScript) + "\n")
	for i := 0; i < len(replaces); {
		n := stretch(replaces[i:])
		var calls strings.Builder
		for k := i; k < i+n; k++ {
			calls.WriteString(replaceCall(k, replaces[k]))
		}
		calls.WriteString("[ -z \"$stop\" ]\n")
		call := fmt.Sprintf("as %d %s \"$prog\"%s", i, quote(replaces[i].As), quote(calls.String()))
		if from := replaces[i].From; from != "" && !isKept(from) {
			call = fromCall(i, from, call)
		}
		if keep := replaces[i].Keep; keep != "" {
			call = keeperCall(i, replaces[i].As, keep, call)
		}
		b.WriteString(call + " || return\n")
		i += n
	}
	// A script that was cut on the way is no complete function, and does nothing.
	j.script = b.String() + "}\nbatch"
	return j
}

// stretch is how many replaces the next sub-shell does. One that copies an
// upload stands alone: it is handed the open file, since the owner of the
// target may not look into the folder of uploads.
func stretch(replaces []Replace) int {
	first, n := replaces[0], 1
	for first.From == "" && n < len(replaces) && replaces[n].As == first.As && replaces[n].From == "" && sameRun(replaces[n].Keep, first.Keep) {
		n++
	}
	return n
}

func fromCall(i int, from, call string) string {
	missing := quote("there is no upload " + from + " that can be read")
	return fmt.Sprintf("f=%s; m=%s\nif [ -f \"$f\" ] && [ -r \"$f\" ]; then %s 4<\"$f\"; else printf '%%s\\n' \"$N w %d 22 ${#m}\" \"$m\"; false; fi",
		quote(from), missing, call, i)
}

func replaceCall(i int, r Replace) string {
	op, data := "data", ""
	switch {
	case r.Remove:
		op = "remove"
	case isKept(r.From):
		op, data = "kept", r.From
	case r.From != "":
		op = "from"
	default:
		data = base64.StdEncoding.EncodeToString(r.Data)
	}
	mode := ""
	if r.Mode != 0 {
		mode = fmt.Sprintf("%o", r.Mode)
	}
	return fmt.Sprintf("put %d %s %s\n", i, op, quoteAll([]string{r.Path, r.Before, r.SHA256, mode, r.Owner, r.Group, r.Keep, data}))
}

// parseReplace parses frames `MARK w INDEX EXIT LENGTH`, a newline, the text, a
// newline; or `MARK m INDEX WHY`. They come in order, and none follows one that
// is not done.
func parseReplace(mark string, replaces []Replace, body []byte) ([]Wrote, error) {
	wrote := make([]Wrote, len(replaces))
	for i, r := range replaces {
		wrote[i].Path = r.Path
	}
	p := &parser{mark: mark, rest: body}
	next, failed := 0, false
	for len(p.rest) > 0 {
		if failed || next == len(wrote) {
			return nil, errors.New("it goes on where it should end")
		}
		if err := p.wrote(next, replaces[next], &wrote[next]); err != nil {
			return nil, err
		}
		failed = !wrote[next].Done
		next++
	}
	if !failed && next < len(wrote) {
		return nil, errCut
	}
	return wrote, nil
}

func (p *parser) wrote(i int, r Replace, w *Wrote) error {
	line, err := p.line()
	if err != nil {
		return err
	}
	words := strings.Split(line, " ")
	if len(words) < 4 || words[0] != p.mark || words[2] != strconv.Itoa(i) {
		return fmt.Errorf("%.80q is not the line that was expected", line)
	}
	if words[1] == "m" && len(words) == 4 && isOwnerProblem(words[3]) {
		w.Err = ownerProblem(r.As, words[3])
		return nil
	}
	if words[1] != "w" || len(words) != 5 {
		return fmt.Errorf("%.80q is an unknown frame", line)
	}
	text, err := p.sized(words[4])
	if err != nil {
		return err
	}
	if end, err := p.take(1); err != nil || end[0] != '\n' {
		return errCut
	}
	return result(w, words[3], text)
}

// result reads the exit code of the sub-shell of one replace.
func result(w *Wrote, exit string, text []byte) error {
	switch exit {
	case "0":
		w.Done, w.Kept = true, keptAt(text)
	case "20":
		w.Done, w.InPlace, w.Kept = true, true, keptAt(text)
	case "21":
		w.Moved = true
		w.Err = "it is not what it was when it was read; nothing was written"
	default:
		if _, err := strconv.ParseUint(exit, 10, 8); err != nil {
			return fmt.Errorf("%.20q is no exit code", exit)
		}
		w.Err = or(lastLine(string(text)), "the script ended with exit code "+exit)
	}
	return nil
}
