package report

import (
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// installing is how the changes are shown that bring a database server into
// being, and those of units: sign, thing and details. ok is false for all others.
func installing(c plan.Change) (sign rune, head string, ok bool) {
	switch after := c.After.(type) {
	case *plan.Package:
		return '+', packageLine(after), true
	case *plan.Service:
		return '>', serviceWord(c) + " database server", true
	case *plan.Admin:
		if found, is := c.Before.(*plan.Admin); is && found.Found != nil {
			return '~', "account " + c.Ref.Path, true
		}
		return '+', "account " + c.Ref.Path, true
	case *plan.Unit:
		return '~', unitWord(c, after) + " unit " + c.Ref.Path, true
	}
	return 0, "", false
}

func packageLine(p *plan.Package) string {
	line := "package " + p.Name
	if p.Version != "" {
		line += " " + p.Version
	}
	return line + ", by " + p.Manager
}

func unitWord(c plan.Change, after *plan.Unit) string {
	switch before, is := c.Before.(*plan.Unit); {
	case is && after.Enabled && !before.Enabled:
		return "enable"
	case is && !after.Enabled && before.Enabled:
		return "disable"
	}
	return "reload"
}

func serviceWord(c plan.Change) string {
	if before, is := c.Before.(*plan.Service); is && before.Running {
		return "restart"
	}
	return "start"
}

// installRows are the details of such a change.
func installRows(c plan.Change, o Options) []row {
	switch after := c.After.(type) {
	case *plan.Package:
		if len(after.With) > 0 {
			return []row{detail(count(len(after.With), "package", "packages") + ": " + visible(strings.Join(after.With, ", ")))}
		}
	case *plan.Admin:
		return statementRows(after.Statements, o)
	}
	return nil
}
