package dbinit

import (
	"slices"
	"strings"
	"testing"
)

var allScripts = []string{"identity.sql", "app.sql", "registry.sql", "storage.sql"}

func TestAFreshLoadIsCompleteAndASecondHasNothingToDo(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, allScripts...)

		v, err := load(t.Context(), t, db, schema, o, list)
		if err != nil {
			t.Fatal(err)
		}
		if v.State != Absent || v.Want != 16 || v.Statements != len(list) {
			t.Errorf("before: %+v, want absent, 16 tables, %d statements", v, len(list))
		}
		now := look(t, db, schema, o)
		if v := Judge(now, list); v.State != Complete || v.Have != 16 {
			t.Errorf("after: %+v, want complete with 16 tables; tables %q", v, now.Tables)
		}
		if now.Charset != "latin1" || now.Ledger == nil || !now.Ledger.Finished || now.Ledger.Next != len(list) {
			t.Errorf("after: %+v, ledger %+v", now, now.Ledger)
		}
		before := dump(t, db, schema)
		mustLoad(t, db, schema, o, list)
		if after := dump(t, db, schema); after != before {
			t.Errorf("the second load changed the schema:\n%s\nwas\n%s", after, before)
		}
		if !strings.Contains(before, `{\"restricted\":\"true\", \"path\":\"C:\\;\", \"note\":\"it's\"}`) {
			t.Errorf("the JSON row is not as the script has it:\n%s", before)
		}
	})
}

// The order of the scripts decides which of two definitions a shared table gets.
func TestIdentityFirstGivesTheSharedTableAllItsColumns(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		mustLoad(t, db, schema, o, script(t, "identity.sql", "app.sql"))
		cols := column(t, db, 0, "SHOW COLUMNS FROM "+ident(schema)+".CONSUMER_APPS")
		if !slices.Contains(cols, "PKCE_MANDATORY") {
			t.Errorf("columns %q, want PKCE_MANDATORY among them", cols)
		}
	})
}
