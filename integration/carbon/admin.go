package carbon

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
)

const jdbcStore = "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"

// tenant is the number of the tenant that is the server itself.
const tenant = -1234

// lookForAdmin looks whether the users' database has an admin, and if not
// leaves it to the end of the start to add one. Two servers that start at the
// same time on a fresh database both find none, and one of them fails: they
// have to be started one after the other.
func (s *server) lookForAdmin(ctx context.Context) error {
	u := s.conf.users
	ds, ok := s.conf.lookup(u.source)
	if !ok || s.pools[ds.name] == nil || !u.addAdmin {
		return nil // reported elsewhere, or embedded
	}
	db := s.pools[ds.name].db
	var n int
	err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM UM_USER WHERE UM_USER_NAME = ? AND UM_TENANT_ID = ?", u.admin, tenant).Scan(&n)
	if err != nil {
		return faultf(jdbcStore, "the admin user cannot be looked up: %v", err)
	}
	if n == 0 {
		s.admin = func() error { return addAdmin(ctx, db, u) }
	}
	return nil
}

func addAdmin(ctx context.Context, db *sql.DB, u users) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return faultf(jdbcStore, "the admin user cannot be added: %v", err)
	}
	defer tx.Rollback() // after a commit there is nothing left of it
	digest := sha256.Sum256([]byte(u.password))
	user, err := insert(ctx, tx, "INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_CHANGED_TIME, UM_TENANT_ID) VALUES (?, ?, NOW(), ?)",
		u.admin, base64.StdEncoding.EncodeToString(digest[:]), tenant)
	if err != nil {
		return err
	}
	role, err := insert(ctx, tx, "INSERT INTO UM_ROLE (UM_ROLE_NAME, UM_TENANT_ID) VALUES (?, ?)", u.role, tenant)
	if err != nil {
		return err
	}
	if _, err := insert(ctx, tx, "INSERT INTO UM_USER_ROLE (UM_ROLE_ID, UM_USER_ID, UM_TENANT_ID) VALUES (?, ?, ?)", role, user, tenant); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return faultf(jdbcStore, "the admin user cannot be added: %v", err)
	}
	return nil
}

func insert(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, faultf(jdbcStore, "the admin user cannot be added: %v", err)
	}
	return result.LastInsertId()
}
