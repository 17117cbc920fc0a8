package xmledit

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// rowForm is a row of the table of paths in docs/xmledit.md.
var rowForm = regexp.MustCompile("^\\| `([^`]+)` \\| (\\S+\\.xml) \\| lines? ([0-9, ]*[0-9])")

// TestDocsTableOfPaths tries the documented paths on the files they are about.
func TestDocsTableOfPaths(t *testing.T) {
	page, err := os.ReadFile("../../docs/xmledit.md")
	if err != nil {
		t.Fatal(err)
	}
	files, rows := stockFiles(t), 0
	for _, line := range strings.Split(string(page), "\n") {
		m := rowForm.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		rows++
		if _, err := parsePath(m[1]); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
		if files == nil {
			continue
		}
		d, err := Parse(files["repository/conf/"+m[2]])
		if err != nil {
			t.Errorf("%s: %v", m[2], err)
			continue
		}
		found, _ := d.Find(m[1])
		var got []string
		for _, n := range found {
			got = append(got, fmt.Sprint(n.Line()))
		}
		if strings.Join(got, ", ") != m[3] {
			t.Errorf("%s in %s: got lines %v, the page says %s", m[1], m[2], got, m[3])
		}
	}
	if rows != 10 {
		t.Errorf("got %d rows of the table, want 10", rows)
	}
}

// TestDocsMessages tries the documented messages.
func TestDocsMessages(t *testing.T) {
	page, err := os.ReadFile("../../docs/xmledit.md")
	if err != nil {
		t.Fatal(err)
	}
	files := stockFiles(t)
	if files == nil {
		return
	}
	for _, c := range [][2]string{
		{"carbon.xml", "Server/Hostname"}, {"registry.xml", "wso2registry/mount"}, {"carbon.xml", "Server//HostName"},
		{"user-mgt.xml", "UserManager/Realm/UserStoreManager/Property[@name='MaxUserNameListLength']"},
	} {
		_, _, err := Apply(files["repository/conf/"+c[0]], SetText(c[1], "x"))
		if err == nil || !strings.Contains(string(page), "\n    "+err.Error()+"\n") {
			t.Errorf("docs/xmledit.md lacks the message %v", err)
		}
	}
}
