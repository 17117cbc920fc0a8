package main

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/draft"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// A question of the interview, and the flag that answers it.
type question struct {
	flag, usage string // "" where only --set answers it
	text        string
	usual       func(draft.Answers) string // the default; nil: there is none
	answer      func(*draft.Answers, string) error
}

var interview = []question{
	{flag: "name", usage: "what the deployment is called", text: "Name of the deployment", usual: fixed("production"), answer: into(func(a *draft.Answers) *string { return &a.Name })},
	whereIs(inventory.IDP, "Identity Provider"),
	whereIs(inventory.Gateway, "Gateway"),
	whereIs(inventory.Publisher, "Publisher"),
	whereIs(inventory.Store, "Store"),
	{flag: "database", usage: "`address` of the database server; db1=… has SSH too", text: "IP address of the database server", answer: func(a *draft.Answers, text string) (err error) {
		a.Database, err = draft.ParsePlace(text)
		return err
	}},
	{flag: "user", usage: "who logs in on the hosts", text: "User who logs in on the hosts", usual: func(draft.Answers) string { return me() }, answer: into(func(a *draft.Answers) *string { return &a.User })},
	{text: "Does it become root by sudo? yes or no", usual: func(a draft.Answers) string { return map[bool]string{true: "yes", false: "no"}[a.Sudo] }, answer: yesOrNo},
	{flag: "home", usage: "where the product is unpacked", text: "Folder of the product on the hosts", usual: fixed("/opt/wso2appm"), answer: into(func(a *draft.Answers) *string { return &a.Home })},
	{flag: "driver", usage: "`file` of the JDBC driver", text: "File of the JDBC driver, a jar or the vendor's archive", usual: driverHere, answer: into(func(a *draft.Answers) *string { return &a.Driver })},
	{text: "Database account that the nodes log in with", usual: fixed("appm"), answer: into(func(a *draft.Answers) *string { return &a.AppUser })},
	{text: "Where its password is: env:NAME, file:PATH or prompt", usual: fixed("env:APPM_DB_PASSWORD"), answer: into(func(a *draft.Answers) *string { return &a.AppPassword })},
	{text: "Database account that makes databases and accounts", usual: fixed("root"), answer: into(func(a *draft.Answers) *string { return &a.Admin })},
	{text: "Where its password is", usual: fixed("env:MYSQL_ROOT_PASSWORD"), answer: into(func(a *draft.Answers) *string { return &a.AdminPassword })},
}

// usualAnswers are the answers where nothing is asked.
func usualAnswers(sudo bool) draft.Answers {
	a := draft.Answers{Places: map[inventory.Role][]draft.Place{}, Sudo: sudo, Domain: "wso2.pub.store.domain"}
	for _, q := range interview {
		if q.usual != nil {
			_ = q.answer(&a, q.usual(a)) // a default is an answer
		}
	}
	return a
}

func fixed(text string) func(draft.Answers) string {
	return func(draft.Answers) string { return text }
}

func into(field func(*draft.Answers) *string) func(*draft.Answers, string) error {
	return func(a *draft.Answers, text string) error {
		if text == "" {
			return errors.New("want an answer")
		}
		*field(a) = text
		return nil
	}
}

func yesOrNo(a *draft.Answers, text string) error {
	switch strings.ToLower(text) {
	case "yes", "y":
		a.Sudo = true
	case "no", "n":
		a.Sudo = false
	default:
		return errors.New("want yes or no")
	}
	return nil
}

// whereIs asks where the nodes of a role are.
func whereIs(role inventory.Role, what string) question {
	return question{
		flag: string(role), usage: "`address` of the " + what,
		text: "IP address of the " + what + " (several: with commas)",
		answer: func(a *draft.Answers, text string) error {
			var list []draft.Place
			for one := range strings.SplitSeq(text, ",") {
				p, err := draft.ParsePlace(strings.TrimSpace(one))
				if err != nil {
					return err
				}
				list = append(list, p)
			}
			places := maps.Clone(a.Places)
			places[role] = list
			a.Places = places
			return nil
		},
	}
}

// driverHere is a driver that lies about.
func driverHere(draft.Answers) string {
	found, _ := filepath.Glob("mysql-connector-*") // the pattern is sound
	for _, file := range found {
		return file
	}
	return "mysql-connector-java-5.1.49.tar.gz"
}

// with is the state after an answer, or why it cannot be: the inventory that it
// would make is read, with something sound in the place of what is yet to be
// asked.
func (in *initial) with(q question, typed string) (next struct {
	draft.Answers
	err error
}) {
	next.Answers = in.Answers
	if next.err = q.answer(&next.Answers, typed); next.err != nil {
		return next
	}
	trial := *in
	trial.Answers = next.Answers
	trial.Places = maps.Clone(next.Places)
	for i, role := range inventory.Roles {
		if len(trial.Places[role]) == 0 {
			trial.Places[role] = []draft.Place{{Address: "192.0.2." + string(rune('1'+i))}}
		}
	}
	if trial.Database.Address == "" {
		trial.Database.Address = "192.0.2.9"
	}
	_, _, err := trial.text(nil)
	var invalid *inventory.Invalid
	if errors.As(err, &invalid) && len(invalid.Problems) > 0 {
		err = errors.New(invalid.Problems[0].Text)
	}
	next.err = err
	return next
}
