package converge

import "context"

// finishing is the context of what had better be finished than cut: one host's
// files, one server's restart, one package, one change of accounts. A server
// that was stopped for its restart would otherwise stay down, and a change might
// be made that nobody recorded. Nothing new begins after an interrupt, and a
// second one ends the program.
func finishing(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
