package product_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
)

func files(t *testing.T, h product.Home) map[string]product.File {
	t.Helper()
	list, err := h.Files()
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]product.File{}
	for _, f := range list {
		byPath[f.Path] = f
	}
	return byPath
}

const conf = "repository/conf/"

// The traps that the fixtures are there for. A count of -1 means "at least
// one"; text that is gone makes every test that relies on it pointless.
func TestTheFixturesHoldTheirTraps(t *testing.T) {
	home := files(t, product.Home{})
	for _, c := range []struct {
		file, text string
		count      int
	}{
		{"app-manager.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n\n", 1},
		{"app-manager.xml", "<DataSourceName>jdbc/WSO2AM_DB</DataSourceName>", 1},
		{"app-manager.xml", "<!--DataSourceName>jdbc/WSO2AM_STATS_DB</DataSourceName-->", 1},
		{"app-manager.xml", "<UIActivityPublishDataSourceName>jdbc/WSO2AM_DB<", 1},
		{"app-manager.xml", "?hl=en&answer=", 1}, // bare, in a comment
		{"app-manager.xml", "\r", 0},
		{"app-manager.xml", "\t", 0},

		{"user-mgt.xml", "<?xml", 0},
		{"user-mgt.xml", "-->\n        \n<UserManager>", 1},
		{"user-mgt.xml", "</UserManager>\n\n<!--", 1},
		{"user-mgt.xml", "<!--UserStoreManager class", 4},
		{"user-mgt.xml", "</UserStoreManager-->", 4},
		{"user-mgt.xml", "<!--ISUserStoreManager class", 1},
		{"user-mgt.xml", "\n        <UserStoreManager class", 1},
		{"user-mgt.xml", `<Property name="dataSource">`, 1},
		{"user-mgt.xml", `<Property name="UserRolesCacheEnabled">false</Property>`, 1},
		{"user-mgt.xml", `{}\\|\\\\&lt;&gt;,\'\"]{3,30}$`, 2},
		{"user-mgt.xml", "\t", -1},

		{"registry.xml", "\r\n", -1},
		{"registry.xml", "    </remoteInstance-->", 3},
		{"registry.xml", `<!--mount path="/_system/config" overwrite="true|false|virtual">`, 1},
		{"registry.xml", "govregistry", 0},
		{"registry.xml", "<dbConfig>wso2registry</dbConfig>", 1},
		{"registry.xml", " \r\n", -1},
		{"registry.xml", "\t", -1},

		{"axis2/axis2.xml", "encoding=\"ISO-8859-1\"", 1},
		{"axis2/axis2.xml", "HazelcastClusteringAgent\"\n                enable=\"false\">", 1},
		{"axis2/axis2.xml", "enable=\"false\"", 2},
		{"axis2/axis2.xml", "localMemberHost & localMemberBindAddress", 1},
		{"axis2/axis2.xml", "<parameter name=\"domain\">", 2}, // one in a comment
		{"axis2/axis2.xml", "</parameter>-->", -1},            // an end of a comment without a beginning
		{"axis2/axis2.xml", "\t", -1},
		{"axis2/axis2.xml_NHTTP", "<clustering class", 1},
		{"axis2/axis2.xml_PT", "<clustering class", 1},
		{"axis2/tenant-axis2.xml", "<clustering class", 0},
		{"axis2/axis2_client.xml", "\u201c", 1},

		{"datasources/master-datasources.xml", "<?xml", 0},
		{"datasources/master-datasources.xml", "jdbc:h2:<!--", 1},
		{"datasources/master-datasources.xml", "\n\t<datasource>\n", 2},
		{"datasources/master-datasources.xml", "\n         <datasource>\n", 1},
		{"datasources/master-datasources.xml", "<password></password>", 1},
		{"datasources/master-datasources.xml", "<!--datasource>", 1},
		{"datasources/master-datasources.xml", "WSO2UM_DB", 0},
		{"datasources/master-datasources.xml", "WSO2REG_DB", 0},

		{"carbon.xml", `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">`, 1},
		{"carbon.xml", "<ServerURL>", 2}, // one in a comment
		{"carbon.xml", "<Version>1.2.0</Version>", 1},
		{"carbon.xml", "<!-- IndexPageURL>", 1},
		{"tomcat/catalina-server.xml", "<?xml version='1.0' encoding='utf-8'?>", 1},
		{"datasources.properties", "\r\n", -1},
	} {
		got := strings.Count(string(home[conf+c.file].Data), c.text)
		if c.count < 0 && got == 0 || c.count >= 0 && got != c.count {
			t.Errorf("%s: %q is there %d times, want %d", c.file, c.text, got, c.count)
		}
	}
}

func TestRegistryEndsEveryLineWithCRLF(t *testing.T) {
	data := files(t, product.Home{})[conf+"registry.xml"].Data
	if lf, crlf := bytes.Count(data, []byte("\n")), bytes.Count(data, []byte("\r\n")); lf != crlf || lf == 0 {
		t.Errorf("%d line ends, %d of them CRLF", lf, crlf)
	}
}

