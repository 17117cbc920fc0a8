package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

const program = "appm-provision"

// stateDir is where this machine keeps the records of runs: what the XDG base
// directory specification says, else what the system has in its place.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) { // it says to ignore others
		return filepath.Join(dir, program), nil
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		dir, err := userFolder()
		return filepath.Join(dir, program), err
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("there is no home directory to keep records of runs in; set XDG_STATE_HOME to a folder")
	}
	return filepath.Join(home, ".local", "state", program), nil
}

// userFolder is the folder for what a program keeps: on Windows the one that
// does not roam.
func userFolder() (string, error) {
	if dir := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && dir != "" {
		return dir, nil
	}
	return os.UserConfigDir()
}
