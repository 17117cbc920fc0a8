package dbinit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string // "line: statement"
	}{
		{"nothing", "", nil},
		{"blank", " \n\t;\n;;", nil},
		{"comments only", "-- a;\n# b;\n/* c; */\n--d;e\n", nil},
		{"one, with no end", "SELECT 1", []string{"1: SELECT 1"}},
		{"two on a line", "a;b;", []string{"1: a", "1: b"}},
		{"line of the first token", "\n\n-- x\n  a\nb;\n/* y\n */ c", []string{"4: a\nb", "7: c"}},
		{"in strings", `a ';' ";" ` + "`;`" + `; b`, []string{`1: a ';' ";" ` + "`;`", "1: b"}},
		{"doubled quotes", `a 'x'';y' "p"";q"; b`, []string{`1: a 'x'';y' "p"";q"`, "1: b"}},
		{"escaped quotes", `a 'x\';y' "p\";q" '\\'; b`, []string{`1: a 'x\';y' "p\";q" '\\'`, "1: b"}},
		{"no escapes within names", "a `x\\`; b", []string{"1: a `x\\`", "1: b"}},
		{"in comments", "a -- x; 'y\n, b # ;\n, c /* ; ' */ d; e", []string{"1: a -- x; 'y\n, b # ;\n, c /* ; ' */ d", "3: e"}},
		{"dashes that are no comment", "a 1--1; b", []string{"1: a 1--1", "1: b"}},
		{"dashes at the end of a line", "a --\n; b", []string{"1: a --", "2: b"}},
		{"dashes where a statement would begin", "--x; y\nb", []string{"2: b"}},
		{"dashes within, at the start of a line", "a\n--x;b", []string{"1: a\n--x", "2: b"}},
		{"byte order mark and CR LF", "\xef\xbb\xbfa\r\nb;\r\n\r\nc 'x\r\ny'\r\n", []string{"1: a\nb", "4: c 'x\ny'"}},
		{"version comment", "/*!40101 SET NAMES utf8 */;\na", []string{"1: /*!40101 SET NAMES utf8 */", "2: a"}},
		{"comment within a version comment", "/*!50003 a /* ; */ b */; c", []string{"1: /*!50003 a /* ; */ b */", "1: c"}},
		{"delimiter", "delimiter //\nCREATE x BEGIN a; b; END//\nDELIMITER ; ignored\nc;d", []string{"2: CREATE x BEGIN a; b; END", "4: c", "4: d"}},
		{"delimiter in a word", "DELIMITER $$\na b$$\n  delimiter ;\nc", []string{"2: a b", "4: c"}},
		{"delimiter in a version comment's trigger", "DELIMITER ;;\n/*!50003 CREATE TRIGGER x BEGIN a; END */;;\nDELIMITER ;\n", []string{"2: /*!50003 CREATE TRIGGER x BEGIN a; END */"}},
		{"delimiter that would be a comment", "DELIMITER #\na # b", []string{"2: a", "2: b"}},
		{"the word delimiter within a statement", "a\nDELIMITER b; c", []string{"1: a\nDELIMITER b", "2: c"}},
		{"\\g and \\G", "a \\g b \\G c", []string{"1: a", "1: b", "1: c"}},
		{"\\N is a value", "a \\N; b", []string{"1: a \\N", "1: b"}},
		{"client words within a statement", "CREATE TABLE\nstatus (source INT)", []string{"1: CREATE TABLE\nstatus (source INT)"}},
		{"bytes beyond ASCII", "a 'ä;\xff'; ü", []string{"1: a 'ä;\xff'", "1: ü"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Split("f.sql", []byte(c.src))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range list {
				got = append(got, fmt.Sprintf("%d: %s", s.Line, s.SQL))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestSplitWithoutBackslashEscapes(t *testing.T) {
	const src = `a 'x\'; b "y\"; c`
	list, err := SplitMode("ANSI,NO_BACKSLASH_ESCAPES", "f.sql", []byte(src))
	if err != nil || len(list) != 3 {
		t.Errorf("%q, %v; want three statements", list, err)
	}
	if _, err := Split("f.sql", []byte(src)); err == nil {
		t.Error("no error from a mode in which the first string never ends")
	}
}

func TestSplitRefusesByName(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a;\nsource b.sql", "f.sql:2: SOURCE is a command of the mysql client"},
		{"a;\n\\. b.sql\n", `f.sql:2: \. is a command of the mysql client, not SQL, and a load cannot follow it; list the other script`},
		{"USE REG_DB;", "f.sql:1: USE is a command of the mysql client, not SQL, and a load cannot follow it; the schema is chosen by the inventory"},
		{"\n\nsystem rm x", "f.sql:3: SYSTEM is a command"},
		{"quit", "f.sql:1: QUIT is a command"},
		{"a \\c b", `f.sql:1: \c is a command`},
		{"a \\\xff b", `f.sql:1: \? is a command`},
		{"a\n\\", `f.sql:2: a lone \ at the end`},
		{"a;\nb 'c\n\n;", "f.sql:2: the string opened here is never closed"},
		{"a;\n `b", "f.sql:2: the quoted name opened here is never closed"},
		{"/* a", "f.sql:1: the comment opened here is never closed"},
		{"a /* b", "f.sql:1: the comment opened here is never closed"},
		{"a\n/*! b", "f.sql:2: the /*! opened here is never closed"},
		{"/*! a; b */", `f.sql:1: ";" within a /*! */ comment`},
		{"a; DELIMITER //", "f.sql:1: DELIMITER works only at the start of a line"},
		{"DELIMITER\na", "f.sql:1: DELIMITER without a delimiter"},
		{"DELIMITER '", "f.sql:1: DELIMITER ': a delimiter cannot hold"},
		{"a;\nb\x00", "f.sql:2: a NUL byte"},
	} {
		list, err := Split("f.sql", []byte(c.src))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %q, error %v, want %q", c.src, list, err, c.want)
		}
	}
}

func TestTables(t *testing.T) {
	list, err := Split("f.sql", []byte("CREATE TABLE IF NOT EXISTS a (x INT); create table `b``c`(y INT); /*!40101 CREATE TABLE c (z INT) */; CREATE TABLE a (x INT);"+
		"INSERT INTO d VALUES (1); -- e\nCREATE /* f */ TABLE /*! IF NOT EXISTS */ g (x INT); DROP TABLE c; CREATE VIEW v AS SELECT 1; CREATE INDEX i ON a (x)"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Tables(list), []string{"a", "b`c", "g"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := len(Tables(script(t, allScripts...))), 16; got != want {
		t.Errorf("%d tables, want %d", got, want)
	}
}

func TestWhatALoadMaySend(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want string // "effect object name", or a part of the error
	}{
		{"CREATE TABLE a (x INT)", "0 TABLE a"},
		{"CREATE UNIQUE INDEX i USING HASH ON `a` (x)", "1 TABLE a"},
		{"DROP INDEX i ON a", "1 TABLE a"},
		{"ALTER IGNORE TABLE a ADD b INT", "1 TABLE a"},
		{"DROP TABLE IF EXISTS a", "1 TABLE a"},
		{"ALTER TABLE a RENAME INDEX i TO j, RENAME COLUMN c TO d", "1 TABLE a"},
		{"TRUNCATE a", "1 TABLE a"},
		{"INSERT LOW_PRIORITY IGNORE INTO a VALUES (1)", "2 TABLE a"},
		{"REPLACE a VALUES (1)", "2 TABLE a"},
		{"UPDATE a SET x = 1", "2 TABLE a"},
		{"DELETE FROM a", "2 TABLE a"},
		{"CREATE ALGORITHM=MERGE DEFINER=`r`@`h` SQL SECURITY DEFINER VIEW v AS SELECT 1", "3 VIEW v"},
		{"CREATE OR REPLACE DEFINER = CURRENT_USER() TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1", "3 TRIGGER t"},
		{"/*!50003 CREATE PROCEDURE p() BEGIN END */", "3 PROCEDURE p"},
		{"SET FOREIGN_KEY_CHECKS = 0", "4  "},
		{"SET @password = 'x'", "4  "},
		{"START TRANSACTION", "5  "},
		{"COMMIT", "5  "},
		{"CREATE TABLE other.a (x INT)", "other.a names a schema"},
		{"INSERT INTO `other` . `a` VALUES (1)", "other.a names a schema"},
		{"CREATE TEMPORARY TABLE a (x INT)", "CREATE TEMPORARY TABLE is not something a load may do"},
		{"CREATE DATABASE a", "CREATE DATABASE is not something"},
		{"DROP DATABASE a", "DROP DATABASE is not something"},
		{"CREATE USER a", "CREATE USER is not something"},
		{"GRANT ALL ON a.* TO b", "GRANT is not something"},
		{"LOCK TABLES a WRITE", "LOCK is not something"},
		{"ROLLBACK", "ROLLBACK is not something"},
		{"START SLAVE", "START SLAVE is not something"},
		{"SET GLOBAL x = 1", "SET GLOBAL is not something"},
		{"SET @@global.x = 1", "SET @@GLOBAL is not something"},
		{"SET autocommit = 0", "SET AUTOCOMMIT is not something"},
		{"SET PASSWORD = 'x'", "SET PASSWORD is not something"},
		{"RENAME TABLE a TO b", "RENAME is not something"},
		{"ALTER TABLE a ADD b INT, RENAME TO c", "renaming a table is not something"},
		{"SELECT 1", "SELECT is not something"},
		{"(((", "this is not something"},
		{"CREATE TABLE", "no name"},
		{"CREATE TABLE 'a' (x INT)", "no name"},
		{"CREATE INDEX i", "no ON and table"},
		{"ALTER", "ALTER  is not something"},
	} {
		list, err := classify([]Statement{{SQL: c.sql, File: "f.sql", Line: 7}})
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%d %s %s", list[0].effect, list[0].object, list[0].name)
		} else if !strings.HasPrefix(got, "f.sql:7: ") {
			t.Errorf("%s: error %q, want file and line first", c.sql, got)
		}
		if err == nil && got != c.want || !strings.Contains(got, strings.TrimSpace(strings.ReplaceAll(c.want, "  is", " is"))) {
			t.Errorf("%s: got %q, want %q", c.sql, got, c.want)
		}
	}
}

// Whatever comes in: no panic, every statement is found in the source at its
// line, none is empty, and splitting what was split gives the same again.
func FuzzSplit(f *testing.F) {
	for _, name := range allScripts {
		var all strings.Builder
		for _, s := range script(f, name) {
			all.WriteString(s.SQL + ";\n")
		}
		f.Add(all.String())
	}
	f.Add("DELIMITER //\na;b//\n-- c\n/*!50003 d /* e */ */ // f '\\'' \"\"\"\" `\\`")
	f.Fuzz(func(t *testing.T, src string) {
		list, err := Split("f", []byte(src))
		if err != nil {
			return
		}
		lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(src, "\xef\xbb\xbf"), "\r\n", "\n"), "\n")
		for _, s := range list {
			first, _, _ := strings.Cut(s.SQL, "\n")
			if s.SQL == "" || s.Line < 1 || s.Line > len(lines) || !strings.Contains(lines[s.Line-1], first) {
				t.Fatalf("statement %q is not at line %d", s.SQL, s.Line)
			}
			w, _ := understand(s)
			_ = w.apply(nil)
			_ = s.start()
			again, err := Split("f", []byte("DELIMITER \x01\n"+s.SQL+"\n\x01"))
			if err == nil && !strings.Contains(s.SQL, "\x01") && (len(again) != 1 || again[0].SQL != s.SQL) {
				t.Fatalf("%q split again is %q", s.SQL, again)
			}
		}
	})
}
