package lab

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// startDatabase brings the server up and notes its process.
func (l *Lab) startDatabase(ctx context.Context, o mysqld.Options) error {
	l.Database = Database{Name: "carbondb.mysql-wso2.com", Address: "127.0.0.1"}
	if o.Address != "" {
		l.Database.Address = o.Address
	}
	var err error
	if l.Database.Admin, err = l.account("root", "admin-password"); err != nil {
		return err
	}
	if l.Database.App, err = l.account("appm", "app-password"); err != nil {
		return err
	}
	o.Password = l.Database.Admin.Password
	if l.db, err = mysqld.Start(ctx, o); err != nil {
		return err
	}
	l.Database.Port = l.db.Port
	l.closers = append(l.closers, l.db.Stop)
	return l.state.add(remember(l.db.PID, "the database server"))
}

func (l *Lab) account(user, file string) (Account, error) {
	a := Account{User: user, Password: rand.Text(), PasswordFile: filepath.Join(l.Dir, "keys", file)}
	if err := os.MkdirAll(filepath.Dir(a.PasswordFile), 0o755); err != nil {
		return a, err
	}
	return a, os.WriteFile(a.PasswordFile, []byte(a.Password), 0o600)
}
