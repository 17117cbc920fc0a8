package inventory_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

const word = "hunter2"

// everywhere is a secret in all the places where fmt goes its own ways.
type everywhere struct {
	Exported   inventory.Secret
	unexported inventory.Secret
	pointer    *inventory.Secret
	nested     struct{ inner []inventory.Secret }
	byName     map[string]inventory.Secret
	anything   any
	ref        inventory.SecretRef
	inventory.Secret
}

func secretsEverywhere(t *testing.T) everywhere {
	s := inventory.NewSecret(word)
	inv := parse(t, literalInventory)
	e := everywhere{
		Exported: s, unexported: s, pointer: &s, Secret: s,
		byName: map[string]inventory.Secret{"a": s}, anything: s, ref: inv.Database.Password,
	}
	e.nested.inner = []inventory.Secret{s}
	return e
}

const literalInventory = `
name = "t"
partial = true
[driver]
file = "mysql.jar"
[database]
address = "192.168.10.5"
user = "appm"
password = "hunter2"
admin = { password = "hunter2" }
`

func TestSecretThroughEveryVerb(t *testing.T) {
	e := secretsEverywhere(t)
	inv := parse(t, literalInventory)
	s := inventory.NewSecret(word)
	values := []any{s, &s, e, &e, []any{e}, map[string]any{"k": e}, [1]inventory.Secret{s}, inv, &inv,
		inv.Database, inv.Database.Password, &inv.Database.Password, struct{ s inventory.Secret }{s}, fmt.Errorf("login: %v", s)}
	for verb := '!'; verb <= '~'; verb++ {
		for _, flags := range []string{"", "+", "#", " ", "0", "-", "10", ".3", "+#", "# "} {
			for i, v := range values {
				refuseWord(t, fmt.Sprintf("%%%s%c of value %d", flags, verb, i), fmt.Sprintf("%"+flags+string(verb), v))
			}
		}
	}
}

func TestSecretThroughEveryEncoder(t *testing.T) {
	e := secretsEverywhere(t)
	inv := parse(t, literalInventory)
	for i, v := range []any{e, &e, e.Exported, inv, inv.Database.Password} {
		var b bytes.Buffer
		asJSON, _ := json.Marshal(v)
		asXML, _ := xml.Marshal(v)
		_ = toml.NewEncoder(&b).Encode(v)
		_ = gob.NewEncoder(&b).Encode(v)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
		fmt.Fprintln(&b, v, fmt.Sprint(v), fmt.Errorf("%w", errors.New(fmt.Sprint(v))))
		refuseWord(t, fmt.Sprintf("an encoding of value %d", i), string(asJSON)+string(asXML)+b.String())
	}
}

// refuseWord looks for the secret as it is, as hexadecimal, and as the numbers
// of its bytes, as %x and %d would print it.
func refuseWord(t *testing.T, where, got string) {
	t.Helper()
	asHex := fmt.Sprintf("%x", word)
	asNumbers := strings.Trim(fmt.Sprint([]byte(word)), "[]")
	for _, bad := range []string{word, asHex, strings.ToUpper(asHex), asNumbers, word[:3]} {
		if strings.Contains(got, bad) {
			t.Errorf("%s holds the secret as %q:\n%s", where, bad, got)
		}
	}
}

func TestSecretReveals(t *testing.T) {
	if got := inventory.NewSecret(word).Reveal(); got != word {
		t.Errorf("got %q, want %q", got, word)
	}
	if got := (inventory.Secret{}).Reveal(); got != "" {
		t.Errorf("the zero Secret reveals %q, want nothing", got)
	}
	for _, got := range []string{inventory.NewSecret(word).String(), fmt.Sprintf("%d", inventory.NewSecret(word)), fmt.Sprintf("%#v", inventory.NewSecret(word))} {
		if got != "(secret)" {
			t.Errorf("got %q, want (secret)", got)
		}
	}
}
