package sshexec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sight is one path that the script came across.
type sight struct {
	read  int
	state string
	found Found
	size  int64 // as stat said
}

// group parses what one owner's sub-shell saw. The listing says which lines of
// stat and sha256sum must follow, by name; a line that is not there means that
// the file vanished in between.
func (p *parser) group(words []string) error {
	first, err := p.index(words[0])
	if err != nil {
		return err
	}
	for i, r := range p.reads {
		if r.As != p.reads[first].As || isScript(r) {
			continue
		}
		if err := p.answer(i); err != nil {
			return err
		}
	}
	texts, hashes, err := p.texts(words[1:])
	if err != nil {
		return err
	}
	binary, err := base64.StdEncoding.DecodeString(string(texts[2])) // it skips newlines
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	as := p.reads[first].As
	if err := errors.Join(p.outputs(as, binary), p.outputs(as, texts[3])); err != nil {
		return err
	}
	sights, err := p.listing(texts[0], as)
	if err != nil {
		return err
	}
	if err := p.details(sights, texts[1], hashes); err != nil {
		return err
	}
	return p.contents(sights)
}

var errList = errors.New("a list of files is damaged")

// texts takes the four texts, and what sha256sum said of the files. Its last line
// is of the texts.
func (p *parser) texts(words []string) (texts [4][]byte, hashes []byte, err error) {
	for i := range texts {
		if texts[i], err = p.sized(words[i]); err != nil {
			return texts, nil, err
		}
	}
	hashes, err = p.sized(words[4])
	again, errAgain := p.sized(words[4])
	if err := errors.Join(err, errAgain); err != nil {
		return texts, nil, err
	}
	at := bytes.LastIndexByte(bytes.TrimSuffix(hashes, []byte("\n")), '\n') + 1
	own, _, named := bytes.Cut(hashes[at:], []byte(" "))
	if !named || !bytes.Equal(hashes, again) || sum(bytes.Join(texts[:], nil)) != string(own) {
		return texts, nil, errList
	}
	return texts, hashes[:at], nil
}

// listing parses records of `READ STATE LENGTH LENGTH`, a newline, the path, the
// real path, a newline.
func (p *parser) listing(text []byte, as string) ([]*sight, error) {
	in := &parser{mark: p.mark, reads: p.reads, rest: text}
	var sights []*sight
	for len(in.rest) > 0 {
		s, err := in.sight()
		if err != nil {
			return nil, err
		}
		if p.reads[s.read].As != as {
			return nil, fmt.Errorf("read %d is answered by another owner", s.read)
		}
		sights = append(sights, s)
	}
	return sights, nil
}

func (p *parser) sight() (*sight, error) {
	line, err := p.line()
	if err != nil {
		return nil, err
	}
	words := strings.Split(line, " ")
	if len(words) != 4 || !strings.Contains("f u s d o a l x", words[1]) || len(words[1]) != 1 {
		return nil, fmt.Errorf("%.80q is no entry of a list of files", line)
	}
	i, err := p.index(words[0])
	if err != nil {
		return nil, err
	}
	name, err := p.sized(words[2])
	if err != nil {
		return nil, err
	}
	real, err := p.sized(words[3])
	if err != nil {
		return nil, err
	}
	if end, err := p.take(1); err != nil || end[0] != '\n' {
		return nil, errCut
	}
	s := &sight{read: i, state: words[1]}
	s.found.Path, s.found.Real = string(name), string(real)
	return s, s.check(p.reads[i])
}

// check refuses an answer to what was not asked.
func (s *sight) check(r Read) error {
	folder, _ := path.Split(r.Name)
	match, name := path.Split(s.found.Path)
	if s.found.Path == r.Name && !isScript(r) || isPattern(r) && match == folder && name != "" {
		return nil
	}
	return fmt.Errorf("%.80q was not asked for", s.found.Path)
}

// details fills in what stat and sha256sum say, and answers the reads.
func (p *parser) details(sights []*sight, stats, hashes []byte) error {
	for _, s := range sights {
		if strings.Contains("alx", s.state) {
			s.unseen()
			continue
		}
		rest, ok := s.stat(stats)
		if !ok {
			p.steady = false
			s.found.Kind, s.found.Err, s.state = "other", "it vanished while it was read", "x"
			continue
		}
		stats = rest
		if s.state != "f" {
			continue
		}
		if rest, ok := s.hash(hashes); ok {
			hashes = rest
			continue
		}
		s.state, s.found.Err = "u", "it could not be read"
		p.steady = false
	}
	if len(stats)+len(hashes) > 0 {
		return errors.New("stat or sha256sum said more than was asked")
	}
	return nil
}

func (s *sight) unseen() {
	switch s.state {
	case "a":
		s.found.Kind = "absent"
	case "l":
		s.found.Kind = "other"
		s.found.Err = "it is a symlink that leads nowhere, or where we may not look"
	default:
		s.found.Kind = "other"
		s.found.Err = "permission denied: a folder above it may not be searched"
	}
}

