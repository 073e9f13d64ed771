package auth

import (
	"maps"
	"time"
)

// OwnPolicy is this package's own.
func OwnPolicy() Policy { return maps.Clone(own) }

// TOTPCode is what an app with a secret shows at a time.
func TOTPCode(secret []byte, at time.Time) string { return totpCode(secret, totpStep(at)) }

// Challenge is what the page of signing in asks for.
func (s *Service) Challenge() (Challenge, error) { return s.challenge(0) }
