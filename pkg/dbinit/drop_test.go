package dbinit

import (
	"fmt"
	"testing"
)

func TestASchemaIsDroppedAsThePlanSawIt(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		mustLoad(t, db, schema, o, script(t, "storage.sql"))
		saw := look(t, db, schema, o)
		exec(t, db, "CREATE TABLE "+ident(schema)+".later (x INT)")
		wantError[*Gone](t, Drop(t.Context(), db, saw, o), "it has other tables than when the plan was made, and was left alone")
		if now := look(t, db, schema, o); !now.Exists || now.Ledger == nil {
			t.Errorf("a refusal changed something: %+v", now)
		}
		if err := Drop(t.Context(), db, look(t, db, schema, o), o); err != nil {
			t.Fatal(err)
		}
		if now := look(t, db, schema, o); now.Exists || now.Ledger != nil {
			t.Errorf("it is still there: %+v, ledger %+v", now, now.Ledger)
		}
		if err := Drop(t.Context(), db, saw, o); err != nil {
			t.Errorf("of what is gone: %v", err)
		}
		mustLoad(t, db, schema, o, script(t, "storage.sql"))
	})
}

func TestOnlyOurAccountsAreDropped(t *testing.T) {
	have := []Account{{User: "a'b", Host: "10.0.0.1"}, {User: "a'b", Host: "10.0.0.9"}}
	got := DropAccounts(have, "a'b", []string{"10.0.0.1", "10.0.0.2"})
	if want := "[DROP USER 'a''b'@'10.0.0.1']"; fmt.Sprint(got) != want || got[0].Account != "a'b@10.0.0.1" {
		t.Errorf("got %v, want %s", got, want)
	}
}
