package plan

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const password = "p<&\"é\x01Lf-9"

// everything is a plan with an object of every kind that a plan changes.
func everything() *Plan {
	file := func(text string, mode uint32) *File {
		return &File{Meta: Meta{Mode: mode, Owner: "wso2", Group: "wso2", Changed: time.Unix(1e9, 0)}, Data: []byte(text)}
	}
	in := func(text string) []Span {
		at := strings.Index(text, password)
		return []Span{{at + 2, at + len(password)}, {at, at + 4}}
	}
	before, after := "<a>\xff\r\n<p>"+password+"</p>", "<a>\xff\r\n<p>x</p>\n<p>"+password+"</p>"
	create := "CREATE USER 'a'@'b' IDENTIFIED BY '" + password + "'"
	statements := func() []Statement {
		return []Statement{{SQL: "SET x = 1"}, {SQL: create, Hidden: in(create), Account: "a@b", Node: "n"}}
	}
	return &Plan{
		Name: "t", Targets: []string{"h", Deployment},
		Kept:  []Want{{Ref: Ref{"h", KindFile, "/kept"}, Node: "n", Why: "as it is", After: file("x", 0o644)}},
		Notes: []Note{{Target: "h", Node: "n", Text: "a note"}},
		Changes: []Change{
			{Want: Want{Ref: Ref{"h", KindFile, "/f"}, As: "/", Node: "n", After: file(after, 0), Why: "w", Hidden: in(after), HiddenBefore: in(before)},
				Step: "s", Before: file(before, 0o600)},
			{Want: Want{Ref: Ref{"h", KindFile, "/new"}, After: file("", 0o644)}, Step: "s"},
			{Want: Want{Ref: Ref{"h", KindBlob, "/j"}, After: &Blob{Size: 3, SHA256: "ab"}}, Step: "s", Before: &Blob{Meta: Meta{Real: "/r"}, Size: 2, SHA256: "cd"}},
			{Want: Want{Ref: Ref{"h", KindBlob, "/old"}}, Step: "s", Before: &Blob{Size: 2, SHA256: "cd"}},
			{Want: Want{Ref: Ref{"h", KindServer, "/home"}, After: &Server{Running: true, Renew: true, PID: 7, Start: &Start{JavaHome: "/j", Ports: []int{1}, StartTimeout: time.Second}}},
				Step: "s", Before: &Server{Running: true, PID: 7, Started: time.Unix(5, 0), Age: time.Hour}},
			{Want: Want{Ref: Ref{Deployment, KindSchema, "d"}, During: StageDatabases, After: &Schema{Load: true, Opening: "CREATE", Scripts: []string{"a.sql"}, Statements: statements(), Resume: 1, Found: 1}},
				Step: "s", Before: &Schema{Tables: []string{"T"}, Found: 1}},
			{Want: Want{Ref: Ref{Deployment, KindAccount, "u"}, After: &Account{Entries: []Entry{{Host: "b", Changes: true, Changed: 5}}, Grants: statements(), Found: 2}}, Step: "s"},
			{Want: Want{Ref: Ref{"h", KindHome, "/home"}, After: &Home{Meta: Meta{Mode: 0o755, Owner: "wso2"}, Version: "1", Pack: "p.zip", SHA256: "ab", URL: "https://x/p.zip", Packed: 4, Files: 2, Size: 9}}, Step: "s"},
			{Want: Want{Ref: Ref{"h", KindUser, "wso2"}, After: &User{Shell: "/bin/sh"}}, Step: "s"},
			{Want: Want{Ref: Ref{"h", KindPackage, "mysql"}, After: &Package{Manager: "apt", Name: "m", With: []string{"a 1"}}}, Step: "s", Before: &Package{Manager: "apt"}},
			{Want: Want{Ref: Ref{"h", KindService, "mysql"}, After: &Service{Running: true, PID: 7, Port: 3306}}, Step: "s", Before: &Service{}},
			{Want: Want{Ref: Ref{"h", KindUnit, "u.service"}, During: StageRemove, After: &Unit{Enabled: true, Reload: true}}, Step: "s", Before: &Unit{Systemd: true, Dropins: []string{"/d"}}},
			{Want: Want{Ref: Ref{"h", KindUnpacked, "/home"}, During: StageRemove}, Step: "s", Before: &Unpacked{Ours: true, Pack: "a.zip (1)"}},
			{Want: Want{Ref: Ref{Deployment, KindAdmin, "root"}, After: &Admin{Statements: statements()}}, Step: "s", Before: &Admin{Found: 5}},
		},
	}
}

