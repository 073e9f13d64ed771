package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/operate"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	trusted "github.com/antinvn/antin/internal/pki/trust"
	"github.com/antinvn/antin/internal/records/check"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
	"github.com/antinvn/antin/revocation"
)

// This file wires the house: it alone knows every room. A room that is new gets its line in each of the lists below.

// texts and migrations are the rooms' files: sentences, one file a language, and steps of the schema.
var (
	texts = []fs.FS{
		config.Texts, seal.Texts, web.Texts(), store.Texts, blob.Files, job.Files, audit.Files, auth.Files, operate.Files,
		org.Files, training.Files, credential.Files, session.Files, register.Files, document.Files, check.Files, sandbox.Files, api.Files,
		sentences,
	}
	migrations = []fs.FS{blob.Files, job.Files, audit.Files, auth.Files, org.Files, training.Files, credential.Files, session.Files, register.Files, document.Files}
)

// policies say who may do what.
var policies = []auth.Policy{operate.Policy, org.Policy, training.Policy, credential.Policy, session.Policy, register.Policy, document.Policy, check.Policy}

// referrers are the columns that name the event which last wrote a row: what the log is reconciled with.
var referrers = audit.Referrers{
	"account": "event", "password": "event", "role_grant": "event", "session": "event", "totp": "event", "recovery": "event", "passkey": "event",
	"org_node": "event", "org_node_fact": "event", "org_person": "event", "org_person_fact": "event", "org_person_private": "event",
	"org_post": "event", "org_absence": "event",
	"training_authority": "event", "training_certificate": "event", "credential": "event", "signing_session": "event",
	"document": "event", "document_recipient": "event", "document_part": "event", "document_step": "event", "document_opening": "event", "register_series": "event", "register_number": "event",
}

// catalogue holds all sentences of the house.
var catalogue = sync.OnceValues(func() (*i18n.Catalogue, error) { return i18n.New(texts...) })

// house is the platform on one node: rooms, from the cellar up.
type house struct {
	config    *config.Config
	log       *slog.Logger
	clock     clock.Clock
	ring      *seal.Ring
	issuer    *store.Issuer
	db        *store.DB
	audit     *audit.Log
	sequencer *audit.Sequencer
	auth      *auth.Service
	blobs     *blob.Store
	sandbox   *sandbox.Sandbox

	org         *org.Service
	training    *training.Service
	trust       *trusted.Snapshot
	credentials *credential.Service
	documents   *document.Service
	registers   *register.Service
	checks      *check.Service

	workers *job.Workers
	web     *web.Server
}

// extra is what one command has beyond the settings.
type extra struct {
	modules []web.Module
	cost    auth.Cost // of passwords' hashes; zero is the house's own
	// volatile is for data that is thrown away: nothing waits for the disk.
	volatile bool
}

