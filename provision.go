// Package provision is the root of appm-provision, which sets up a distributed
// WSO2 App Manager over SSH. It holds the tests of the whole: the picture in
// docs/architecture.md is true.
package provision
