package dbinit

import (
	"context"
	"database/sql"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// wirePacket is one of the protocol's.
func wirePacket(sequence byte, body string) string {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	head[3] = sequence
	return string(head) + body
}

// greeting is that of a server that lets anybody in, and what it says then.
func greeting(flags uint16) string {
	body := "\x0a5.6.51\x00\x01\x00\x00\x00abcdefgh\x00" + string(binary.LittleEndian.AppendUint16(nil, flags)) +
		"\x21\x02\x00\x08\x00\x15" + strings.Repeat("\x00", 10) + "ijklmnopqrst\x00mysql_native_password\x00"
	return wirePacket(0, body)
}

const accepted = "\x00\x00\x00\x02\x00\x00\x00"

// liar is a database that says the greeting, the answer to the login, and then
// the same to whatever it is asked.
func liar(hello, login, then string) *sql.DB { return listener(io.Discard, hello, login, then) }

// listener is a liar who keeps what it hears.
func listener(heard io.Writer, hello, login, then string) *sql.DB {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = "u", "Password-77", "tcp", "liar"
	c.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			go io.Copy(heard, there) // whatever it is asked
			for _, said := range []string{hello, login, then, then} {
				if _, err := io.WriteString(there, said); err != nil {
					return
				}
			}
		}()
		return here, nil
	}
	Configure(c)
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil
	}
	return sql.OpenDB(Guard(connector, nil))
}

// ask puts questions of every kind to a liar: what comes of it is an error or
// an answer, and no panic.
func ask(t *testing.T, db *sql.DB) error {
	t.Helper()
	if db == nil {
		t.Fatal("no connector")
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := Inspect(ctx, db, Query{Schemas: []string{"A"}, User: "u"})
	_ = Prove(ctx, db, []string{"A"}, "SELECT 1")
	_, _ = Admins(ctx, db, "root")
	return err
}

func TestServersThatLie(t *testing.T) {
	hello := greeting(0xf7ff)
	for _, c := range []struct{ name, hello, login, then, want string }{
		{"a greeting cut after the version", wirePacket(0, "\x0a5.6\x00"), "", "", "makes no sense"},
		{"a greeting without a version", wirePacket(0, "\x0a5.6"), "", "", ""},
		{"an empty greeting", wirePacket(0, ""), "", "", ""},
		{"a login that ends in nothing", hello, wirePacket(2, ""), "", ""},
		{"an answer of nothing", hello, wirePacket(2, accepted), wirePacket(1, ""), ""},
		{"columns without names", hello, wirePacket(2, accepted), wirePacket(1, "\x02") + wirePacket(2, "") + wirePacket(3, "\x03"), ""},
		{"more columns than there are", hello, wirePacket(2, accepted), wirePacket(1, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), ""},
		{"an error without a number", hello, wirePacket(2, accepted), wirePacket(1, "\xff"), ""},
	} {
		err := ask(t, liar(c.hello, c.login, c.then))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestServersThatAsk: a server may ask a client for its password in plain text,
// or for a file. It gets neither.
func TestServersThatAsk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("Geheim-88"), 0o600); err != nil {
		t.Fatal(err)
	}
	hello := greeting(0xf7ff)
	for name, c := range map[string][2]string{
		"the password": {wirePacket(2, "\xfemysql_clear_password\x00"), wirePacket(4, accepted)},
		"a file":       {wirePacket(2, accepted), wirePacket(1, "\xfb"+file)},
	} {
		var heard written
		if err := ask(t, listener(&heard, hello, c[0], c[1])); err == nil {
			t.Errorf("a server that asks for %s is no error", name)
		}
		if text := heard.String(); strings.Contains(text, "Geheim-88") || strings.Contains(text, "Password-77") || !strings.Contains(text, "u\x00") {
			t.Errorf("a server that asks for %s hears %q", name, text)
		}
	}
}

// written may be written by one goroutine and read by another.
type written struct {
	mu sync.Mutex
	b  strings.Builder
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

func FuzzServersThatLie(f *testing.F) {
	hello := greeting(0xf7ff)
	f.Add(wirePacket(0, "\x0a5.6\x00"), "", "")
	f.Add(hello, wirePacket(2, accepted), wirePacket(1, "\x02")+wirePacket(2, "\x03def")+wirePacket(3, "\xfe"))
	f.Add(hello, wirePacket(2, "\xfemysql_clear_password\x00"), wirePacket(1, accepted))
	f.Add(hello, wirePacket(2, accepted), wirePacket(1, "\xff\x15\x04#28000no"))
	f.Fuzz(func(t *testing.T, hello, login, then string) {
		_ = ask(t, liar(hello, login, then)) // an error or an answer
	})
}

// TestServerWithoutEnd sends rows for ever.
func TestServerWithoutEnd(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	go func() {
		noise := make([]byte, 1<<20)
		for {
			if _, err := there.Write(noise); err != nil {
				return // nobody listens any more
			}
		}
	}()
	n, err := io.Copy(io.Discard, &bounded{here, 1 << 20})
	here.Close()
	if n != 1<<20 || err == nil || !strings.Contains(err.Error(), "which no run needs") {
		t.Errorf("%d bytes were taken, %v", n, err)
	}
}
