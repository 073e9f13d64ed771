package auth

import "maps"

// OwnPolicy is this package's own.
func OwnPolicy() Policy { return maps.Clone(own) }
