package carbon_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/product"
)

func TestJavaSaysWhichItIs(t *testing.T) {
	out, err := exec.Command(filepath.Join(javaHome, "bin", "java"), "-version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), `version "1.8.0_292"`) {
		t.Errorf("java -version: %v, %s", err, out)
	}
}

func TestALaterJavaDiesOfTheScriptsArguments(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(javaHome)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "release"), []byte("JAVA_VERSION=\"11.0.2\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(dir, "bin", "java"), "-Djava.endorsed.dirs=/x", "-Dcarbon.home="+dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Could not create the Java Virtual Machine") {
		t.Errorf("got %v, %s", err, out)
	}
}

func TestAFreshHomeComesUpOnItsOwnDatabases(t *testing.T) {
	h := fresh(t)
	s := h.start()
	s.await("Mgt Console URL  : https://localhost:")
	line := regexp.MustCompile(`(?m)^TID: \[-1234\] \[\] \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]  INFO \{org\.wso2\.[\w.]+StartupFinalizerServiceComponent\} -  WSO2 Carbon started in \d+ sec \{org\.wso2`)
	if !line.MatchString(h.log()) {
		t.Errorf("no line like %s in\n%s", line, h.log())
	}
	pid := h.read("wso2carbon.pid")
	if want := fmt.Sprintf("%d\n", s.cmd.Process.Pid); len(pid) != 100 || strings.TrimRight(pid, "\x00") != want {
		t.Errorf("pid file: got %q, want %q and NULs", pid, want)
	}
	for port, scheme := range map[int]string{9443: "https", 9763: "http", 8280: "http", 8243: "https"} {
		page(t, scheme, port+h.offset)
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	if got := s.code(); got != 143 {
		t.Errorf("exit code: got %d, want 143", got)
	}
	inOrder(t, h.log(), "WSO2 Carbon started in", "Mgt Console URL", "Shutdown hook triggered....", "Gracefully shutting down", "Shutdown complete", "Halting JVM")
	if h.read("wso2carbon.pid") != pid {
		t.Error("the pid file did not outlive its process")
	}
}

func page(t *testing.T, scheme string, port int) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // it signs for itself
	defer c.CloseIdleConnections()
	resp, err := c.Get(fmt.Sprintf("%s://127.0.0.1:%d/", scheme, port))
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "App Manager") {
		t.Errorf("port %d answers %q", port, body)
	}
}

func inOrder(t *testing.T, log string, texts ...string) {
	t.Helper()
	rest := log
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("no %q in its place in\n%s", text, log)
		}
		rest = after
	}
}

func TestAPropertyBeatsTheOffsetOfCarbonXML(t *testing.T) {
	h := fresh(t)
	other := freeOffset(t)
	h.start(fmt.Sprintf("-DportOffset=%d", other)).await(fmt.Sprintf("https://localhost:%d/carbon/", 9443+other))
	page(t, "https", 9443+other)
}

func TestATakenPortEndsTheStart(t *testing.T) {
	h := fresh(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 8243+h.offset))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := h.start()
	if got := s.code(); got != 1 {
		t.Errorf("exit code: got %d, want 1", got)
	}
	want(t, h, "java.net.BindException", fmt.Sprintf("port %d", 8243+h.offset))
}

// want checks that the log names the mistake and that the server did not say
// that it was up.
func want(t *testing.T, h *home, texts ...string) {
	t.Helper()
	log := h.log()
	for _, text := range texts {
		if !strings.Contains(log, text) {
			t.Errorf("no %q in\n%s", text, log)
		}
	}
	if !strings.Contains(log, "] ERROR {") || strings.Contains(log, "started in") || strings.Contains(log, "Mgt Console") {
		t.Errorf("want ERROR lines, and no server, in\n%s", log)
	}
	for _, secret := range []string{appPassword, "p&lt;w", "wrong-secret"} {
		if strings.Contains(log, secret) {
			t.Errorf("a password is in the log:\n%s", log)
		}
	}
}

func TestHowAStartCanGoWrongOnDemand(t *testing.T) {
	t.Run("exit", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=0\nfail=exit\n")
		if got := h.start().code(); got != 1 {
			t.Errorf("exit code: got %d, want 1", got)
		}
		want(t, h, "told to fail")
	})
	t.Run("hang", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=0\nstop_ms=0\nfail=hang\n")
		s := h.start()
		s.await("Waiting for required OSGi services: ")
		s.cmd.Process.Signal(syscall.SIGTERM)
		if got := s.code(); got != 143 {
			t.Errorf("exit code: got %d, want 143", got)
		}
	})
	t.Run("wait", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=0\nstop_ms=0\nfail=wait\n")
		s := h.start()
		s.await("Carbon Home") // the last that the log says before it waits
		if text := h.log(); strings.Contains(text, "WSO2 Carbon started in") {
			t.Errorf("it has not waited:\n%s", text)
		}
		h.put("repository/conf/standin.properties", "stop_ms=0\n")
		s.await("WSO2 Carbon started in")
	})
	t.Run("die", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=0\ndie_ms=50\n")
		s := h.start()
		s.await("WSO2 Carbon started in")
		if got := s.code(); got != 134 {
			t.Errorf("exit code: got %d, want 134", got)
		}
	})
	t.Run("slow", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=400\nstop_ms=400\n")
		began := time.Now()
		s := h.start()
		s.await("WSO2 Carbon started in")
		s.cmd.Process.Signal(syscall.SIGTERM)
		if s.code(); time.Since(began) < 800*time.Millisecond {
			t.Errorf("start and stop took %v, want 800ms and more", time.Since(began))
		}
	})
	t.Run("deaf", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=0\nstop_ms=0\nignore_term=true\n")
		s := h.start()
		s.await("WSO2 Carbon started in")
		s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.done:
			t.Fatal("it heard SIGTERM")
		case <-time.After(200 * time.Millisecond):
		}
		h.put("repository/conf/standin.properties", "stop_ms=0\n")
		s.cmd.Process.Signal(syscall.SIGTERM)
		if got := s.code(); got != 143 {
			t.Errorf("exit code: got %d, want 143", got)
		}
	})
	t.Run("stopped while it starts", func(t *testing.T) {
		h := fresh(t)
		h.put("repository/conf/standin.properties", "start_ms=5000\nstop_ms=100\n")
		s := h.start()
		s.await("Carbon Home")
		time.Sleep(100 * time.Millisecond)
		s.cmd.Process.Signal(syscall.SIGTERM)
		if got := s.code(); got != 143 || strings.Contains(h.log(), "started in") {
			t.Errorf("exit code %d, log:\n%s", got, h.log())
		}
	})
}

