package carbon_test

import (
	"bytes"
	"fmt"
	"html"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/product"
)

const (
	datasources = "repository/conf/datasources/master-datasources.xml"
	appManager  = "repository/conf/app-manager.xml"
	userMgt     = "repository/conf/user-mgt.xml"
	registryXML = "repository/conf/registry.xml"
	axis2       = "repository/conf/axis2/axis2.xml"
	carbonXML   = "repository/conf/carbon.xml"
	lib         = "repository/components/lib/"
	dropins     = "repository/components/dropins/"
	connector   = "mysql-connector-java-5.1.49-bin.jar"
)

// home is a home of a test, and the hosts file of its host.
type home struct {
	t      *testing.T
	dir    string
	offset int
	hosts  string
}

// fresh is a home out of the zip, quick to start, on ports of its own. With
// APPM_STOCK_CONF it has the release's own configuration files.
func fresh(t *testing.T) *home {
	t.Helper()
	h := &home{t: t, dir: filepath.Join(t.TempDir(), "appm"), offset: freeOffset(t)}
	p := product.Home{Stock: os.Getenv("APPM_STOCK_CONF"), Offset: h.offset, Standin: map[string]string{"start_ms": "0", "stop_ms": "0", "pid_ms": "0"}}
	if err := p.Write(h.dir); err != nil {
		t.Fatal(err)
	}
	h.hosts = filepath.Join(filepath.Dir(h.dir), "hosts")
	h.put("../hosts", "127.0.0.1 localhost\n10.0.0.1 carbondb\n127.0.0.1\tdb.other carbondb.mysql-wso2.com # the database\n")
	return h
}

// publisher is a home that is configured as the page says, by hand.
func publisher(t *testing.T) *home {
	t.Helper()
	db := database(t)
	h := fresh(t)
	h.put(lib+connector, string(product.Driver("5.1.49")))
	h.swap(datasources, "        <datasource>\n            <name>WSO2AM_DB</name>", "</datasource>", source("WSO2AM_DB", "jdbc/WSO2AM_DB", db.Port, "AM_DB"))
	h.swap(datasources, "\t<datasource>\n           <name>JAGH2</name>", "</datasource>",
		source("JAGH2", "jdbc/ES_Storage", db.Port, "ES_STORAGE_DB")+
			source("WSO2UM_DB", "jdbc/WSO2UM_DB", db.Port, "UM_DB")+
			source("WSO2REG_DB", "jdbc/WSO2REG_DB", db.Port, "REG_DB"))
	h.edit(userMgt, `<Property name="dataSource">jdbc/WSO2CarbonDB<`, `<Property name="dataSource">jdbc/WSO2UM_DB<`)
	h.edit(registryXML, "\r\n    </dbConfig>\r\n", "\r\n    </dbConfig>\r\n"+mounts)
	h.edit(axis2, "HazelcastClusteringAgent\"\n                enable=\"false\"", "HazelcastClusteringAgent\"\n                enable=\"true\"")
	h.edit(axis2, `<parameter name="membershipScheme">multicast<`, `<parameter name="membershipScheme">wka<`)
	h.edit(axis2, `<parameter name="domain">wso2.carbon.domain<`, `<parameter name="domain">wso2.pub.store.domain<`)
	h.member(axis2Port(h.offset), axis2Port(h.offset)+1)
	return h
}

const mounts = "    <dbConfig name=\"govregistry\">\r\n        <dataSource>jdbc/WSO2REG_DB</dataSource>\r\n    </dbConfig>\r\n" +
	"    <remoteInstance url=\"https://publisher.appm-wso2.com\">\r\n        <id>gov</id>\r\n        <cacheId>x</cacheId>\r\n        <dbConfig>govregistry</dbConfig>\r\n    </remoteInstance>\r\n" +
	governanceMount +
	"    <mount path=\"/_system/config\" overwrite=\"true\">\r\n        <instanceId>gov</instanceId>\r\n        <targetPath>/_system/config</targetPath>\r\n    </mount>\r\n"

const governanceMount = "    <mount path=\"/_system/governance\" overwrite=\"true\">\r\n        <instanceId>gov</instanceId>\r\n        <targetPath>/_system/governance</targetPath>\r\n    </mount>\r\n"

