package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Encode writes a plan as it may be kept in a file: all that a person reviews
// and a second plan is compared with, and no secret. In the place of a secret
// stands what seal makes of it. What a plan carries only for applying it, such
// as times of the hosts' clocks and process ids, is left out.
func Encode(p *Plan, seal func(secret []byte) string) ([]byte, error) {
	out := savedPlan{Name: p.Name, Targets: p.Targets, Notes: p.Notes}
	for _, w := range p.Kept {
		out.Kept = append(out.Kept, savedKept{savedRef(w.Ref), w.Node, w.Why})
	}
	for _, c := range p.Changes {
		before, err := encodeObject(c.Before, c.HiddenBefore, seal)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Ref, err)
		}
		after, err := encodeObject(c.After, c.Hidden, seal)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Ref, err)
		}
		out.Changes = append(out.Changes, savedChange{Ref: savedRef(c.Ref), As: c.As, Node: c.Node, Step: c.Step,
			During: c.During, Why: c.Why, Before: before, After: after})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // XML stays XML
	if err := e.Encode(out); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// The saved types, and Note, Start, Package, Service and Unit in them, are the format:
// a change to one is a new version of it.
type (
	savedPlan struct {
		Name    string        `json:"name"`
		Targets []string      `json:"targets"`
		Changes []savedChange `json:"changes"`
		Kept    []savedKept   `json:"kept,omitempty"`
		Notes   []Note        `json:"notes,omitempty"`
	}
	savedRef struct {
		Target string `json:"target"`
		Kind   Kind   `json:"kind"`
		Path   string `json:"path"`
	}
	savedKept struct {
		Ref  savedRef `json:"ref"`
		Node string   `json:"node,omitempty"`
		Why  string   `json:"why,omitempty"`
	}
	savedChange struct {
		Ref    savedRef     `json:"ref"`
		As     string       `json:"as,omitempty"`
		Node   string       `json:"node,omitempty"`
		Step   string       `json:"step"`
		During Stage        `json:"during,omitempty"`
		Why    string       `json:"why,omitempty"`
		Before *savedObject `json:"before"` // null: absent
		After  *savedObject `json:"after"`  // null: absent
	}
	// savedObject has one of these.
	savedObject struct {
		File     *savedFile    `json:"file,omitempty"`
		Blob     *savedBlob    `json:"blob,omitempty"`
		Server   *savedServer  `json:"server,omitempty"`
		Schema   *savedSchema  `json:"schema,omitempty"`
		Account  *savedAccount `json:"account,omitempty"`
		Package  *Package      `json:"package,omitempty"`
		Service  *Service      `json:"service,omitempty"`
		Admin    *savedAdmin   `json:"admin,omitempty"`
		Unit     *Unit         `json:"unit,omitempty"`
		Home     *savedHome    `json:"home,omitempty"`
		User     *savedUser    `json:"user,omitempty"`
		Unpacked *Unpacked     `json:"unpacked,omitempty"`
	}
	savedMeta struct {
		Mode  uint32 `json:"mode"`
		Owner string `json:"owner,omitempty"`
		Group string `json:"group,omitempty"`
		Real  string `json:"real,omitempty"`
	}
	savedFile struct {
		savedMeta
		Data []piece `json:"data"`
	}
	savedBlob struct {
		savedMeta
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
	}
	savedServer struct {
		Running bool   `json:"running"`
		JDK     string `json:"jdk,omitempty"`
		Unit    string `json:"unit,omitempty"`
		Renew   bool   `json:"renew,omitempty"`
		Start   *Start `json:"start,omitempty"`
	}
	savedSchema struct {
		Charset    string           `json:"charset,omitempty"`
		Tables     []string         `json:"tables,omitempty"`
		Load       bool             `json:"load,omitempty"`
		Opening    string           `json:"opening,omitempty"`
		SQLMode    string           `json:"sql_mode,omitempty"`
		Scripts    []string         `json:"scripts,omitempty"`
		Statements []savedStatement `json:"statements,omitempty"`
		Resume     int              `json:"resume,omitempty"`
	}
	savedAccount struct {
		Entries []savedEntry     `json:"entries,omitempty"`
		Grants  []savedStatement `json:"grants,omitempty"`
	}
	savedEntry struct {
		Host    string `json:"host"`
		Changes bool   `json:"changes,omitempty"`
	}
	savedAdmin struct {
		Login      bool             `json:"login"`
		Known      bool             `json:"known,omitempty"` // an account of that name was found
		Statements []savedStatement `json:"statements,omitempty"`
	}
	savedHome struct {
		savedMeta
		Version string `json:"version,omitempty"`
		Pack    string `json:"pack,omitempty"`
		SHA256  string `json:"sha256,omitempty"`
		URL     string `json:"url,omitempty"`
		Packed  int64  `json:"packed,omitempty"`
		Files   int    `json:"files,omitempty"`
		Size    int64  `json:"size,omitempty"`
	}
	savedUser struct {
		Group string `json:"group,omitempty"`
		Shell string `json:"shell,omitempty"`
	}
	savedStatement struct {
		SQL     []piece `json:"sql"`
		File    string  `json:"file,omitempty"`
		Line    int     `json:"line,omitempty"`
		Account string  `json:"account,omitempty"`
		Node    string  `json:"node,omitempty"`
	}
	// piece is a part of a text: bytes that everybody may read, as text where
	// they are, or what stands for a secret.
	piece struct {
		Text   string `json:"text,omitempty"`
		Bytes  []byte `json:"bytes,omitempty"`
		Secret string `json:"secret,omitempty"`
	}
)

