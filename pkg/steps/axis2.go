package steps

import (
	"strconv"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Axis2 makes Publisher and Store members of one cluster with well-known
// addresses. A node lists the other members, as the page does; addresses are
// IP literals, because Hazelcast takes no others (facts.md section 2.4).
func Axis2(d Deployment, n inventory.Node) Edit {
	overrides := need(n, plan.KindBlob, hazelcastXML)
	const clustering = "axisconfig/clustering"
	return Edit{
		name: "axis2.xml", file: axis2XML,
		why:   "cluster " + d.Inventory.Cluster.Domain,
		needs: []plan.Need{overrides},
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			// Of several lists of members the product reads the first.
			members := xmledit.SetContent(clustering+"/members[1]", d.members(n)...)
			if there, err := doc.Find(clustering + "/members"); err != nil {
				return nil, err
			} else if len(there) == 0 {
				members = xmledit.InsertLast(clustering, xmledit.Element{Name: "members", Children: d.members(n)})
			}
			return []xmledit.Edit{
				xmledit.SetAttr(clustering, "enable", "true"),
				xmledit.SetProperties(clustering, "parameter", "name",
					xmledit.KV{Key: "membershipScheme", Value: "wka"},
					xmledit.KV{Key: "domain", Value: d.Inventory.Cluster.Domain},
					xmledit.KV{Key: "localMemberHost", Value: d.Inventory.HostOf(n).Address},
					xmledit.KV{Key: "localMemberPort", Value: strconv.Itoa(n.ClusterPort)},
				),
				members,
			}, nil
		},
		notes: func(s *plan.State) []plan.Note {
			if o, err := s.Get(overrides.Ref); err != nil || o == nil {
				return nil
			}
			return []plan.Note{{Target: n.Host, Node: n.Name,
				Text: overrides.Path + " is there and overrides the clustering section of axis2.xml; remove it to cluster as planned"}}
		},
	}
}

// members are the other nodes of the cluster.
func (d Deployment) members(self inventory.Node) []xmledit.Element {
	var list []xmledit.Element
	for _, m := range d.Inventory.Members() {
		if m.Name == self.Name {
			continue
		}
		list = append(list, xmledit.Element{Name: "member", Children: []xmledit.Element{
			text("hostName", d.Inventory.HostOf(m).Address),
			text("port", strconv.Itoa(m.ClusterPort)),
		}})
	}
	return list
}
