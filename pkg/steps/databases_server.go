package steps

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// feasible refuses what the server would not let be done, while nothing is half
// done yet: it takes no writes, or the admin lacks a privilege. A plan without
// changes asks for neither.
func (d Deployment) feasible(s *plan.State, wants []plan.Want, accounts []dbinit.Statement) ([]plan.Note, error) {
	ref := database(plan.KindMySQL, "")
	o, err := s.Get(ref)
	if err != nil {
		return nil, err
	}
	server := o.(*plan.MySQL).Found.(dbinit.Server)
	job := d.job(wants, accounts)
	idle := len(job.Load) == 0 && len(job.Account) == 0
	denied := func(text string) error { return &plan.Error{Cause: plan.Denied, Ref: ref, Text: text} }
	switch {
	case server.ReadOnly != "" && idle:
		return []plan.Note{{Target: plan.Deployment, Text: d.serverName() + " takes no writes (" + server.ReadOnly + " is on); nothing has to be written"}}, nil
	case server.ReadOnly != "":
		return nil, denied(d.serverName() + " takes no writes: " + server.ReadOnly + " is on; is it a replica? Name its primary under [database], or turn " + server.ReadOnly + " off there, and plan again")
	}
	if lacks := server.Lacks(job); len(lacks) > 0 {
		return nil, denied(fmt.Sprintf("%s lacks %s; grant it that, or name another admin under [database]", server.Admin, strings.Join(lacks, "; ")))
	}
	return nil, nil
}

// job is what an apply would do on the server.
func (d Deployment) job(wants []plan.Want, accounts []dbinit.Statement) dbinit.Job {
	job := dbinit.Job{Load: map[string][]dbinit.Statement{}, Account: accounts, Options: dbinit.Options{Ledger: d.Inventory.Database.Ledger}}
	for _, w := range wants {
		if after, is := w.After.(*plan.Schema); is && after.Load {
			list := make([]dbinit.Statement, len(after.Statements))
			for i, st := range after.Statements {
				list[i].SQL = st.SQL
			}
			job.Load[w.Ref.Path] = list
		}
	}
	return job
}

// serverName is where the tool itself finds the server.
func (d Deployment) serverName() string {
	db := d.Inventory.Database
	at := db.Socket
	if at == "" {
		at = db.AdminAddress + ", port " + strconv.Itoa(db.AdminPort)
	}
	if db.Via != "" {
		at += " as seen from " + db.Via
	}
	return "the database server (" + at + ")"
}

// toldByLogin is what a login said of a password that cannot be compared, and
// what follows from it.
func toldByLogin(a dbinit.Account) string {
	switch {
	case a.Expired:
		return ", and it has expired, so it is set"
	case a.Locked:
		return ", and the account is locked, so it is set"
	case a.Login.Answer == dbinit.LetIn:
		return "; a login from " + a.Login.From + " shows that it is right"
	case a.Login.Answer == dbinit.TurnedAway:
		return "; a login from " + a.Login.From + " was turned away, so it is set"
	case a.Login.Why != "" && a.Login.From != "":
		return ", and a login from " + a.Login.From + " did not tell (" + a.Login.Why + "), so it is left as it is"
	case a.Login.Why != "":
		return " nor tried (" + a.Login.Why + "), so it is left as it is"
	}
	return ", so it is left as it is"
}
