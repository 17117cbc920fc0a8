package inventory

import (
	"errors"
	"fmt"
	"slices"
)

// Selection is the part of a deployment that --limit leaves.
type Selection struct {
	// Database tells whether the databases are planned: when no word was
	// given, or the word database was.
	Database bool
	hosts    map[string]bool
	nodes    map[string]bool
}

// Has tells whether the node of that name is selected.
func (s Selection) Has(node string) bool { return s.nodes[node] }

// HasHost tells whether the host is, by its own name or with one of its nodes.
func (s Selection) HasHost(host string) bool { return s.hosts[host] }

// Select takes names of hosts, which mean all their nodes, names of nodes,
// roles, and the word database. No words select everything.
func (inv Inventory) Select(words []string) (Selection, error) {
	s := Selection{hosts: map[string]bool{}, nodes: map[string]bool{}}
	if len(words) == 0 {
		s.Database = true
		for _, h := range inv.Hosts {
			words = append(words, h.Name)
		}
	}
	var problems []error
	for _, word := range words {
		if !inv.selects(word, &s) {
			problems = append(problems, fmt.Errorf("--limit: no host, node or role is called %s%s", quoted(word), DidYouMean(word, inv.Words())))
		}
	}
	if len(problems) > 0 {
		return Selection{}, errors.Join(problems...)
	}
	return s, nil
}

// selects adds what the word means, and tells whether it means anything. A
// role that no node has means nothing: a run that does nothing is no success.
func (inv Inventory) selects(word string, s *Selection) bool {
	if word == "database" {
		s.Database = true
		return true
	}
	_, known := inv.Host(word)
	if known {
		s.hosts[word] = true
	}
	for _, n := range inv.Nodes {
		if n.Host == word || n.Name == word || string(n.Role) == word {
			s.nodes[n.Name], s.hosts[n.Host] = true, true
			known = true
		}
	}
	return known
}

// Words are all that --limit understands here.
func (inv Inventory) Words() []string {
	var words []string
	for _, h := range inv.Hosts {
		words = append(words, h.Name)
	}
	for _, n := range inv.Nodes {
		words = append(words, n.Name, string(n.Role))
	}
	words = append(words, "database")
	slices.Sort(words)
	return slices.Compact(words)
}