// sealed is a key for tests.
func sealed(key string) func([]byte) string {
	return func(secret []byte) string { return fmt.Sprintf("%s-%x", key, len(secret)*7+int(secret[0])) }
}

func saved(t *testing.T, p *Plan, key string) *Plan {
	t.Helper()
	data, err := Encode(p, sealed(key))
	if err != nil {
		t.Fatal(err)
	}
	out, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncodeHoldsNoSecretAndTheRest(t *testing.T) {
	p := everything()
	data, err := Encode(p, sealed("k"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Lf-9", "Lf", "7000000000", "1970", "2001"} { // the password, and times of clocks
		if strings.Contains(string(data), part) {
			t.Errorf("%q is in\n%s", part, data)
		}
	}
	got := saved(t, p, "k")
	stand := sealed("k")([]byte(password))
	if f := got.Changes[0].After.(*File); string(f.Data) != "<a>\xff\r\n<p>x</p>\n<p>"+stand+"</p>" || len(got.Changes[0].Hidden) != 1 {
		t.Errorf("a file became %q, hidden %v", f.Data, got.Changes[0].Hidden)
	}
	if len(got.Changes) != len(p.Changes) || len(got.Kept) != 1 || got.Kept[0].Why != "as it is" || !reflect.DeepEqual(got.Notes, p.Notes) || !reflect.DeepEqual(got.Targets, p.Targets) {
		t.Errorf("the plan became %+v", got)
	}
	for i, c := range got.Changes {
		if c.Ref != p.Changes[i].Ref || c.Stage() != p.Changes[i].Stage() || (c.Before == nil) != (p.Changes[i].Before == nil) {
			t.Errorf("change %d became %+v", i, c)
		}
	}
	if again := saved(t, got, "k"); reflect.DeepEqual(again, got) {
		t.Error("a stand-in stands for itself; it should have been sealed again")
	}
}

func TestCompareNamesWhatMoved(t *testing.T) {
	for _, c := range []struct {
		name string
		move func(*Plan)
		want string // "ref: text", parts of them; empty: nothing moved
	}{
		{"nothing", func(*Plan) {}, ""},
		{"clocks and process ids", func(p *Plan) {
			s := p.Changes[4].Before.(*Server)
			s.PID, s.Started, s.Age = 8, time.Unix(6, 0), 0
			p.Changes[0].Before.(*File).Changed = time.Unix(9, 0)
			p.Changes[6].After.(*Account).Entries[0].Changed = 9
		}, ""},
		{"a byte of a file", func(p *Plan) { p.Changes[0].Before.(*File).Data[1] = 'b' }, "h: /f: has another content"},
		{"a secret that was there", func(p *Plan) {
			f := p.Changes[0].Before.(*File)
			f.Data[p.Changes[0].HiddenBefore[1].Start] = 'q'
		}, "h: /f: has another content"},
		{"a secret that comes", func(p *Plan) {
			f := p.Changes[0].After.(*File)
			f.Data[p.Changes[0].Hidden[1].Start] = 'q'
		}, "h: /f: would become something else"},
		{"a mode", func(p *Plan) { p.Changes[0].Before.(*File).Mode = 0o640 }, "h: /f: has mode 0640; the plan saw 0600"},
		{"an owner", func(p *Plan) { p.Changes[0].Before.(*File).Owner = "x" }, "h: /f: belongs to x:wso2"},
		{"a link", func(p *Plan) { p.Changes[2].Before.(*Blob).Real = "/q" }, "h: /j: leads to"},
		{"a jar", func(p *Plan) { p.Changes[2].Before.(*Blob).SHA256 = "ef" }, "h: /j: has another content"},
		{"the pack", func(p *Plan) { p.Changes[7].After.(*Home).SHA256 = "ef" }, "h: /home: would become something else"},
		{"a home that came", func(p *Plan) { p.Changes[7].Before = &Home{} }, "h: /home: is there"},
		{"a user that came", func(p *Plan) { p.Changes[8].Before = &User{} }, "h: user wso2: is there"},
		{"the driver", func(p *Plan) { p.Changes[2].After.(*Blob).SHA256 = "ef" }, "h: /j: would become something else"},
		{"a file that is gone", func(p *Plan) { p.Changes[0].Before = nil }, "h: /f: is gone"},
		{"a file that came", func(p *Plan) { p.Changes[1].Before = &File{} }, "h: /new: is there"},
		{"a server that stopped", func(p *Plan) { p.Changes[4].Before.(*Server).Running = false }, "h: server of /home: does not run"},
		{"why a server restarts", func(p *Plan) { p.Changes[4].Why = "stale" }, `h: server of /home: changes for another reason than in the plan: "stale"`},
		{"a table", func(p *Plan) { p.Changes[5].Before.(*Schema).Tables = nil }, "database: schema d: is not what the plan saw"},
		{"a statement", func(p *Plan) { p.Changes[5].After.(*Schema).Statements[0].SQL = "DROP" }, "database: schema d: would become"},
		{"what is done by now", func(p *Plan) {
			p.Kept = append(p.Kept, p.Changes[0].Want)
			p.Changes = p.Changes[1:]
		}, "h: /f: is by now as the plan wants it"},
		{"what is not looked at", func(p *Plan) { p.Changes = p.Changes[1:] }, "h: /f: is not looked at any more"},
		{"one more change", func(p *Plan) {
			p.Changes = append(p.Changes, Change{Want: Want{Ref: Ref{"h", KindFile, "/kept"}, After: &File{}}})
		}, "h: /kept: would change as well"},
	} {
		now := everything()
		c.move(now)
		var got string
		for _, m := range Compare(saved(t, everything(), "k"), saved(t, now, "k"), true) {
			got += m.Ref.String() + ": " + m.Text + "\n"
		}
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCompareAcrossKeys(t *testing.T) {
	was := saved(t, everything(), "mine")
	if moved := Compare(was, saved(t, everything(), "other"), true); len(moved) == 0 {
		t.Error("stand-ins by different keys are the same")
	}
	if moved := Compare(was, saved(t, everything(), "other"), false); len(moved) != 0 {
		t.Errorf("but for the secrets, it is %v", moved)
	}
	now := everything()
	now.Changes[0].Before.(*File).Data[1] = 'b'
	if moved := Compare(was, saved(t, now, "other"), false); len(moved) != 1 {
		t.Errorf("without the secrets, a byte is %v", moved)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(everything(), sealed("k"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, c := range []string{"", "null", "{}", `{"changes":[{}]}`, `{"changes":[{"ref":{"kind":"file"},"after":{"file":null}}]}`, `[]`, `{"x":1}`} {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data)
		if err != nil {
			return
		}
		for _, c := range p.Changes {
			for _, s := range c.Hidden {
				if file, is := c.After.(*File); !is || s.Start < 0 || s.End > len(file.Data) {
					t.Fatalf("%v is hidden in %+v", s, c.After)
				}
			}
			_ = c.Ref.String() + string(c.Stage())
		}
		if moved := Compare(p, p, true); len(moved) > 0 {
			t.Fatalf("differs from itself: %v", moved)
		}
		Compare(p, &Plan{}, false)
	})
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "EOF"},
		{`{"name":"x","targets":[],"changes":[]} {}`, "something follows"},
		{`{"name":"x","more":1}`, "unknown field"},
		{`{"changes":[{"ref":{"kind":"file"},"step":"s","before":{"blob":{"mode":0,"size":1,"sha256":""}},"after":null}]}`, "cannot be this"},
		{`{"changes":[{"ref":{"kind":"file"},"step":"s","before":null,"after":null}]}`, "neither"},
		{`{"changes":[{"ref":{"kind":"schema","path":"d"},"step":"s","before":null,"after":{"schema":{"resume":1}}}]}`, "1 of 0 statements"},
	} {
		if _, err := Decode([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
