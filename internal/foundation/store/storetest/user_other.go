//go:build !unix

package storetest

import "os/exec"

func asPostgres(string) (func(*exec.Cmd), error) { return func(*exec.Cmd) {}, nil }
