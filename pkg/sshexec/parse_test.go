package sshexec

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answer runs the script of a batch by a local sh, and yields what it says.
func answer(t testing.TB, reads []Read) (mark string, body []byte) {
	t.Helper()
	c := &Conn{cfg: Config{}.withDefaults()}
	j := c.gatherJob(reads)
	cmd := exec.Command("/bin/sh", "-c", j.start()+j.inner())
	stdin, err := cmd.StdinPipe() // stays open: its end would end the script
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	body, err = c.between(j, out, outcome{})
	if err != nil {
		t.Fatal(err)
	}
	return j.mark, body
}

func fuzzReads(dir string) []Read {
	return []Read{
		{Kind: "file", Name: dir + "/a"},
		{Kind: "hash", Name: dir + "/*"},
		{Kind: "stat", Name: dir + "/gone", As: dir},
		{Kind: "run", Name: "echo hello", As: dir},
		{Kind: "text", Name: "echo hello", As: dir},
		{Kind: "file", Name: dir + "/gone/x", As: dir + "/gone"},
	}
}

// Whatever a host answers, the parser ends, and what it accepts is consistent.
func FuzzParseGather(f *testing.F) {
	dir := f.TempDir()
	write(f, dir+"/a", "some\ntext", 0o644)
	write(f, dir+"/b\\\n", "odd name", 0o644)
	reads := fuzzReads(dir)
	mark, body := answer(f, reads)
	f.Add(body)
	f.Add([]byte(mark + " m 0 a\n" + mark + " m 2 x\n" + mark + " m 5 t\n"))
	f.Add([]byte(mark + " g 0 99999999999 1 1 x\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		found, _, err := parseGather(mark, reads, body)
		if err != nil {
			return
		}
		if len(found) != len(reads) {
			t.Fatalf("got %d answers to %d reads", len(found), len(reads))
		}
		for i, some := range found {
			for _, one := range some {
				if one.Data != nil && reads[i].Kind == "file" && sum(one.Data) != one.SHA256 {
					t.Errorf("read %d: bytes and hash differ", i)
				}
				if !runs(reads[i]) && !strings.HasPrefix(one.Path, filepath.Dir(reads[i].Name)) {
					t.Errorf("read %d: %q was not asked for", i, one.Path)
				}
			}
		}
	})
}

// Every answer that ends early, or of which a byte was changed, is refused, or
// says the same as the whole one.
func TestDamagedAnswers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a", "some\ntext", 0o644)
	reads := fuzzReads(dir)
	mark, body := answer(t, reads)
	whole, steady, err := parseGather(mark, reads, body)
	if err != nil || !steady {
		t.Fatalf("got steady %v, %v", steady, err)
	}
	want := fmt.Sprintf("%+v", whole)
	for n := range len(body) {
		if found, _, err := parseGather(mark, reads, body[:n]); err == nil {
			t.Errorf("cut at %d of %d: got %+v", n, len(body), found)
		}
		bad := append([]byte{}, body...)
		bad[n] ^= 1
		if found, steady, err := parseGather(mark, reads, bad); err == nil && steady && fmt.Sprintf("%+v", found) != want {
			t.Errorf("byte %d changed: got %+v, want an error or %s", n, found, want)
		}
	}
	if _, _, err := parseGather(mark, reads, append(body, body...)); err == nil {
		t.Error("an answer that comes twice is accepted")
	}
}

func FuzzParseReplace(f *testing.F) {
	mark := "appm-x"
	replaces := []Replace{{Path: "/a"}, {Path: "/b"}, {Path: "/c", As: "/d"}}
	f.Add([]byte(mark + " w 0 0 0\n\n" + mark + " w 1 20 3\nabc\n" + mark + " m 2 x\n"))
	f.Add([]byte(mark + " w 0 21 0\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		wrote, err := parseReplace(mark, replaces, body)
		if err != nil {
			return
		}
		failed := false
		for i, w := range wrote {
			if w.Path != replaces[i].Path || failed && (w.Done || w.Err != "") || w.Done && w.Err != "" {
				t.Errorf("got %+v", wrote)
			}
			failed = failed || !w.Done
		}
	})
}

func TestDamagedReplaceAnswers(t *testing.T) {
	replaces := []Replace{{Path: "/a"}, {Path: "/b"}}
	for _, body := range []string{
		"", "m w 0 0 0\n\n", "m w 1 0 0\n\n", "m w 0 0 0\n\nm w 0 0 0\n\n", "m w 0 22 3\nwhy\nm w 1 0 0\n\n",
		"m w 0 0 9\n\n", "x w 0 0 0\n\n", "m w 0 zero 0\n\n", "m w 0 -1 0\n\n", "noise\nm w 0 22 0\n\n", "m w 0 0 0\n\nm w 1 0 0\n\nm w 2 0 0\n\n",
	} {
		if wrote, err := parseReplace("m", replaces, []byte(body)); err == nil {
			t.Errorf("%q: got %+v, want an error", body, wrote)
		}
	}
}

