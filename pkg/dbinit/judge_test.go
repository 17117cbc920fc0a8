package dbinit

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	list, err := Split("f.sql", []byte("CREATE TABLE A (x INT); INSERT INTO A VALUES (1); CREATE TABLE B (x INT); CREATE INDEX i ON B (x)"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(next int) *Entry { return &Entry{Digest: Digest(list), Statements: 4, Next: next} }
	finished := &Entry{Digest: Digest(list), Statements: 4, Next: 4, Finished: true}
	others := &Entry{Digest: "other", Statements: 9, Next: 2}
	for _, c := range []struct {
		name   string
		schema Schema
		want   State
		resume int
		text   string // part of the verdict's line
	}{
		{"absent", Schema{}, Absent, 0, "absent, 4 statements make 2 tables"},
		{"absent, but the ledger says finished", Schema{Ledger: finished}, Absent, 0, "absent"},
		{"absent, and the ledger says begun", Schema{Ledger: open(2)}, Absent, 0, "absent"},
		{"empty", Schema{Exists: true}, Empty, 0, "empty, 4 statements make 2 tables"},
		{"emptied by hand while a load was open", Schema{Exists: true, Ledger: open(2)}, Empty, 0, "empty"},
		{"emptied by hand after a load", Schema{Exists: true, Ledger: finished}, Empty, 0, "empty"},
		{"complete, no ledger", Schema{Exists: true, Tables: []string{"A", "B"}}, Complete, 0, "complete, 2 tables"},
		{"complete by the ledger", Schema{Exists: true, Tables: []string{"A", "B"}, Ledger: finished}, Complete, 0, "complete"},
		{"complete with more", Schema{Exists: true, Tables: []string{"A", "B", "C"}}, Complete, 0, "complete"},
		{"other case of letters is another table", Schema{Exists: true, Tables: []string{"a", "B"}}, Partial, 0, "1 of 2 tables are there (B), missing A, made by no script: a"},
		{"unless the server folds it", Schema{Exists: true, Tables: []string{"a", "b"}, FoldNames: true}, Complete, 0, "complete"},
		{"partial", Schema{Exists: true, Tables: []string{"A"}}, Partial, 0, "partial: 1 of 2 tables are there (A), missing B"},
		{"partial after a load that was finished", Schema{Exists: true, Tables: []string{"B"}, Ledger: finished}, Partial, 0, "missing A"},
		{"foreign", Schema{Exists: true, Tables: []string{"C"}}, Foreign, 0, "foreign: 0 of 2 tables are there, made by no script: C"},
		{"the schema was just made", Schema{Exists: true, Ledger: open(-1)}, Unfinished, -1, "cut at statement 1 of 4"},
		{"cut at the first table, not there", Schema{Exists: true, Ledger: open(0)}, Unfinished, 0, "cut at statement 1 of 4"},
		{"cut at the first table, there", Schema{Exists: true, Tables: []string{"A"}, Ledger: open(0)}, Unfinished, 0, "cut at statement 1"},
		{"cut at the row", Schema{Exists: true, Tables: []string{"A"}, Ledger: open(1)}, Unfinished, 1, "cut at statement 2"},
		{"cut at the last", Schema{Exists: true, Tables: []string{"A", "B"}, Ledger: open(3)}, Unfinished, 3, "cut at statement 4"},
		{"cut, with a table of somebody else", Schema{Exists: true, Tables: []string{"A", "Z"}, Ledger: open(1)}, Unfinished, 1, "cut at statement 2"},
		{"cut, but a table is there too early", Schema{Exists: true, Tables: []string{"A", "B"}, Ledger: open(1)}, Partial, 0, "the tables are not as it left them"},
		{"cut, but a table is gone", Schema{Exists: true, Tables: []string{"B"}, Ledger: open(3)}, Partial, 0, "the tables are not as it left them"},
		{"cut, but of other scripts", Schema{Exists: true, Tables: []string{"A"}, Ledger: others}, Partial, 0, "of other scripts than these"},
		{"cut of other scripts, all tables there", Schema{Exists: true, Tables: []string{"A", "B"}, Ledger: others}, Partial, 0, "2 of 2 tables"},
		{"being loaded, so tables and ledger are of two moments", Schema{Exists: true, Tables: []string{"A"}, Ledger: open(3), Loading: 7}, Unfinished, 3, "cut at statement 4"},
		{"the load ended while we looked", Schema{Exists: true, Tables: []string{"A"}, Ledger: finished, Loading: 7}, Unfinished, 4, "cut at statement 4 of 4"},
		{"being loaded from other scripts", Schema{Exists: true, Tables: []string{"A"}, Ledger: others, Loading: 7}, Partial, 0, "running right now"},
		{"a ledger that cannot be", Schema{Exists: true, Tables: []string{"A"}, Ledger: open(99)}, Partial, 0, "the tables are not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(c.schema, list)
			if v.State != c.want || v.Resume != c.resume || !strings.Contains(v.String(), c.text) {
				t.Errorf("%+v: %s\nwant %s, resume %d, %q", v, v, c.want, c.resume, c.text)
			}
			if refused := v.Refusal("X") != nil; refused != (c.want == Partial || c.want == Foreign) {
				t.Errorf("refusal %v", v.Refusal("X"))
			}
		})
	}
}

