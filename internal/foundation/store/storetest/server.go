package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a PostgreSQL that lives as long as this program.
type Server struct {
	folder string // of its socket
	made   atomic.Int64
}

// Database makes an empty database and returns its address.
func (s *Server) Database(ctx context.Context) (string, error) {
	name := "t" + strconv.FormatInt(s.made.Add(1), 10)
	db, err := sql.Open("pgx", address(s.folder, "postgres"))
	if err != nil {
		return "", err
	}
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	return address(s.folder, name), errors.Join(err, db.Close())
}

func address(folder, database string) string {
	return "postgres://postgres@/" + database + "?" + url.Values{"host": {folder}, "sslmode": {"disable"}}.Encode()
}

// StartPostgres starts a server with options. A shell that holds its standard input open waits for the end of this program, stops the
// server and removes its folder. Where there is no PostgreSQL its error is [exec.ErrNotFound].
func StartPostgres(options ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "antin-pg")
	if err != nil {
		return nil, err
	}
	as, err := asPostgres(dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	as(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	given := "-k " + dir + " -c listen_addresses='' -c max_connections=200 -c max_pred_locks_per_transaction=256 " + strings.Join(options, " ")
	begin := exec.CommandContext(ctx, filepath.Join(bin, "pg_ctl"), "-D", dir+"/data", "-l", dir+"/log", "-w", "-o", given, "start")
	as(begin)
	if err := begin.Run(); err != nil {
		log, _ := os.ReadFile(dir + "/log") //nolint:errcheck // it only adds to the error
		return nil, fmt.Errorf("pg_ctl: %w: %s", err, log)
	}
	end := exec.CommandContext(context.Background(), "sh", "-c", `cat >/dev/null; "$0/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1; rm -rf "$1"`, bin, dir)
	as(end)
	alive, err := end.StdinPipe()
	if err != nil {
		return nil, err
	}
	go func() { // holds the pipe open until this program ends
		<-context.Background().Done()
		alive.Close()
	}()
	return &Server{folder: dir}, end.Start()
}

func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("initdb: %w", exec.ErrNotFound)
	}
	return filepath.Dir(found[len(found)-1]), nil
}
