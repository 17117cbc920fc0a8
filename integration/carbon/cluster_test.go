package carbon_test

import (
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTwoNodesMeet(t *testing.T) {
	a, b := publisher(t), publisher(t)
	own, other := axis2Port(a.offset), axis2Port(b.offset)
	a.edit(axis2, fmt.Sprintf("<port>%d<", own+1), fmt.Sprintf("<port>%d<", other))
	b.edit(axis2, fmt.Sprintf("<port>%d<", other+1), fmt.Sprintf("<port>%d<", own))

	first := a.start()
	first.await("Mgt Console URL")
	second := b.start()
	first.await(fmt.Sprintf("]: /127.0.0.1:%d", other))
	second.await(fmt.Sprintf("]: /127.0.0.1:%d", own))
	joined := regexp.MustCompile(`Member joined \[[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\]: /127\.0\.0\.1:\d+ \{`)
	for _, h := range []*home{a, b} {
		if got := len(joined.FindAllString(h.log(), -1)); got != 1 {
			t.Errorf("joined %d times, want once:\n%s", got, h.log())
		}
	}
	second.cmd.Process.Signal(syscall.SIGTERM)
	second.code()
	first.await("Member left [")
}

func TestOneSideThatKnowsTheOtherIsEnough(t *testing.T) {
	a, b := publisher(t), publisher(t)
	b.edit(axis2, fmt.Sprintf("<port>%d<", axis2Port(b.offset)+1), fmt.Sprintf("<port>%d<", axis2Port(a.offset)))
	first, second := a.start(), b.start()
	first.await("Member joined [")
	second.await("Member joined [")
}

func TestAnotherDomainStaysOutside(t *testing.T) {
	a, b := publisher(t), publisher(t)
	b.edit(axis2, fmt.Sprintf("<port>%d<", axis2Port(b.offset)+1), fmt.Sprintf("<port>%d<", axis2Port(a.offset)))
	b.edit(axis2, ">wso2.pub.store.domain<", ">wso2.pub.store.domain\n<") // not trimmed
	a.start()
	b.start().await(`its domain is "wso2.pub.store.domain", not "wso2.pub.store.domain\n"`)
	if strings.Contains(a.log()+b.log(), "Member joined") {
		t.Errorf("they joined:\n%s\n%s", a.log(), b.log())
	}
}

func TestABusyClusterPortMovesOnAndNobodyMeets(t *testing.T) {
	a, b := publisher(t), publisher(t)
	busy := axis2Port(a.offset)
	b.edit(axis2, fmt.Sprintf(`"localMemberPort">%d<`, axis2Port(b.offset)), fmt.Sprintf(`"localMemberPort">%d<`, busy))
	for _, h := range []*home{a, b} {
		h.edit(axis2, fmt.Sprintf("<port>%d<", axis2Port(h.offset)+1), fmt.Sprintf("<port>%d<", busy))
	}
	a.start().await("Mgt Console URL")
	second := b.start()
	second.await(fmt.Sprintf("Port %d is in use, listening on %d", busy, busy+1))
	second.await("Mgt Console URL")
	time.Sleep(300 * time.Millisecond)
	if strings.Contains(a.log()+b.log(), "Member joined") {
		t.Errorf("they joined:\n%s\n%s", a.log(), b.log())
	}
}

func TestCachesUnderDifferentURLsAreAnError(t *testing.T) {
	a, b := publisher(t), publisher(t)
	b.edit(axis2, fmt.Sprintf("<port>%d<", axis2Port(b.offset)+1), fmt.Sprintf("<port>%d<", axis2Port(a.offset)))
	b.edit(datasources, "/REG_DB?autoReconnect=true", "/REG_DB?autoReconnect=true&amp;useSSL=false")
	first, second := a.start(), b.start()
	for _, s := range []*server{first, second} {
		s.await("Registry caches are not invalidated between this node (appm@jdbc:mysql://carbondb.mysql-wso2.com:")
		s.await("Member joined")
	}
}

func TestLoopbackIsWarnedOfWhenOthersAreElsewhere(t *testing.T) {
	h := publisher(t)
	h.edit(axis2, "<hostName>127.0.0.1<", "<hostName>192.0.2.7<")
	h.start().await("localMemberHost is configured to use the loopback address")
}

func TestWhoStartsTogetherOnFreshUsersFails(t *testing.T) {
	var servers []*server
	for range 2 {
		h := publisher(t)
		h.first(datasources, "/UM_DB?", "/UM2_DB?")
		h.put("repository/conf/standin.properties", "start_ms=1500\nstop_ms=0\n")
		servers = append(servers, h.start())
	}
	for _, s := range servers {
		s.await("Starting WSO2 Carbon")
	}
	up, failed := 0, 0
	for deadline := time.Now().Add(2 * time.Minute); up+failed < 2 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		up, failed = 0, 0
		for _, s := range servers {
			up += strings.Count(s.h.log(), "Carbon started in")
			failed += strings.Count(s.h.log(), "the admin user cannot be added")
		}
	}
	if up != 1 || failed != 1 {
		t.Errorf("%d up and %d failed, want one of each", up, failed)
	}
	if got := count(t, "UM2_DB", "UM_USER_ROLE"); got != 1 {
		t.Errorf("the admin has %d roles, want 1", got)
	}
}

func count(t *testing.T, database, table string) int {
	t.Helper()
	var db *sql.DB
	db, err := dbServer.Open(database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