// However the output of a script is cut into pieces, the lines are the same.
func FuzzStream(f *testing.F) {
	f.Add("a\n\nb\n\nM x 3\n", 3)
	f.Add("\n\nM m 0 a\n", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 || len(text) > 10_000 {
			return
		}
		all := streamOf(text, len(text)+1)
		if pieces := streamOf(text, size); pieces != all {
			t.Errorf("got %q in pieces of %d, want %q", pieces, size, all)
		}
	})
}

func streamOf(text string, size int) string {
	var lines []string
	s := &stream{mark: "M", line: func(l string) { lines = append(lines, l) }}
	for len(text) > 0 {
		n := min(size, len(text))
		if done, _ := s.take([]byte(text[:n])); done {
			break
		}
		text = text[n:]
	}
	return fmt.Sprintf("%q %d %d %s", lines, s.at, s.exit, s.why)
}

func TestStream(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\nb\n\nM x 3\n":                   `["a" "" "b"] 1 3 `,
		"no end\nM x 0\n":                     `["no end"] 1 0 `,
		"\nM x 0\n":                           `[] 1 0 `,
		"\n\n\nM x 0\n":                       `["" ""] 1 0 `,
		"M x 0 is not alone\nMx\nM x 1\nlate": `["Mx"] 1 1 `,
		"M m 0 a\n":                           `[] 2 0 a`,
		strings.Repeat("x", maxLine+1) + "\nM x 0\n": fmt.Sprintf(`[%q "x"] 1 0 `, strings.Repeat("x", maxLine)),
	} {
		if got := streamOf(text, 1<<20); got != want {
			t.Errorf("%.100q: got %.100s, want %.100s", text, got, want)
		}
	}
}

// Quoting is tested by asking a real sh.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{"", "'", "a b", "\\", "$(id)", "`id`", "\n", "!!", "-n", "é", "\xff\x01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if hasNUL(text) != nil {
			return
		}
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+quote(text)+" "+quotePattern(strings.NewReplacer("*", "", "?", "").Replace("/none/"+text))).Output()
		if want := text + strings.NewReplacer("*", "", "?", "").Replace("/none/"+text); err != nil || string(out) != want {
			t.Errorf("got %q %v, want %q", out, err, want)
		}
	})
}

func TestMoment(t *testing.T) {
	at := time.Date(2022, 11, 22, 16, 57, 0, 123456789, time.UTC)
	whole := at.Truncate(time.Second)
	seconds := fmt.Sprint(at.Unix())
	for finer, want := range map[string]time.Time{
		"2022-11-22 16:57:00.123456789 +0000": at,
		"2022-11-22 16:57:00.000000000 +0000": whole,
		"2022-11-22 16:57:00 +0000":           whole,
		seconds + ".123456789":                at,
		"nonsense":                            whole,
		"2021-11-22 16:57:00.5 +0000":         whole,
		"":                                    whole,
	} {
		if got := moment([]byte(seconds), []byte(finer)); !got.Equal(want) {
			t.Errorf("%q: got %v, want %v", finer, got, want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	c := &Conn{cfg: Config{Host: "h"}.withDefaults()}
	for _, r := range []Read{
		{Kind: "file", Name: "relative"}, {Kind: "file", Name: "/a/../b"}, {Kind: "file", Name: "/a\x00b"}, {Kind: "file", Name: ""},
		{Kind: "file", Name: "/a/"}, {Kind: "hash", Name: "/a*/b"}, {Kind: "nothing", Name: "/a"}, {Kind: "run", Name: "a\x00"},
		{Kind: "run", Name: "a", Args: []string{"\x00"}}, {Kind: "stat", Name: "/a", As: "home"},
	} {
		if _, err := c.Gather(t.Context(), []Read{r}); !IsKind(err, Request) {
			t.Errorf("%+v: got %v, want a refused request", r, err)
		}
	}
	ok := sums("")
	for _, r := range []Replace{
		{Path: "a", SHA256: ok}, {Path: "/", SHA256: ok}, {Path: "/a"}, {Path: "/a", SHA256: "x"}, {Path: "/a", SHA256: sums("x")},
		{Path: "/a", SHA256: ok, Before: "x"}, {Path: "/a", SHA256: ok, Mode: 0o100644}, {Path: "/a", SHA256: ok, Owner: "a:b"},
		{Path: "/a", SHA256: ok, Group: "-R"}, {Path: "/a", SHA256: ok, From: "x"}, {Path: "/a", SHA256: ok, As: "x"},
	} {
		if _, err := c.Replace(t.Context(), []Replace{r}); !IsKind(err, Request) {
			t.Errorf("%+v: got %v, want a refused request", r, err)
		}
	}
	if _, _, err := c.Run(t.Context(), "", "a\x00", nil, nil, nil); !IsKind(err, Request) {
		t.Errorf("got %v, want a refused request", err)
	}
}
