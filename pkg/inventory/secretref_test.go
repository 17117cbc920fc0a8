package inventory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// outside is what a test lets a SecretRef see; it records what was asked.
type outside struct {
	env, files, commands, prompts map[string]string
	asked                         []string
}

var errNotThere = errors.New("not there")

func (o *outside) Env(name string) (string, bool) {
	o.asked = append(o.asked, "env "+name)
	text, ok := o.env[name]
	return text, ok
}

func (o *outside) File(path string) ([]byte, error) { return o.answer("file", o.files, path) }

func (o *outside) Command(argv []string) ([]byte, error) {
	return o.answer("command", o.commands, strings.Join(argv, "|"))
}

func (o *outside) Prompt(what string) (string, error) {
	data, err := o.answer("prompt", o.prompts, what)
	return string(data), err
}

func (o *outside) answer(how string, from map[string]string, key string) ([]byte, error) {
	o.asked = append(o.asked, how+" "+key)
	if text, ok := from[key]; ok {
		return []byte(text), nil
	}
	return nil, errNotThere
}

// ref is the reference that a value of the inventory yields.
func ref(t *testing.T, value string) inventory.SecretRef {
	t.Helper()
	return parse(t, strings.Replace(literalInventory, `password = "hunter2"`, "password = "+value, 1)).Database.Password
}

func TestResolve(t *testing.T) {
	from := &outside{
		env:      map[string]string{"P": "from env", "EMPTY": "", "TWO": "a\nb"},
		files:    map[string]string{"secrets/p": "from file\n", "dos": "from file\r\n", "long": "a\nb\n", "blank": " \n"},
		commands: map[string]string{"pass|show|appm p": "from command\n"},
		prompts:  map[string]string{"database.password": "from a person"},
	}
	for _, c := range []struct{ value, asks, want, err string }{
		{`"in the file"`, "", "in the file", ""},
		{`{ env = "P" }`, "env P", "from env", ""},
		{`{ env = "UNSET" }`, "env UNSET", "", "database.password (env UNSET): the environment variable UNSET is not set; export it"},
		{`{ env = "EMPTY" }`, "env EMPTY", "", "database.password (env EMPTY): the password is empty"},
		{`{ env = "TWO" }`, "env TWO", "", "database.password (env TWO): the password contains a line end or another control character; choose another"},
		{`{ file = "secrets/p" }`, "file secrets/p", "from file", ""},
		{`{ file = "dos" }`, "file dos", "from file", ""},
		{`{ file = "blank" }`, "file blank", " ", ""},
		{`{ file = "long" }`, "file long", "", "database.password (file long): the password contains a line end or another control character; choose another"},
		{`{ file = "gone" }`, "file gone", "", "database.password (file gone): not there"},
		{`{ command = ["pass", "show", "appm p"] }`, "command pass|show|appm p", "from command", ""},
		{`{ command = ["false", "hunter2"] }`, "command false|hunter2", "", "database.password (command false): not there"},
		{`{ prompt = true }`, "prompt database.password", "from a person", ""},
	} {
		from.asked = nil
		secret, err := ref(t, c.value).Resolve(from)
		if got := secret.Reveal(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.value, got, c.want)
		}
		if got := fmt.Sprint(err); err != nil && got != c.err || err == nil && c.err != "" {
			t.Errorf("%s: got error %q, want %q", c.value, got, c.err)
		}
		if got := strings.Join(from.asked, ", "); got != c.asks {
			t.Errorf("%s: asked for %q, want %q", c.value, got, c.asks)
		}
	}
}

func TestResolveWithoutAReference(t *testing.T) {
	inv := parse(t, strings.Replace(literalInventory, `admin = { password = "hunter2" }`, "manage = false", 1))
	if got := inv.Database.Admin.Password.Kind(); got != inventory.SecretMissing {
		t.Errorf("kind is %q, want none", got)
	}
	if _, err := inv.Database.Admin.Password.Resolve(&outside{}); err == nil {
		t.Error("a reference that is not there resolves")
	}
}

func TestSecretRefTellsWhereOnly(t *testing.T) {
	for _, c := range []struct {
		value, want, env, file string
		kind                   inventory.SecretKind
		command                []string
	}{
		{`"hunter2"`, "literal", "", "", inventory.SecretLiteral, nil},
		{`{ env = "P" }`, "env P", "P", "", inventory.SecretEnv, nil},
		{`{ file = "~/p" }`, "file ~/p", "", "~/p", inventory.SecretFile, nil},
		{`{ command = ["pass", "hunter2"] }`, "command pass", "", "", inventory.SecretCommand, []string{"pass", "hunter2"}},
		{`{ prompt = true }`, "prompt", "", "", inventory.SecretPrompt, nil},
	} {
		r := ref(t, c.value)
		if r.String() != c.want || r.Kind() != c.kind || r.Env() != c.env || r.File() != c.file || !slices.Equal(r.Command(), c.command) {
			t.Errorf("%s: got %s, kind %s, env %q, file %q, command %q", c.value, r, r.Kind(), r.Env(), r.File(), r.Command())
		}
		if r.Line() != 9 || r.Of() != "database.password" {
			t.Errorf("%s: got %s in line %d, want database.password in line 9", c.value, r.Of(), r.Line())
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for _, good := range []string{"a", " blanks ", `quotes'"<>&\`, "ünïcode", "$x", "{y}", "$ {z}"} {
		if err := inventory.CheckPassword(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "hunter${", "hunter\n", "\rhunter", "hunter\x00", "hunter\x7f", "hunter\xff", "hunter\u2028", "hunter\uffff", "hunter\t"} {
		if err := inventory.CheckPassword(bad); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: got %v, want an error without the password", bad, err)
		}
	}
}
