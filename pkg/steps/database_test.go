package steps_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// database is a server in memory.
type database struct {
	server    dbinit.Server
	schemas   map[string]dbinit.Schema
	accounts  map[string]account // by host
	anonymous []string
}

type account struct {
	dbinit.Account
	changed time.Time // zero: never by us
}

func newDatabase() *database {
	return &database{server: mariaDB, schemas: map[string]dbinit.Schema{}, accounts: map[string]account{}}
}

var mariaDB = dbinit.Server{Version: "10.11.6-MariaDB", Flavor: dbinit.MariaDB, Numeric: dbinit.Version{10, 11, 6}}

// object is what converge makes of what dbinit reads.
func (w *world) object(r plan.Ref) plan.Object {
	switch r.Kind {
	case plan.KindMySQL:
		return &plan.MySQL{Version: w.db.server.Version, Flavor: string(w.db.server.Flavor), Anonymous: w.db.anonymous, Found: w.db.server}
	case plan.KindSchema:
		if s, is := w.db.schemas[r.Path]; is {
			return &plan.Schema{Charset: s.Charset, Tables: s.Tables, Found: s}
		}
		return nil
	}
	if len(w.db.accounts) == 0 {
		return nil
	}
	o := &plan.Account{}
	var found []dbinit.Account
	for _, host := range slices.Sorted(maps.Keys(w.db.accounts)) {
		a := w.db.accounts[host]
		if !a.changed.IsZero() {
			a.Changed = w.clock.Sub(a.changed)
		}
		found = append(found, a.Account)
		o.Entries = append(o.Entries, plan.Entry{Host: host, Changed: a.Changed})
	}
	o.Found = found
	return o
}

// make does what a change of the databases leads to.
func (d *database) make(c plan.Change, inv inventory.Inventory, now time.Time) error {
	switch after := c.After.(type) {
	case nil:
		delete(d.schemas, c.Ref.Path)
		return nil
	case *plan.Schema:
		s := d.schemas[c.Ref.Path]
		s.Name, s.Exists, s.Charset, s.Ledger = c.Ref.Path, true, after.Charset, nil
		for _, t := range after.Tables {
			if !slices.Contains(s.Tables, t) {
				s.Tables = append(s.Tables, t)
			}
		}
		d.schemas[c.Ref.Path] = s
		return nil
	case *plan.Account:
		names := inv.Database.Schemas
		for _, e := range after.Entries {
			if c.During == plan.StageRemove {
				delete(d.accounts, e.Host)
			} else if e.Changes {
				a := d.account(inv.Database.User, e.Host, password, names.AM, names.UM, names.REG, names.ES)
				a.changed = now
				d.accounts[e.Host] = a
			}
		}
		return nil
	}
	return fmt.Errorf("%s: %T cannot be made", c.Ref, c.After)
}

func (d *database) account(user, host, password string, all ...string) account {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	return account{Account: dbinit.Account{User: user, Host: host, Plugin: "mysql_native_password",
		Hash: "*" + strings.ToUpper(hex.EncodeToString(two[:])), HashReadable: true, All: all}}
}

func (d *database) print() string {
	return fmt.Sprintf("%+v %+v\n", d.schemas, d.accounts)
}
