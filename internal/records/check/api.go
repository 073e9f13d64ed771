package check

import (
	"bytes"
	"io"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/verify"
)

// API is the call that checks a file.
func API(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Post("/api/checks", "checkFile", "check.api.check", s.apiCheck).Calls("records/check.Check").ForAnyone(),
	}
}

type apiFile struct {
	// Name is the file's, shown in the report only.
	Name string    `query:"name"`
	File io.Reader `body:"file"`
}

type apiAnswer struct {
	// Training says that only training keys vouch for the document: whatever the report's indication, it has no legal value.
	Training bool           `json:"training"`
	Report   *verify.Report `json:"report"`
}

func (s *Service) apiCheck(r *web.Request, in apiFile) (out apiAnswer, err error) {
	first := make([]byte, 1)
	if _, err := io.ReadFull(in.File, first); err != nil {
		return out, fault.New(fault.Invalid, ErrNoFile, "").Because(err)
	}
	a, err := s.Check(r.Context(), auth.Who(r), web.FileName(in.Name), io.MultiReader(bytes.NewReader(first), in.File))
	if err != nil {
		return out, err
	}
	out.Report = a.Report(string(r.Lang))
	out.Training = a.Verdict.Training()
	return out, nil
}
