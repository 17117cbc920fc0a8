package plan_test

import (
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestWhatCountsAsADifference(t *testing.T) {
	meta := plan.Meta{Mode: 0o644, Owner: "appm", Group: "appm", Changed: time.Unix(1, 0)}
	for _, c := range []struct {
		what          string
		before, after plan.Object
		same          bool
	}{
		{"the same file", &plan.File{Meta: meta, Data: []byte("x")}, &plan.File{Meta: meta, Data: []byte("x")}, true},
		{"a later time", &plan.File{Meta: meta, Data: []byte("x")}, &plan.File{Meta: plan.Meta{Mode: 0o644, Owner: "appm", Group: "appm"}, Data: []byte("x")}, true},
		{"no opinion on mode and owner", &plan.File{Meta: meta, Data: []byte("x")}, &plan.File{Data: []byte("x")}, true},
		{"other bytes", &plan.File{Data: []byte("x")}, &plan.File{Data: []byte("x\n")}, false},
		{"another mode", &plan.File{Meta: meta}, &plan.File{Meta: plan.Meta{Mode: 0o600}}, false},
		{"another owner", &plan.File{Meta: meta}, &plan.File{Meta: plan.Meta{Owner: "root"}}, false},
		{"another group", &plan.File{Meta: meta}, &plan.File{Meta: plan.Meta{Group: "root"}}, false},
		{"another kind", &plan.Blob{}, &plan.File{}, false},
		{"the same jar", &plan.Blob{Size: 1, SHA256: "1"}, &plan.Blob{Size: 1, SHA256: "1"}, true},
		{"another jar", &plan.Blob{Size: 1, SHA256: "1"}, &plan.Blob{Size: 1, SHA256: "2"}, false},
		{"a running server", &plan.Server{Running: true, PID: 1}, &plan.Server{Running: true}, true},
		{"a server to renew", &plan.Server{Running: true}, &plan.Server{Running: true, Renew: true}, false},
		{"a server to start", &plan.Server{}, &plan.Server{Running: true}, false},
		{"a server to stop", &plan.Server{Running: true}, &plan.Server{}, false},
		{"a unit as it should be", &plan.Unit{Enabled: true, Stale: true}, &plan.Unit{Enabled: true}, true},
		{"a unit to be read anew", &plan.Unit{Enabled: true}, &plan.Unit{Enabled: true, Reload: true}, false},
		{"a unit to enable", &plan.Unit{}, &plan.Unit{Enabled: true}, false},
		{"a stopped server", &plan.Server{}, &plan.Server{}, true},
		{"a schema with nothing to load", &plan.Schema{Tables: []string{"a", "b"}}, &plan.Schema{Tables: []string{"a"}}, true},
		{"a schema to load", &plan.Schema{}, &plan.Schema{Load: true}, false},
		{"an account as it should be", &plan.Account{}, &plan.Account{}, true},
		{"an account to change", &plan.Account{}, &plan.Account{Grants: []plan.Statement{{}}}, false},
		{"what is absent and should be", nil, nil, true},
		{"what is absent and should not be", nil, &plan.File{}, false},
		{"what should be absent", &plan.File{}, nil, false},
	} {
		s := plan.NewState()
		ref := plan.Ref{Target: "h", Kind: plan.KindFile, Path: "/x"}
		s.Put(ref, c.before)
		p := build(t, s, step("one", "n", plan.Want{Ref: ref, After: c.after}))
		if p.Empty() != c.same {
			t.Errorf("%s: same is %v, want %v", c.what, p.Empty(), c.same)
		}
	}
}

func TestRefsAreNamedAsMessagesNameThem(t *testing.T) {
	for ref, want := range map[plan.Ref]string{
		{Target: "gw1", Kind: plan.KindFile, Path: "/etc/hosts"}:               "gw1: /etc/hosts",
		{Target: "gw1", Kind: plan.KindServer, Path: "/opt/a"}:                 "gw1: server of /opt/a",
		{Target: plan.Deployment, Kind: plan.KindSchema, Path: "AM_DB"}:        "database: schema AM_DB",
		{Target: plan.Deployment, Kind: plan.KindAccount, Path: "appm"}:        "database: account appm",
		{Target: plan.Deployment, Kind: plan.KindMySQL}:                        "database: server",
		{Target: "gw1", Kind: plan.KindListing, Path: "/lib/mysql-*.jar"}:      "gw1: /lib/mysql-*.jar",
		{Target: "gw1", Kind: plan.KindDir, Path: "/opt/a"}:                    "gw1: /opt/a",
		{Target: "gw1", Kind: plan.KindBlob, Path: "/opt/a/bin/wso2server.sh"}: "gw1: /opt/a/bin/wso2server.sh",
	} {
		if got := ref.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAStateGivesItsRefsSortedAndMerges(t *testing.T) {
	a, b := plan.NewState(), plan.NewState()
	a.Put(file("h2", "/a"), nil)
	a.Put(file("h1", "/b"), nil)
	b.Put(file("h1", "/a"), nil)
	a.Merge(b)
	refs := a.Refs()
	if len(refs) != 3 || refs[0] != file("h1", "/a") || refs[1] != file("h1", "/b") || refs[2] != file("h2", "/a") {
		t.Errorf("got %v", refs)
	}
	if o, err := a.Found(file("h1", "/a")); o != nil || err != nil {
		t.Errorf("got %v, %v, want absent", o, err)
	}
}
