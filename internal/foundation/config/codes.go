package config

import "github.com/antinvn/antin/codes"

// The codes of this package. The object of each fault is where the value stands: "antin.conf:12", a variable, a flag.
const (
	// ErrFile: the file cannot be read.
	ErrFile codes.Code = "config.file"
	// ErrSyntax: a line is neither comment nor section nor "name = value".
	ErrSyntax codes.Code = "config.syntax"
	// ErrUnknown: there is no such setting.
	ErrUnknown codes.Code = "config.unknown"
	// ErrTwice: a setting stands twice.
	ErrTwice codes.Code = "config.twice"
	// ErrAddress: not scheme, host and port.
	ErrAddress codes.Code = "config.address"
	// ErrPlain: http for others than this machine.
	ErrPlain codes.Code = "config.plain"
	// ErrListen: not host:port.
	ErrListen codes.Code = "config.listen"
	// ErrPath: no path.
	ErrPath codes.Code = "config.path"
	// ErrDatabase: neither a path nor postgres://.
	ErrDatabase codes.Code = "config.database"
	// ErrText: a text with characters that do not belong there.
	ErrText codes.Code = "config.text"
	// ErrSize: no size, as "100 MB".
	ErrSize codes.Code = "config.size"
	// ErrBounds: too small or too large.
	ErrBounds codes.Code = "config.bounds"
	// ErrNetworks: no list of addresses and networks.
	ErrNetworks codes.Code = "config.networks"
	// ErrChoice: none of the values that a setting takes.
	ErrChoice codes.Code = "config.choice"
	// ErrMissing: another setting asks for this one.
	ErrMissing codes.Code = "config.missing"
	// ErrKeysInside: the master keys lie in the folder that they protect.
	ErrKeysInside codes.Code = "config.keys_inside"
	// ErrExposed: a file that holds a secret can be read by everybody.
	ErrExposed codes.Code = "config.exposed"
)
