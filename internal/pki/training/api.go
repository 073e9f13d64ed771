package training

import (
	"math/big"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API is the call that revokes a training certificate. What certificates name is asked at their own addresses.
func API(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Post("/api/training-certificates/{serial}/revoke", "revokeTrainingCertificate", "training.api.revoke", s.apiRevoke).Calls("pki/training.Revoke"),
	}
}

// reasons are those of RFC 5280, 5.3.1, that a holder's certificate is revoked for here.
var reasons = map[string]int{
	"unspecified": 0, "key_compromise": 1, "affiliation_changed": 3, "superseded": 4, "cessation_of_operation": 5, "privilege_withdrawn": 9,
}

type apiReason struct {
	Reason string `enum:"unspecified,key_compromise,affiliation_changed,superseded,cessation_of_operation,privilege_withdrawn" json:"reason"`
}

func (s *Service) apiRevoke(r *web.Request, in struct {
	// Serial is the certificate's number in hexadecimal digits.
	Serial string    `path:"serial" pattern:"^[0-9a-f]{1,40}$"`
	Body   apiReason `body:"json"`
}) (out api.Nothing, err error) {
	n, ok := new(big.Int).SetString(in.Serial, 16)
	if !ok || len(in.Serial) > 40 { // 20 octets at most (RFC 5280, 4.1.2.2)
		return out, fault.New(fault.NotFound, store.ErrNotFound, "")
	}
	_, _, err = store.Before(s.Revoke(r.Context(), auth.Who(r), serialOf(n), reasons[in.Body.Reason]))
	return out, err
}