// statLine is a line of stat, up to the name, which a slash ends. The user and the group may hold
// blanks, but no colon. Times are seconds, then whatever finer text there is.
var statLine = regexp.MustCompile(`^([0-9a-fA-F]{1,8}):([0-9]{1,18}):([0-9]{1,10}):([0-9]{1,10}):([^:\n]*):([^:\n]*):([0-9]{1,10}):(-?[0-9]{1,12}):(-?[0-9]{1,12}):([^|\n]{0,60})\|([^|\n]{0,60})\|`)

func (s *sight) stat(text []byte) (rest []byte, ok bool) {
	m := statLine.FindSubmatch(text)
	if m == nil {
		return text, false
	}
	rest, ok = bytes.CutPrefix(text[len(m[0]):], []byte(s.found.Path+"/\n"))
	if !ok {
		return text, false
	}
	mode, _ := strconv.ParseUint(string(m[1]), 16, 32)
	s.size, _ = strconv.ParseInt(string(m[2]), 10, 64)
	f := &s.found
	f.Mode = uint32(mode) & 0o7777
	f.UID, _ = strconv.Atoi(string(m[3]))
	f.GID, _ = strconv.Atoi(string(m[4]))
	f.Owner, f.Group = named(m[5], m[3]), named(m[6], m[4])
	f.Links, _ = strconv.Atoi(string(m[7]))
	f.MTime, f.CTime = moment(m[8], m[10]), moment(m[9], m[11])
	s.kind(uint32(mode))
	return rest, true
}

// kind goes by what stat says, which is later than what the shell saw.
func (s *sight) kind(mode uint32) {
	const format, regular, folder = 0o170000, 0o100000, 0o040000
	switch mode & format {
	case regular:
		s.found.Kind, s.found.Size = "file", s.size
	case folder:
		s.found.Kind = "dir"
	default:
		s.found.Kind = "other"
	}
	if s.state == "u" {
		s.found.Err = "permission denied"
	}
}

// named is a user's name, or the number where there is none.
func named(name, id []byte) string {
	if n := string(name); n != "" && n != "UNKNOWN" {
		return n
	}
	return string(id)
}

// moment prefers the finer text: GNU and busybox print a date, BSD prints
// seconds with a fraction. Text that does not agree with the seconds is left
// aside.
func moment(seconds, finer []byte) time.Time {
	n, _ := strconv.ParseInt(string(seconds), 10, 64)
	whole := time.Unix(n, 0).UTC()
	text := strings.TrimSpace(string(finer))
	if t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", text); err == nil && t.Unix() == n {
		return t.UTC()
	}
	if _, fraction, ok := strings.Cut(text, "."); ok && len(fraction) <= 9 {
		if nanos, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32); err == nil {
			return whole.Add(time.Duration(nanos))
		}
	}
	return whole
}

// hash takes the line of sha256sum for the file. GNU escapes odd names and says
// so by a backslash in front.
func (s *sight) hash(text []byte) (rest []byte, ok bool) {
	escaped := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(s.found.Path)
	line, name := text, s.found.Path
	if bytes.HasPrefix(text, []byte("\\")) {
		line, name = text[1:], escaped
	}
	if len(line) < 66 || !isHex(line[:64]) || line[64] != ' ' {
		return text, false
	}
	rest, ok = bytes.CutPrefix(line[66:], []byte(name+"\n"))
	if !ok {
		return text, false
	}
	s.found.SHA256 = string(line[:64])
	return rest, true
}

func isHex(text []byte) bool {
	for _, b := range text {
		if !(b >= '0' && b <= '9' || b >= 'a' && b <= 'f') {
			return false
		}
	}
	return true
}

// contents cuts the bytes of the files, which follow each other without a
// break. From the first that is not what sha256sum saw, nothing is certain.
func (p *parser) contents(sights []*sight) error {
	end := []byte("\n" + p.mark + " c\n")
	at := bytes.Index(p.rest, end)
	if at < 0 {
		return errCut
	}
	data := p.rest[:at]
	p.rest = p.rest[at+len(end):]
	lost := false
	for _, s := range sights {
		if s.state == "f" && p.reads[s.read].Kind == "file" {
			data, lost = s.content(data, lost)
			p.steady = p.steady && !lost
		}
		p.found[s.read] = append(p.found[s.read], s.found)
	}
	p.steady = p.steady && len(data) == 0
	return nil
}

func (s *sight) content(data []byte, lost bool) ([]byte, bool) {
	if !lost && s.size <= int64(len(data)) && sum(data[:s.size]) == s.found.SHA256 {
		s.found.Data = data[:s.size:s.size]
		return data[s.size:], false
	}
	s.found.SHA256, s.found.Err = "", "it, or a file read with it, changed while it was read"
	return nil, true
}
