package converge

import (
	"context"
	_ "embed"
	"slices"
	"strings"
)

//go:embed probe_homes.sh
var probeHomes string

// Homes are the homes of App Manager on a host that nobody has described.
func Homes(ctx context.Context, host Host) (homes []string, err error) {
	_, _, err = host.Run(ctx, "", probeHomes, nil, nil, func(line string) {
		if strings.HasPrefix(line, "/") && !slices.Contains(homes, line) {
			homes = append(homes, line)
		}
	})
	slices.Sort(homes)
	return homes, err
}
