package dbinit

import (
	"sync"
	"testing"
)

// Loads that all create the ledger do not get into each other's way: no server
// has to break a tie that Run would then mend.
func TestFirstLoadsSideBySideDoNotDeadlock(t *testing.T) {
	const rounds, loads = 6, 8
	list := script(t, "storage.sql")
	work, err := classify(list)
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		for range rounds {
			_, o := names(t, db)
			var wg sync.WaitGroup
			for range loads {
				schema, _ := names(t, db)
				l := planned(t, db, schema, o, list)
				wg.Go(func() {
					if err := l.runOnce(t.Context(), db, work, func(int, int) {}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
	})
}