// openHouse opens the data that the settings name, brings its schema up to date and wires the rooms. Nothing runs yet.
func openHouse(ctx context.Context, c *config.Config, ring *seal.Ring, clk clock.Clock, log *slog.Logger, x extra) (*house, error) {
	h := &house{config: c, log: log, clock: clk, ring: ring}
	for _, open := range []func(context.Context, *extra) error{h.openCellar, h.openRooms, h.openDoors} {
		if err := open(ctx, &x); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

// openCellar opens what keeps things: rows, their log, files, and who may do what.
func (h *house) openCellar(ctx context.Context, x *extra) error {
	c := h.config
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return codes.Wrap(errOutput, "making the folder", c.Data, err)
	}
	steps, err := allSteps()
	if err != nil {
		return err
	}
	if h.db, h.issuer, err = store.Open(ctx, store.Config{URL: c.Database, Migrations: steps, Clock: h.clock, Volatile: x.volatile}); err != nil {
		return err
	}
	h.audit = audit.Open(h.db, h.issuer, referrers)
	var witnesses []audit.Witness
	if c.AuditWitness != "" {
		witnesses = append(witnesses, audit.Witness{Address: c.AuditWitness, Key: c.AuditWitnessKey})
	}
	h.sequencer, err = audit.NewSequencer(ctx, audit.Config{
		DB: h.db, Issuer: h.issuer, Ring: h.ring, Origin: c.PublicAddress.Host + "/nhat-ky", Outside: c.AuditCheckpoint, Witnesses: witnesses, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.sandbox, err = sandbox.New(sandbox.Config{
		Cache: filepath.Join(c.Data, "pdfium"), Spare: 1, Limits: sandbox.Limits{Size: c.UploadLimit},
	})
	if err != nil {
		return err
	}
	if h.blobs, err = h.openBlobs(ctx, x.volatile); err != nil {
		return err
	}
	h.auth, err = auth.New(auth.Config{
		DB: h.db, Issuer: h.issuer, Policies: policies, Names: org.NamesTx, People: org.SeekTx, Someone: org.SomeoneTx, Ring: h.ring, Public: c.PublicAddress, Clock: h.clock, Log: h.log,
		Cost: x.cost,
	})
	return err
}

// openRooms makes the services, each of those below it.
func (h *house) openRooms(ctx context.Context, _ *extra) (err error) {
	h.org = org.New(h.db, h.auth)
	if h.training, err = training.New(ctx, training.Config{DB: h.db, Auth: h.auth, Ring: h.ring, Public: h.config.PublicAddress, Clock: h.clock}); err != nil {
		return err
	}
	h.trust = trusted.New(trusted.Training("training", h.training.Root()))
	h.credentials = credential.New(h.db, h.auth, h.ring, h.training)
	h.documents = document.New(h.db, h.auth, h.blobs, session.New(session.Config{
		DB: h.db, Auth: h.auth, Blobs: h.blobs, Credentials: h.credentials, TSA: h.training.TSA(), Evidence: h.training.Status(), Trust: h.trust, Clock: h.clock,
	}), h.sandbox)
	h.registers = register.New(h.db, h.auth)
	h.checks, err = h.openChecks()
	return err
}

// openDoors makes what comes to the rooms from outside: pages, and the work that is due.
func (h *house) openDoors(_ context.Context, x *extra) error {
	var owner [8]byte
	if _, err := io.ReadFull(rand.Reader, owner[:]); err != nil {
		return err
	}
	kinds := append(auth.Jobs(h.auth), job.Kind{
		Name: "blob.collect", Tables: blob.Tables, Every: time.Hour, Work: func(ctx context.Context, _ *job.Run) error {
			_, err := h.blobs.Collect(ctx)
			return err
		},
	})
	h.workers = job.New(h.db, h.issuer, h.log, int64(binary.BigEndian.Uint64(owner[:])>>1|1), kinds...)
	op := operate.New(h.db, h.auth)
	figures, err := operate.NewMetrics(h.log, h.config.MetricsFrom, append(op.Gauges(), operate.Gauge{
		Name: "antin_audit_unsequenced_seconds", Help: "How long the oldest event has been waiting for its place in the log.",
		Read: func(ctx context.Context) (float64, error) {
			age, err := h.audit.Age(ctx)
			return age.Seconds(), err
		},
	})...)
	if err != nil {
		return err
	}
	said, err := catalogue()
	if err != nil {
		return err
	}
	h.web, err = web.New(web.Config{
		Public: h.config.PublicAddress, Proxies: h.config.TrustedProxies, UploadLimit: h.config.UploadLimit, Texts: said, Clock: h.clock, Log: h.log,
		Observe: figures.Observe, Sessions: h.auth.Sessions(), Once: h.auth.Forms(),
	}, append([]web.Module{
		auth.Pages(h.auth),
		org.Pages(h.org),
		operate.Pages(op, operate.NewHealth(h.log, op.Check()), figures),
		training.Pages(h.training),
		credential.Pages(h.credentials),
		document.Pages(h.documents),
		register.Pages(h.registers),
		check.Pages(h.checks),
		api.Module(slices.Concat(
			auth.API(h.auth), operate.API(op), org.API(h.org), training.API(h.training), credential.API(h.credentials), document.API(h.documents),
			register.API(h.registers), check.API(h.checks),
		)...),
	}, x.modules...)...)
	return err
}

// allSteps are the steps of the schema over the whole house.
func allSteps() ([]store.Migration, error) { return store.Migrations(migrations...) }

func (h *house) openBlobs(ctx context.Context, volatile bool) (*blob.Store, error) {
	var driver blob.Driver
	var err error
	if h.config.S3 != nil {
		driver, err = blob.NewS3(ctx, *h.config.S3, nil)
	} else {
		var folder *blob.Folder
		if folder, err = blob.NewFolder(h.config.BlobFolder); err == nil {
			folder.Volatile = volatile
		}
		driver = folder
	}
	if err != nil {
		return nil, err
	}
	return blob.New(blob.Config{Driver: driver, DB: h.db, Warrant: h.issuer.System("blob", blob.Tables...), Ring: h.ring, Clock: h.clock})
}

// openChecks makes the room that checks signatures for everybody: files are read in children.
func (h *house) openChecks() (*check.Service, error) {
	key, err := h.ring.Derive("check.answer")
	if err != nil {
		return nil, err
	}
	return check.New(check.Config{
		Auth: h.auth, Verifier: h.sandbox, Drawer: h.sandbox, Trust: h.trust.Store(), Fetch: h.training.Fetch(), Cache: revocation.NewMemoryCache(0),
		Key: key, Clock: h.clock, Limits: check.Limits{Size: h.config.UploadLimit},
	})
}

// workersAtOnce is how many jobs one node does side by side: conversions and sending wait more than they compute.
const workersAtOnce = 4

// serve answers on a listener and does the work behind it, until ctx ends; then it lets what runs finish.
func (h *house) serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	var behind sync.WaitGroup
	h.sandbox.Warm()
	behind.Go(func() { h.workers.Serve(ctx, workersAtOnce, time.Second) })
	behind.Go(func() { h.sequencer.Serve(ctx) })
	err := h.web.Serve(ctx, l)
	stop()
	behind.Wait()
	return err
}

// close gives back what was opened.
func (h *house) close() error {
	if h.db == nil {
		return nil
	}
	if h.auth != nil {
		h.auth.Flush()
	}
	if h.sandbox != nil {
		h.sandbox.Close()
	}
	return h.db.Close()
}
