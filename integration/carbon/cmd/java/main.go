// Command java is what the lab installs as JAVA_HOME/bin/java: the stand-in
// server, which takes the arguments that the product's script gives to a JVM.
package main

import (
	"os"

	"github.com/appm-provision/appm-provision/integration/carbon"
)

func main() { os.Exit(carbon.Main(os.Args[1:], os.Getenv, os.Stderr)) }