// source is a data source as the page has it.
func source(name, jndi string, port int, database string) string {
	return fmt.Sprintf(`        <datasource>
            <name>%s</name>
            <jndiConfig><name>%s</name></jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>jdbc:mysql://carbondb.mysql-wso2.com:%d/%s?autoReconnect=true</url>
                    <username>appm</username>
                    <password>%s</password>
                    <driverClassName>com.mysql.jdbc.Driver</driverClassName>
                    <testOnBorrow>true</testOnBorrow>
                    <validationQuery>SELECT 1</validationQuery>
                </configuration>
            </definition>
        </datasource>
`, name, jndi, port, database, html.EscapeString(appPassword))
}

// axis2Port is a cluster port that goes with an offset.
func axis2Port(offset int) int { return 4000 + offset }

// member sets the node's own cluster port and the other's.
func (h *home) member(own, other int) {
	h.t.Helper()
	h.edit(axis2, `<parameter name="localMemberPort">4000<`, fmt.Sprintf(`<parameter name="localMemberPort">%d<`, own))
	h.edit(axis2, "<hostName>127.0.0.1</hostName>\n                <port>4000<", fmt.Sprintf("<hostName>127.0.0.1</hostName>\n                <port>%d<", other))
}

func (h *home) read(file string) string {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.dir, file))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}

func (h *home) put(file, content string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, file), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) remove(file string) {
	h.t.Helper()
	if err := os.Remove(filepath.Join(h.dir, file)); err != nil {
		h.t.Fatal(err)
	}
}

// edit replaces what must be in the file exactly once.
func (h *home) edit(file, old, by string) {
	h.t.Helper()
	before := h.read(file)
	if n := strings.Count(before, old); n != 1 {
		h.t.Fatalf("%s: %q is there %d times, want once", file, old, n)
	}
	h.put(file, strings.Replace(before, old, by, 1))
}

// swap replaces what begins with from and ends with the next to.
func (h *home) swap(file, from, to, by string) {
	h.t.Helper()
	before := h.read(file)
	head, rest, found := strings.Cut(before, from)
	_, tail, closed := strings.Cut(rest, to)
	if !found || !closed {
		h.t.Fatalf("%s: no %q ... %q", file, from, to)
	}
	h.put(file, head+by+tail)
}

// server is a running stand-in.
type server struct {
	h    *home
	cmd  *exec.Cmd
	done chan struct{}
}

// start runs java on the home as the script would, in the foreground.
func (h *home) start(args ...string) *server {
	h.t.Helper()
	cmd := exec.Command(filepath.Join(javaHome, "bin", "java"),
		append([]string{"-Xms256m", "-Dcarbon.home=" + h.dir, "org.wso2.carbon.bootstrap.Bootstrap"}, args...)...)
	cmd.Env = []string{"CARBON_HOSTS_FILE=" + h.hosts, "CARBON_BIND=127.0.0.1"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	s := &server{h, cmd, make(chan struct{})}
	go func() { cmd.Wait(); close(s.done) }()
	h.t.Cleanup(func() {
		cmd.Process.Kill()
		<-s.done
		if stderr.Len() > 0 {
			h.t.Logf("stderr of the server: %s", &stderr)
		}
	})
	return s
}

func (h *home) log() string { return h.read("repository/logs/wso2carbon.log") }

// await waits until the log has the text, or the server is gone.
func (s *server) await(text string) {
	s.h.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		log, _ := os.ReadFile(filepath.Join(s.h.dir, "repository/logs/wso2carbon.log"))
		if bytes.Contains(log, []byte(text)) {
			return
		}
		select {
		case <-s.done:
			if log := s.h.log(); !strings.Contains(log, text) {
				s.h.t.Fatalf("the server ended without %q in its log:\n%s", text, log)
			}
			return
		case <-deadline:
			s.h.t.Fatalf("no %q in the log:\n%s", text, log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// code waits for the end and returns the exit code.
func (s *server) code() int {
	s.h.t.Helper()
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.h.t.Fatalf("the server does not end:\n%s", s.h.log())
	}
	return s.cmd.ProcessState.ExitCode()
}

// freeOffset is an offset at which all ports of a node are free, and the
// cluster port and the next.
func freeOffset(t *testing.T) int {
	t.Helper()
	for range 100 {
		offset := 1000 + 10*rand.IntN(4000)
		if allFree(9443+offset, 9763+offset, 8280+offset, 8243+offset, axis2Port(offset), axis2Port(offset)+1) {
			return offset
		}
	}
	t.Fatal("no free ports")
	return 0
}

func allFree(ports ...int) bool {
	for _, p := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}