func TestJudgeNotesWhatIsExtraAndWhatRuns(t *testing.T) {
	list := script(t, "storage.sql")
	v := Judge(Schema{Exists: true, Tables: []string{"resource", "x"}, Loading: 7}, list)
	if want := []string{"a load of it is running right now (connection 7)", "tables made by no script: x"}; !slices.Equal(v.Notes, want) {
		t.Errorf("notes %q, want %q", v.Notes, want)
	}
}

func TestARefusalSpellsBothWaysOut(t *testing.T) {
	v := Judge(Schema{Exists: true, Tables: []string{"BASE_INFO", "other"}}, script(t, "identity.sql"))
	got := v.Refusal("AM_DB").Error()
	want := "schema AM_DB: partial: 1 of 5 tables are there (BASE_INFO), missing CONSUMER_APPS, ACCESS_TOKEN, SP_APP, SP_REQ_PATH, made by no script: other; nothing was changed. " +
		"Two ways out: finish it by hand, so that every table of the scripts is there (5 in all); or, when its data may go, save what is needed, DROP DATABASE `AM_DB`, and run again"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOpening(t *testing.T) {
	for _, c := range []struct {
		schema  Schema
		state   State
		resume  int
		charset string
		want    string
	}{
		{Schema{Name: "AM_DB"}, Absent, 0, "latin1", "CREATE DATABASE `AM_DB` CHARACTER SET latin1"},
		{Schema{Name: "a`b"}, Absent, 0, "", "CREATE DATABASE `a``b`"},
		{Schema{Name: "A"}, Absent, 0, "x; DROP", "CREATE DATABASE `A` CHARACTER SET `x; DROP`"},
		{Schema{Name: "A", Charset: "latin1"}, Empty, 0, "latin1", ""},
		{Schema{Name: "A", Charset: "utf8mb4"}, Empty, 0, "latin1", "ALTER DATABASE `A` CHARACTER SET latin1"},
		{Schema{Name: "A", Charset: "utf8mb4"}, Empty, 0, "", ""},
		{Schema{Name: "A", Charset: "utf8mb4"}, Unfinished, -1, "latin1", "ALTER DATABASE `A` CHARACTER SET latin1"},
		{Schema{Name: "A", Charset: "utf8mb4"}, Unfinished, 5, "latin1", ""},
		{Schema{Name: "A", Charset: "utf8mb4"}, Complete, 0, "latin1", ""},
	} {
		if got := Opening(c.schema, Verdict{State: c.state, Resume: c.resume}, c.charset); got != c.want {
			t.Errorf("%+v %s: got %q, want %q", c.schema, c.state, got, c.want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		in     string
		flavor Flavor
		want   Version
	}{
		{"5.6.24", MySQL, Version{5, 6, 24}},
		{"5.7.44-log", MySQL, Version{5, 7, 44}},
		{"8.0.36-0ubuntu0.22.04.1", MySQL, Version{8, 0, 36}},
		{"9.7.4-2", MySQL, Version{9, 7, 4}},
		{"10.11.6-MariaDB-0+deb12u1", MariaDB, Version{10, 11, 6}},
		{"5.5.5-10.3.39-MariaDB", MariaDB, Version{10, 3, 39}},
		{"", MySQL, Version{}},
	} {
		if s := parseServer(map[string]string{"version": c.in}); s.Flavor != c.flavor || s.Numeric != c.want {
			t.Errorf("%s: %s %v, want %s %v", c.in, s.Flavor, s.Numeric, c.flavor, c.want)
		}
	}
	for _, c := range []struct{ policy, old, version, want string }{
		{"*,,", "", "8.0.36", "caching_sha2_password"},
		{"*:mysql_native_password,,", "", "8.4.0", "mysql_native_password"},
		{"sha256_password", "", "8.4.0", "sha256_password"},
		{"", "mysql_native_password", "8.0.20", "mysql_native_password"},
		{"", "", "5.6.24", "mysql_native_password"},
		{"", "", "10.11.6-MariaDB", "mysql_native_password"},
	} {
		s := parseServer(map[string]string{"version": c.version, "authentication_policy": c.policy, "default_authentication_plugin": c.old})
		if s.DefaultPlugin != c.want {
			t.Errorf("%+v: %s", c, s.DefaultPlugin)
		}
	}
}
