package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Witness is a server of c2sp.org/tlog-witness.
type Witness struct {
	// Key is its verifier key, of the kind cosignature/v1.
	Key string
	// Address is its submission prefix.
	Address string

	key *key
}

const (
	witnessEvery  = 10 * time.Second
	witnessAnswer = 16 << 10 // bytes
	sizeType      = "text/x.tlog.size"
)

func (w *Witness) parse() (err error) {
	w.key, err = parseKey(w.Key, kindWitness)
	return err
}

// witnessed asks a witness for its word whenever the log has grown. A witness that does not answer holds nothing up.
func (s *Sequencer) witnessed(ctx context.Context, w *Witness) {
	for ctx.Err() == nil {
		if _, err := s.Cosign(ctx, w); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "asking a witness of the audit log", "witness", w.key.name, "error", err)
		}
		sleep(ctx, witnessEvery)
	}
}

// Cosign asks a witness to co-sign the newest checkpoint (add-checkpoint) and keeps its word with the log; did is false where it has done
// so already. What the answer says is checked before it is kept.
func (s *Sequencer) Cosign(ctx context.Context, w *Witness) (did bool, err error) {
	if err := w.parse(); err != nil {
		return false, err
	}
	st, err := s.load(ctx)
	if err != nil {
		return false, err
	}
	c, finding := openCheckpoint(st.checkpoint, s.key)
	if finding != nil {
		return false, broken(string(finding.Kind))
	}
	old := int64(0)
	if st.cosigned != nil {
		before, finding := openCheckpoint(st.cosigned, s.key)
		if finding != nil {
			return false, broken(string(finding.Kind))
		}
		if _, ok, _ := before.cosignature(w.key); ok {
			if old = before.size; old == c.size {
				return false, nil
			}
		}
		if before.size == c.size {
			c = before // other witnesses' words stay
		}
	}
	lines, size, err := s.addCheckpoint(ctx, w, c, old)
	if err == nil && lines == nil && size > 0 && size <= c.size { // the witness knows more of us than we of it
		lines, _, err = s.addCheckpoint(ctx, w, c, size)
	}
	if err == nil && lines == nil {
		err = fmt.Errorf("it signed size %d before", size)
	}
	if err != nil {
		return false, fault.New(fault.Unavailable, ErrWitness, w.key.name).Because(err)
	}
	both, err := s.merge(c, w, lines)
	if err != nil {
		return false, fault.New(fault.Unavailable, ErrWitness, w.key.name).Because(err)
	}
	return true, s.DB.Do(ctx, s.write, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE audit_log SET cosigned = ?, cosigned_size = ? WHERE id = 1 AND cosigned_size <= ?`, both, c.size, c.size)
		return err
	})
}

// merge adds the witness's line, which must hold, to the checkpoint; lines of unknown keys are dropped.
func (s *Sequencer) merge(c *checkpoint, w *Witness, lines []byte) ([]byte, error) {
	had, err := note.Open(c.note, note.VerifierList(s.key))
	if err != nil {
		return nil, err
	}
	text := append([]byte(had.Text), '\n')
	got, err := note.Open(append(text, lines...), note.VerifierList(w.key))
	if err != nil {
		return nil, err
	}
	had.UnverifiedSigs = append(had.UnverifiedSigs, got.Sigs...)
	return note.Sign(had)
}

// addCheckpoint returns the witness's lines, or the size that it signed last.
func (s *Sequencer) addCheckpoint(ctx context.Context, w *Witness, c *checkpoint, old int64) (lines []byte, size int64, err error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 && old < c.size {
		var proof tlog.TreeProof
		err := s.DB.View(ctx, s.read, func(tx *store.Tx) error {
			proof, err = tlog.ProveTree(c.size, old, hashes(c, func(p place, width int) ([]byte, error) { return readTile(tx, p, width) }))
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		for i := range proof {
			fmt.Fprintln(&body, base64.StdEncoding.EncodeToString(proof[i][:]))
		}
	}
	body.WriteByte('\n')
	body.Write(c.note)
	client := &fetch.Client{Trusted: true, Transport: conflicts{http.DefaultTransport}}
	answer, err := client.Do(ctx, fetch.Request{
		Kind: "witness", URL: strings.TrimSuffix(w.Address, "/") + "/add-checkpoint", Body: body.Bytes(), ContentType: "text/plain; charset=utf-8", MaxBytes: witnessAnswer,
	})
	if err != nil {
		return nil, 0, err
	}
	if kind, _, err := mime.ParseMediaType(answer.ContentType); err == nil && kind == sizeType {
		size, err := strconv.ParseInt(strings.TrimSuffix(string(answer.Body), "\n"), 10, 64)
		if err != nil || size == old {
			return nil, 0, errors.New("it answers with no other size")
		}
		return nil, size, nil
	}
	return answer.Body, 0, nil
}

// conflicts lets the answer 409 through where it names the size that the witness signed last.
type conflicts struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t conflicts) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusConflict && strings.HasPrefix(resp.Header.Get("Content-Type"), sizeType) {
		resp.StatusCode, resp.Status = http.StatusOK, "200 OK"
	}
	return resp, err
}
