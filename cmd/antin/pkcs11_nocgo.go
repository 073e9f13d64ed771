//go:build !cgo

package main

const pkcs11Available = false
