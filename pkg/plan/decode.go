package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Decode reads what Encode wrote. The plan can be shown and compared, not
// applied: where a secret was, its stand-in is, and it is hidden like one.
// Nothing in data is trusted.
func Decode(data []byte) (*Plan, error) {
	var in savedPlan
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the plan")
	}
	p := &Plan{Name: in.Name, Targets: in.Targets, Notes: in.Notes}
	for _, k := range in.Kept {
		p.Kept = append(p.Kept, Want{Ref: Ref(k.Ref), Node: k.Node, Why: k.Why})
	}
	seen := map[Ref]bool{}
	for i, c := range in.Changes {
		change, err := c.decode()
		if err == nil && seen[change.Ref] {
			err = errors.New("it is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("change %d: %q: %w", i+1, change.Ref.String(), err)
		}
		seen[change.Ref] = true
		p.Changes = append(p.Changes, change)
	}
	return p, nil
}

func (c savedChange) decode() (Change, error) {
	out := Change{Step: c.Step, Want: Want{Ref: Ref(c.Ref), As: c.As, Node: c.Node, During: c.During, Why: c.Why}}
	var errs [2]error
	out.Before, out.HiddenBefore, errs[0] = c.Before.decode(c.Ref.Kind)
	out.After, out.Hidden, errs[1] = c.After.decode(c.Ref.Kind)
	if c.Before == nil && c.After == nil {
		return out, errors.New("neither before nor after")
	}
	return out, errors.Join(errs[:]...)
}

// decode gives the object that belongs to a resource of the kind.
func (o *savedObject) decode(k Kind) (object Object, hidden []Span, err error) {
	switch {
	case o == nil:
		return nil, nil, nil
	case k == KindFile && o.File != nil:
		data, hidden := whole(o.File.Data)
		return &File{Meta: o.File.meta(), Data: data}, hidden, nil
	case k == KindBlob && o.Blob != nil:
		return &Blob{Meta: o.Blob.meta(), Size: o.Blob.Size, SHA256: o.Blob.SHA256}, nil, nil
	case k == KindServer && o.Server != nil:
		s := o.Server
		return &Server{Running: s.Running, JDK: s.JDK, Unit: s.Unit, Renew: s.Renew, Start: s.Start}, nil, nil
	case k == KindSchema && o.Schema != nil:
		return o.Schema.decode()
	case k == KindAccount && o.Account != nil:
		a := &Account{Grants: decodeStatements(o.Account.Grants)}
		for _, e := range o.Account.Entries {
			a.Entries = append(a.Entries, Entry{Host: e.Host, Changes: e.Changes})
		}
		return a, nil, nil
	case k == KindPackage && o.Package != nil:
		return o.Package, nil, nil
	case k == KindHome && o.Home != nil:
		h := o.Home
		return &Home{Meta: h.meta(), Version: h.Version, Pack: h.Pack, SHA256: h.SHA256, URL: h.URL, Packed: h.Packed, Files: h.Files, Size: h.Size}, nil, nil
	case k == KindUser && o.User != nil:
		return &User{Group: o.User.Group, Shell: o.User.Shell}, nil, nil
	case k == KindService && o.Service != nil:
		return o.Service, nil, nil
	case k == KindUnit && o.Unit != nil:
		return o.Unit, nil, nil
	case k == KindUnpacked && o.Unpacked != nil:
		return o.Unpacked, nil, nil
	case k == KindAdmin && o.Admin != nil:
		a := &Admin{Login: o.Admin.Login, Statements: decodeStatements(o.Admin.Statements)}
		if o.Admin.Known {
			a.Found = true
		}
		return a, nil, nil
	}
	return nil, nil, fmt.Errorf("a %.20q cannot be this", k)
}

func (m savedMeta) meta() Meta {
	return Meta{Mode: m.Mode & 0o7777, Owner: m.Owner, Group: m.Group, Real: m.Real}
}

func (s *savedSchema) decode() (Object, []Span, error) {
	if s.Resume < 0 || s.Resume > len(s.Statements) {
		return nil, nil, fmt.Errorf("%d of %d statements cannot have been made", s.Resume, len(s.Statements))
	}
	return &Schema{Charset: s.Charset, Tables: s.Tables, Load: s.Load, Opening: s.Opening, SQLMode: s.SQLMode,
		Scripts: s.Scripts, Statements: decodeStatements(s.Statements), Resume: s.Resume}, nil, nil
}

func decodeStatements(list []savedStatement) []Statement {
	var out []Statement
	for _, s := range list {
		sql, hidden := whole(s.SQL)
		out = append(out, Statement{SQL: string(sql), Hidden: hidden, File: s.File, Line: s.Line, Account: s.Account, Node: s.Node})
	}
	return out
}

// whole puts a text together, with what stands for its secrets in it.
func whole(list []piece) (data []byte, hidden []Span) {
	data = []byte{}
	for _, p := range list {
		data = append(append(data, p.Text...), p.Bytes...)
		if p.Secret != "" {
			hidden = append(hidden, Span{len(data), len(data) + len(p.Secret)})
			data = append(data, p.Secret...)
		}
	}
	return data, hidden
}

// joined are the spans in their order, within size bytes, those that touch as
// one.
func joined(spans []Span, size int) []Span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	var out []Span
	for _, s := range spans {
		s.Start, s.End = max(s.Start, 0), min(s.End, size)
		switch n := len(out); {
		case s.Start >= s.End:
		case n > 0 && s.Start <= out[n-1].End:
			out[n-1].End = max(out[n-1].End, s.End)
		default:
			out = append(out, s)
		}
	}
	return out
}
