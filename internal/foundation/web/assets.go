package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// asset is a style, a script or an icon, under a name that changes with its content, so that browsers keep it for good.
type asset struct {
	kind        string
	plain, pack []byte
}

var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".wasm": "application/wasm"}

func (s *Server) readAssets(modules []Module) error {
	s.assets, s.assetOf = map[string]asset{}, map[string]string{}
	for _, m := range modules {
		if m.Assets == nil {
			continue
		}
		names, err := fs.Glob(m.Assets, "assets/*")
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		for _, name := range names {
			b, err := fs.ReadFile(m.Assets, name)
			if err != nil {
				return fmt.Errorf("web: %w", err)
			}
			end := path.Ext(name)
			kind, ok := assetKinds[end]
			if !ok {
				return fmt.Errorf("web: %s of %s is of no kind that is sent", name, m.Name)
			}
			sum := sha256.Sum256(b)
			p := strings.TrimSuffix(path.Base(name), end) + "." + hex.EncodeToString(sum[:8]) + end
			s.assets[p] = asset{kind, b, pack(b, 9)}
			s.assetOf[m.Name+"/"+path.Base(name)] = "/tai-nguyen/" + p
		}
	}
	return nil
}

func (s *Server) sendAsset(_ http.ResponseWriter, hr *http.Request) {
	r := requestOf(hr)
	a, ok := s.assets[hr.PathValue("name")]
	if !ok {
		r.module = "web"
		s.fail(r, fault.New(fault.NotFound, ErrNoPage, hr.URL.Path))
		return
	}
	h, body := r.out.Header(), a.plain
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(hr) {
		body = a.pack
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	r.out.WriteHeader(http.StatusOK)
	if hr.Method != http.MethodHead {
		_, _ = r.out.Write(body) //nolint:errcheck // the reader went away; the log has the count
	}
}
