module github.com/antinvn/antin

go 1.26.0

require (
	github.com/boombuler/barcode v1.1.0
	github.com/go-fonts/liberation v0.3.3
	github.com/miekg/pkcs11 v1.1.2
	golang.org/x/crypto v0.58.0
	golang.org/x/image v0.47.0
	golang.org/x/sync v0.24.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
	golang.org/x/text v0.43.0
	software.sslmate.com/src/go-pkcs12 v0.7.4
)
