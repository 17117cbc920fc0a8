package report

// StatusDocument is what status saw.
type StatusDocument struct {
	Head
	// When status looked, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// One for each node, and one for the databases, whose name is "database".
	Rows []StatusRow `json:"rows"`
	Tail
}

// StatusRow is how a node, or the database server, is.
type StatusRow struct {
	// The node's name, or "database".
	Name string `json:"name"`
	// The node's role; absent for the databases.
	Role string `json:"role,omitempty"`
	// The host that the node is on; absent for the databases.
	Host string `json:"host,omitempty"`
	// The product's version, of a node.
	Version string `json:"version,omitempty"`
	// What of a server is there: its process, "stopped", or the database server's version.
	Server string `json:"server"`
	// For how long the server has been running, in seconds; absent where it is not, or that is not known.
	Up float64 `json:"up_seconds,omitempty"`
	// On which configuration its server runs: "current", "older" or "foreign"; docs/status.md says what that is.
	Config string `json:"config,omitempty"`
	// Which of its peers in the cluster it is connected with, for people.
	Cluster string `json:"cluster,omitempty"`
	// Whether the node can use its databases: "ok", "FAILS", "not provable", or absent where it was not tried.
	Database string `json:"database,omitempty"`
	// The resources that differ from the inventory.
	Drift []string `json:"drift"`
	// When it last was the business of a run that this machine has recorded, and how that ended; for people.
	LastRun string `json:"last_run,omitempty"`
	// Why its server should be restarted or started; absent where it should not.
	Restart string `json:"restart,omitempty"`
}

// NewStatus is what status saw.
func NewStatus(deployment string, rows []Row) *StatusDocument {
	d := &StatusDocument{Head: head("status"), At: now(), Deployment: deployment, Rows: []StatusRow{}}
	for _, r := range rows {
		d.Rows = append(d.Rows, StatusRow{
			Name: r.Name, Role: r.Role, Host: r.Host, Version: r.Version, Server: r.Server, Up: inSeconds(r.Up), Config: r.Config, Cluster: r.Cluster,
			Database: r.Database, Drift: append([]string{}, r.Drift...), LastRun: r.LastRun, Restart: r.Stale,
		})
	}
	return d
}
