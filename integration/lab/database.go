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
	l.Database.Name, l.Database.Address = "carbondb.mysql-wso2.com", "127.0.0.1"
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
	l.closers = append(l.closers, func() error { return l.db.Stop() })
	return l.launchDatabase(ctx, o)
}

func (l *Lab) launchDatabase(ctx context.Context, o mysqld.Options) error {
	o.Password = l.Database.Admin.Password
	l.serverOptions = o
	var err error
	if l.db, err = mysqld.Start(ctx, o); err != nil {
		return err
	}
	l.Database.Port = l.db.Port
	return l.state.add(remember(l.db.PID, "the database server"))
}

// RestartDatabase stops the server and starts it again on its data.
func (l *Lab) RestartDatabase(ctx context.Context) error {
	if err := l.db.Stop(); err != nil {
		return err
	}
	o := l.serverOptions
	o.Port = l.Database.Port
	if h := l.Host(l.Database.Host); h != nil {
		o.Enter = append([]string{"nsenter"}, h.enter()...) // it may have been off in between
	}
	return l.launchDatabase(ctx, o)
}

// databaseBase is the directory that a host has to see for the server to run
// in it; "" where the server is part of the machine's /usr.
func (l *Lab) databaseBase() string {
	inst, err := mysqld.Find(l.Options.Kind)
	if err != nil {
		return "" // Ensure found it; Start will say what has changed
	}
	return inst.Base
}

func (l *Lab) account(user, file string) (Account, error) {
	a := Account{User: user, Password: rand.Text(), PasswordFile: filepath.Join(l.Dir, "keys", file)}
	if err := os.MkdirAll(filepath.Dir(a.PasswordFile), 0o755); err != nil {
		return a, err
	}
	return a, os.WriteFile(a.PasswordFile, []byte(a.Password), 0o600)
}
