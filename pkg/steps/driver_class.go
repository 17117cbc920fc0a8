package steps

import (
	"fmt"
	"slices"
	"strings"
)

// h2Driver comes with the product itself.
const h2Driver = "org.h2.Driver"

// drivers wants the class of every datasource in a jar of the planned lib. A
// datasource that nothing uses connects to nothing, so it is a note at most.
func (h *homeCheck) drivers(d Driver, uses []jndiUse, sources []source) {
	var jars []string // which classes are in these is not known
	for _, jar := range h.listed(lib + "/*.jar") {
		if !driverLoosely.MatchString(jar) {
			jars = append(jars, jar)
		}
	}
	classes := strings.Fields(d.Classes)
	for i, s := range sources {
		needed := slices.ContainsFunc(uses, func(u jndiUse) bool { return u.fatal && u.of(sources) == &sources[i] })
		trimmed := strings.TrimSpace(s.class)
		text := ""
		switch {
		case s.class == "" || replaced(s.class) || s.class == h2Driver || slices.Contains(classes, s.class):
			continue
		case trimmed == h2Driver || slices.Contains(classes, trimmed):
			text = "has blanks or line ends around it, which the product takes as part of the name; remove them"
		case strings.HasPrefix(trimmed, "com.mysql."):
			text = "is not in " + d.Name + ", which holds " + strings.Join(classes, ", ") + "; take one of these"
		case len(jars) == 0:
			needed = false // a bundle of dropins or plugins may have it
			text = "is in no jar of " + lib + "; put its jar there, unless a bundle of the server has it"
		default:
			continue
		}
		h.tell(needed, masterDatasourcesXML, fmt.Sprintf("line %d: driverClassName %s of datasource %s %s", s.classLine, shown(s.class), shown(s.name), text))
	}
}
