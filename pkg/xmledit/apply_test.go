package xmledit

import (
	"strings"
	"testing"
)

const registry = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<reg>\r\n\r\n    <!-- about db -->\r\n\r\n    <dbConfig name=\"local\">\r\n        <dataSource>jdbc/Local</dataSource>\r\n    </dbConfig>\r\n\r\n    <!-- handler -->\r\n\r\n    <handler class=\"x\"/>\r\n\r\n    <!--mount path=\"/a\">\r\n        <id>i</id>\r\n    </mount-->\r\n</reg>\r\n"

func TestMountsAreAddedBesideTheLocalDatabase(t *testing.T) {
	edits := []Edit{
		Upsert("reg", Element{Name: "dbConfig", Key: "@name", Attrs: []Attribute{{"name", "gov"}},
			Children: []Element{{Name: "dataSource", Text: "jdbc/Gov"}}}, After("dbConfig[@name='local']")),
		Upsert("reg", Element{Name: "remoteInstance", Key: "id", Attrs: []Attribute{{"url", "https://a/?a=1&b=2"}},
			Children: []Element{{Name: "id", Text: "gov"}, {Name: "readOnly", Text: "false"}}}, After("dbConfig")),
		Upsert("reg", Element{Name: "mount", Key: "@path", Attrs: []Attribute{{"path", "/a"}},
			Children: []Element{{Name: "instanceId", Text: "gov"}}}, After("remoteInstance")),
	}
	out, splices, err := Apply([]byte(registry), edits...)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(registry, "    </dbConfig>\r\n", strings.ReplaceAll(`    </dbConfig>

    <dbConfig name="gov">
        <dataSource>jdbc/Gov</dataSource>
    </dbConfig>

    <remoteInstance url="https://a/?a=1&amp;b=2">
        <id>gov</id>
        <readOnly>false</readOnly>
    </remoteInstance>

    <mount path="/a">
        <instanceId>gov</instanceId>
    </mount>
`, "\n", "\r\n"), 1)
	if string(out) != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
	if len(splices) != 1 {
		t.Errorf("got %d splices, want 1", len(splices))
	}
	again, splices, err := Apply(out, edits...)
	if err != nil || len(splices) != 0 || string(again) != string(out) {
		t.Errorf("second time: got %d splices, error %v", len(splices), err)
	}
}