func TestYesterdaysLogIsPutAside(t *testing.T) {
	h := fresh(t)
	h.put("repository/logs/wso2carbon.log", "old\n")
	yesterday := time.Now().AddDate(0, 0, -1)
	path := filepath.Join(h.dir, "repository/logs/wso2carbon.log")
	if err := os.Chtimes(path, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	h.start().await("WSO2 Carbon started in")
	if strings.HasPrefix(h.log(), "old") {
		t.Error("the new log begins with the old one")
	}
	if got := h.read("repository/logs/wso2carbon.log." + yesterday.Format(time.DateOnly)); got != "old\n" {
		t.Errorf("the old log: got %q", got)
	}
}

func TestAConfiguredNodeComesUp(t *testing.T) {
	h := publisher(t)
	h.start().await("Mgt Console URL")
	for _, name := range []string{"WSO2AM_DB", "WSO2UM_DB", "WSO2REG_DB", "JAGH2"} {
		if !strings.Contains(h.log(), "Data source "+name+" is connected to carbondb.mysql-wso2.com:") {
			t.Errorf("%s was not opened:\n%s", name, h.log())
		}
	}
	if got := h.read(dropins + "mysql_connector_java_5.1.49_bin_1.0.0.jar"); got != string(product.Driver("5.1.49")) {
		t.Error("the bundle is not made of the jar")
	}
	inOrder(t, h.log(), "Clustering has been enabled", "Cluster domain: wso2.pub.store.domain", "Using wka based membership management scheme",
		"Added member: 127.0.0.1:", "Hazelcast initialized in", "Cluster initialization completed")
	if got := count(t, "UM_DB", "UM_USER"); got != 1 {
		t.Errorf("%d users, want the admin alone, however often a server starts", got)
	}
	if strings.Contains(h.log(), "loopback") {
		t.Error("warned of a loopback address although all members are on this machine")
	}
}

func TestALaterDriverWithItsOwnClass(t *testing.T) {
	h := publisher(t)
	h.remove(lib + connector)
	h.put(lib+product.DriverName("8.0.33"), string(product.Driver("8.0.33")))
	h.put(datasources, strings.ReplaceAll(h.read(datasources), "com.mysql.jdbc.Driver", product.DriverClass("8.0.33")))
	h.start().await("Mgt Console URL")
}

func TestASecondServerOnAHomeEnds(t *testing.T) {
	h := fresh(t)
	h.start().await("Mgt Console URL")
	second := h.start(fmt.Sprintf("-DportOffset=%d", freeOffset(t)))
	if got := second.code(); got != 1 || !strings.Contains(h.log(), "Database may be already in use") {
		t.Errorf("exit code %d, log:\n%s", got, h.log())
	}
}

func TestArgumentsThatAJavaOrThisReleaseRefuses(t *testing.T) {
	for arg, text := range map[string]string{"-DworkerNode=true": "worker profile not found", "-Dprofile=publisher": `profile "publisher" not found`} {
		h := fresh(t)
		if got := h.start(arg).code(); got != 1 {
			t.Errorf("%s: exit code %d, want 1", arg, got)
		}
		want(t, h, text)
	}
	out, err := exec.Command(filepath.Join(javaHome, "bin", "java"), "-Xmx1 024m", "-Dcarbon.home=/nowhere").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Invalid maximum heap size") {
		t.Errorf("got %v, %s", err, out)
	}
}

func TestThePagesOrderOfScriptsIsNoticed(t *testing.T) {
	db := database(t)
	if err := load("PAGE_DB", []string{"appmgt/mysql.sql", "identity/mysql.sql"}); err != nil {
		t.Fatal(err)
	}
	h := publisher(t)
	h.edit(datasources, fmt.Sprintf(":%d/AM_DB?", db.Port), fmt.Sprintf(":%d/PAGE_DB?", db.Port))
	h.start().await("PKCE is disabled")
	right := publisher(t)
	right.start().await("Mgt Console URL")
	if strings.Contains(right.log(), "PKCE") {
		t.Errorf("noticed where nothing is wrong:\n%s", right.log())
	}
}