func encodeObject(o Object, hidden []Span, seal func([]byte) string) (*savedObject, error) {
	switch o := o.(type) {
	case nil:
		return nil, nil
	case *File:
		return &savedObject{File: &savedFile{encodeMeta(o.Meta), pieces(o.Data, hidden, seal)}}, nil
	case *Blob:
		return &savedObject{Blob: &savedBlob{encodeMeta(o.Meta), o.Size, o.SHA256}}, nil
	case *Server:
		return &savedObject{Server: &savedServer{o.Running, o.JDK, o.Unit, o.Renew, o.Start}}, nil
	case *Schema:
		return &savedObject{Schema: &savedSchema{o.Charset, o.Tables, o.Load, o.Opening, o.SQLMode, o.Scripts, encodeStatements(o.Statements, seal), o.Resume}}, nil
	case *Account:
		out := &savedAccount{Grants: encodeStatements(o.Grants, seal)}
		for _, e := range o.Entries {
			out.Entries = append(out.Entries, savedEntry{e.Host, e.Changes})
		}
		return &savedObject{Account: out}, nil
	case *Package:
		return &savedObject{Package: o}, nil
	case *Service:
		s := *o
		s.PID = 0
		return &savedObject{Service: &s}, nil
	case *Home:
		return &savedObject{Home: &savedHome{encodeMeta(o.Meta), o.Version, o.Pack, o.SHA256, o.URL, o.Packed, o.Files, o.Size}}, nil
	case *User:
		return &savedObject{User: &savedUser{o.Group, o.Shell}}, nil
	case *Admin:
		return &savedObject{Admin: &savedAdmin{o.Login, o.Found != nil, encodeStatements(o.Statements, seal)}}, nil
	case *Unit:
		return &savedObject{Unit: o}, nil
	case *Unpacked:
		return &savedObject{Unpacked: o}, nil
	}
	return nil, fmt.Errorf("%T cannot be kept in a file; please report it", o)
}

func encodeMeta(m Meta) savedMeta { return savedMeta{m.Mode, m.Owner, m.Group, m.Real} }

func encodeStatements(list []Statement, seal func([]byte) string) []savedStatement {
	var out []savedStatement
	for _, s := range list {
		out = append(out, savedStatement{pieces([]byte(s.SQL), s.Hidden, seal), s.File, s.Line, s.Account, s.Node})
	}
	return out
}

// pieces takes the secrets out of a text.
func pieces(data []byte, hidden []Span, seal func([]byte) string) []piece {
	list := []piece{}
	open := func(part []byte) {
		switch {
		case len(part) == 0:
		case utf8.Valid(part):
			list = append(list, piece{Text: string(part)})
		default:
			list = append(list, piece{Bytes: part})
		}
	}
	at := 0
	for _, s := range joined(hidden, len(data)) {
		open(data[at:s.Start])
		list = append(list, piece{Secret: seal(data[s.Start:s.End])})
		at = s.End
	}
	open(data[at:])
	return list
}