func TestEveryXMLFileIsWellFormedAndEndsWithALine(t *testing.T) {
	for path, f := range files(t, product.Home{}) {
		if !strings.HasPrefix(path, conf) || !strings.Contains(path, ".xml") {
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(f.Data))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
		}
		if !bytes.HasSuffix(f.Data, []byte("\n")) {
			t.Errorf("%s does not end with a line end", path)
		}
	}
}

func TestWriteMakesAHome(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a home") // the parent may hold blanks
	h := product.Home{Offset: 3, Standin: map[string]string{"stop_ms": "1", "start_ms": "2"}}
	if err := h.Write(dir); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		"bin/wso2server.sh":                        0o755,
		"bin/version.txt":                          0o644,
		conf + "app-manager.xml":                   0o755,
		conf + "user-mgt.xml":                      0o644,
		"dbscripts/appmgt/mysql.sql":               0o644,
		"repository/components/lib":                fs.ModeDir | 0o755,
		"repository/components/dropins":            fs.ModeDir | 0o755,
		"repository/logs":                          fs.ModeDir | 0o755,
		"tmp":                                      fs.ModeDir | 0o755,
		"dbscripts/storage/mysql/resource.sql":     0o644,
		"dbscripts/social/mysql/resource.sql":      0o644,
		"dbscripts/identity/mysql-5.7+.sql":        0o644,
		conf + "identity/sso-idp-config.xml":       0o644,
		conf + "standin.properties":                0o644,
		"repository/deployment/server/jaggeryapps": fs.ModeDir | 0o755,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if got := read(t, dir, conf+"carbon.xml"); !strings.Contains(got, "\n        <Offset>3</Offset>\n") {
		t.Error("the offset is not in carbon.xml")
	}
	if got := read(t, dir, conf+"standin.properties"); got != "start_ms=2\nstop_ms=1\n" {
		t.Errorf("standin.properties: got %q", got)
	}
}

func read(t *testing.T, dir, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestStockFilesReplaceOurs(t *testing.T) {
	stock := t.TempDir()
	for path, text := range map[string]string{
		conf + "registry.xml":   "<stock/>",
		conf + "new.xml":        "<new/>",
		conf + "carbon.xml":     "<a><Offset>0</Offset></a>",
		"dbscripts/another.sql": "SELECT 1;",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(stock, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(stock, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours, got := files(t, product.Home{}), files(t, product.Home{Stock: stock, Offset: 2})
	for path, want := range map[string]string{
		conf + "registry.xml":   "<stock/>",
		conf + "new.xml":        "<new/>",
		conf + "carbon.xml":     "<a><Offset>2</Offset></a>",
		"dbscripts/another.sql": "SELECT 1;",
		conf + "user-mgt.xml":   string(ours[conf+"user-mgt.xml"].Data),
	} {
		if string(got[path].Data) != want || got[path].Mode != 0o644 {
			t.Errorf("%s: got %q, %v", path, got[path].Data, got[path].Mode)
		}
	}
}

func TestAnOffsetThatCannotBeSetIsAnError(t *testing.T) {
	stock := t.TempDir()
	if err := os.MkdirAll(filepath.Join(stock, conf), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stock, conf, "carbon.xml"), []byte("<a/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := product.Home{Stock: stock, Offset: 1}.Files()
	if err == nil || !strings.Contains(err.Error(), "carbon.xml: <Offset>0</Offset> is not there exactly once") {
		t.Errorf("got %v", err)
	}
}

func TestAStockFolderThatIsNotThereIsAnError(t *testing.T) {
	if _, err := (product.Home{Stock: "/nowhere/at/all"}).Files(); err == nil {
		t.Error("no error")
	}
}

// The release's own files have to be what the fixtures say they are like:
// whatever both have, they have in the same form.
func TestTheFixturesHaveTheShapeOfTheStockFiles(t *testing.T) {
	stock := os.Getenv("APPM_STOCK_CONF")
	if stock == "" {
		t.Skip("NOT COMPARED: APPM_STOCK_CONF names no folder with the release's files")
	}
	ours := files(t, product.Home{})
	theirs := map[string]product.File{}
	for path, f := range files(t, product.Home{Stock: stock}) {
		if !bytes.Equal(f.Data, ours[path].Data) {
			theirs[path] = f
		}
	}
	for _, path := range slices.Sorted(maps.Keys(theirs)) {
		mine, there := ours[path]
		if !there {
			continue // more of it than we need
		}
		if got, want := shape(mine.Data), shape(theirs[path].Data); got != want {
			t.Errorf("%s: got %+v, the release has %+v", path, got, want)
		}
	}
}

type form struct {
	crlf, tabs, declared, latin1, endsInComment bool
}

func shape(data []byte) form {
	text := string(data)
	head, _, _ := strings.Cut(text, "\n")
	return form{
		crlf:          strings.Contains(text, "\r\n"),
		tabs:          strings.Contains(text, "\t"),
		declared:      strings.HasPrefix(text, "<?xml"),
		latin1:        strings.Contains(head, "ISO-8859-1"),
		endsInComment: strings.HasSuffix(strings.TrimSpace(text), "-->"),
	}
}
