package sshexec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The answer to a batch of reads is a row of frames, each begun by a line with
// the marker:
//
//	MARK g I P M D T H texts of P, M, D and T bytes: what was seen, what stat said,
//	                   what scripts printed, in base64 and as it is; then what
//	                   sha256sum said, of the files and at last of these texts, H
//	                   bytes, twice; then the bytes of the files, a newline, and
//	                   the line MARK c; for the reads with the owner of read I. What
//	                   a script printed ends with a newline and the line
//	                   MARK x NUMBER EXIT
//	MARK m I WHY       the owner for the group of read I could not be had: a, there
//	                   is no such path; x, it cannot be seen; t, no tool to drop to it
type parser struct {
	mark   string
	reads  []Read
	rest   []byte
	found  [][]Found
	seen   []bool
	steady bool // no file changed while it was read
}

var errCut = errors.New("it ends early")

func parseGather(mark string, reads []Read, body []byte) (found [][]Found, steady bool, err error) {
	p := &parser{mark: mark, reads: reads, rest: body, steady: true,
		found: make([][]Found, len(reads)), seen: make([]bool, len(reads))}
	for len(p.rest) > 0 {
		if err := p.frame(); err != nil {
			return nil, false, err
		}
	}
	for i, r := range reads {
		if !p.seen[i] || len(p.found[i]) != 1 && !isPattern(r) {
			return nil, false, fmt.Errorf("%d answers to %s %q", len(p.found[i]), r.Kind, firstLine(r.Name))
		}
	}
	return p.found, p.steady, nil
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return text
}

func (p *parser) frame() error {
	line, err := p.line()
	if err != nil {
		return err
	}
	words := strings.Split(line, " ")
	if words[0] != p.mark || len(words) < 2 {
		return fmt.Errorf("%.80q is not a line of ours", line)
	}
	switch {
	case words[1] == "g" && len(words) == 8:
		return p.group(words[2:])
	case words[1] == "m" && len(words) == 4:
		return p.missing(words[2], words[3])
	}
	return fmt.Errorf("%.80q is an unknown frame", line)
}

// line takes the next line, without its end.
func (p *parser) line() (string, error) {
	line, rest, ok := bytes.Cut(p.rest, []byte("\n"))
	if !ok {
		return "", errCut
	}
	p.rest = rest
	return string(line), nil
}

// take takes the next n bytes.
func (p *parser) take(n int) ([]byte, error) {
	if n > len(p.rest) {
		return nil, errCut
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken, nil
}

// sized takes as many bytes as the word says.
func (p *parser) sized(word string) ([]byte, error) {
	n, err := strconv.ParseUint(word, 10, 40)
	if err != nil || n > uint64(len(p.rest)) {
		return nil, errCut
	}
	return p.take(int(n))
}

// index is the number of a read.
func (p *parser) index(word string) (int, error) {
	i, err := strconv.Atoi(word)
	if err != nil || i < 0 || i >= len(p.reads) {
		return 0, fmt.Errorf("there was no read %.20q", word)
	}
	return i, nil
}

// outputs parses what the scripts of an owner printed.
func (p *parser) outputs(as string, data []byte) error {
	for len(data) > 0 {
		out, rest, found := bytes.Cut(data, []byte("\n"+p.mark+" x "))
		line, rest, whole := bytes.Cut(rest, []byte("\n"))
		number, code, _ := strings.Cut(string(line), " ")
		if !found || !whole {
			return errDamaged
		}
		if err := p.output(as, number, code, out); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

var errDamaged = errors.New("the output of a script is damaged")

// output answers one script.
func (p *parser) output(as, number, code string, out []byte) error {
	i, err := p.index(number)
	if err != nil {
		return err
	}
	exit, err := strconv.Atoi(code)
	if r := p.reads[i]; err != nil || !isScript(r) || r.As != as {
		return errDamaged
	}
	p.found[i] = []Found{{Kind: "output", Data: slices.Clip(out), Size: int64(len(out)), Exit: exit}}
	if p.reads[i].Kind == "kept" {
		if p.found[i], err = keptFound(p.reads[i], out, exit); err != nil {
			return err
		}
	}
	return p.answer(i)
}

// answer notes that a read is answered, which happens once.
func (p *parser) answer(i int) error {
	if p.seen[i] {
		return fmt.Errorf("read %d is answered twice", i)
	}
	p.seen[i] = true
	return nil
}

// missing answers all reads of a group at once.
func (p *parser) missing(word, why string) error {
	first, err := p.index(word)
	if err != nil {
		return err
	}
	if !isOwnerProblem(why) {
		return fmt.Errorf("%.20q is no reason", why)
	}
	as := p.reads[first].As
	for i, r := range p.reads {
		if r.As != as {
			continue
		}
		if err := p.answer(i); err != nil {
			return err
		}
		if f, ok := missingOwner(r, why); ok {
			p.found[i] = []Found{f}
		}
	}
	return nil
}

// missingOwner is the answer to a read on behalf of an owner that there is not.
// Below a path that is absent every path is absent, which is no error.
func missingOwner(r Read, why string) (Found, bool) {
	f := Found{Path: r.Name, Kind: "other", Err: ownerProblem(r.As, why)}
	if runs(r) {
		f.Path = ""
	}
	if why != "a" {
		return f, true
	}
	f.Kind = "absent"
	if !runs(r) && (r.Name == r.As || strings.HasPrefix(r.Name, r.As+"/")) {
		f.Err = ""
		return f, !isPattern(r)
	}
	return f, true
}

func isOwnerProblem(why string) bool { return len(why) == 1 && strings.Contains("axtf", why) }

func ownerProblem(as, why string) string {
	switch why {
	case "a":
		return fmt.Sprintf("%s is not there, so there is no owner to do it as", as)
	case "x":
		return fmt.Sprintf("permission denied: %s cannot be seen, so there is no owner to do it as", as)
	case "f":
		return fmt.Sprintf("%s belongs to another user, and only root could become that one; scripts run as what become_user says", as)
	}
	return fmt.Sprintf("there is no setpriv, chroot, su or sudo that works, to do it as the owner of %s", as)
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}
