package draft

import "strconv"

// Contact drafts an inventory of hosts without nodes: enough to log in by, and
// nothing else is true of it.
func (d *Draft) Contact(hosts []Place, user string, sudo bool) {
	d.Top.text("name", "unknown")
	d.Top.put("partial", "true")
	ssh := d.Table("ssh")
	if user != "" {
		ssh.text("user", user)
	}
	ssh.put("sudo", strconv.FormatBool(sudo))
	d.Table("driver").text("file", "unknown.jar")
	t := d.Table("database")
	t.text("address", "192.0.2.1") // of a network that there is not
	t.put("manage", "false")
	t.text("user", "unknown")
	find(&t.Keys, "password").Inline = []Key{{Name: "prompt", Literal: "true"}}
	for _, p := range hosts {
		h := &Table{Name: "host"}
		h.text("name", p.Name)
		h.text("address", p.Address)
		h.put("nodes", "[]")
		d.Tables = append(d.Tables, h)
	}
}
