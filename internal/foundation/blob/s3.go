package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"sync"
	"time"

	minio "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// S3 keeps objects in a bucket. What is being written is an upload in parts, which becomes an object when it is complete.
type S3 struct {
	core   minio.Core
	bucket string
	parts  sync.Pool // of *[]byte
}

const (
	// partSize times the 10,000 parts that S3 allows is more than MaxSize.
	partSize = 8 << 20
	// s3Tries bounds how often a request is sent again that found nobody or a server in trouble.
	s3Tries = 4
)

// NewS3 opens a bucket, which must exist. transport nil is one with this package's limits.
func NewS3(ctx context.Context, c config.S3, transport http.RoundTripper) (*S3, error) {
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       time.Minute,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			DisableCompression:    true,
		}
	}
	client, err := minio.New(c.Endpoint.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(c.KeyID, c.Secret, ""),
		Secure:     c.Endpoint.Scheme == "https",
		Region:     c.Region,
		Transport:  transport,
		MaxRetries: s3Tries,
	})
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrStorage, c.Endpoint.Host).Because(err)
	}
	s := &S3{core: minio.Core{Client: client}, bucket: c.Bucket}
	s.parts.New = func() any { b := make([]byte, partSize); return &b }
	ok, err := client.BucketExists(ctx, c.Bucket)
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrStorage, c.Endpoint.Host+"/"+c.Bucket).Because(err)
	}
	return s, nil
}

// Write is [Driver]'s.
func (s *S3) Write(ctx context.Context, key string, r io.Reader) error {
	buffer, ok := s.parts.Get().(*[]byte)
	if !ok {
		return errors.ErrUnsupported
	}
	defer s.parts.Put(buffer)
	from := &source{ctx: ctx, r: r}
	n, err := part(from, *buffer)
	if err != nil {
		return err
	}
	if n < partSize {
		_, err := s.core.PutObject(ctx, s.bucket, key, bytes.NewReader((*buffer)[:n]), int64(n), "", "", minio.PutObjectOptions{})
		return explainS3(err)
	}
	upload, err := s.core.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return explainS3(err)
	}
	if err := s.upload(ctx, key, upload, from, (*buffer)[:n]); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetting)
		defer cancel()
		if e := s.core.AbortMultipartUpload(ctx, s.bucket, key, upload); e != nil && minio.ToErrorResponse(e).Code != minio.NoSuchUpload {
			err = errors.Join(err, e) // collection finds it
		}
		return err
	}
	return nil
}

// part reads up to a whole buffer; less than that is the end.
func part(r *source, b []byte) (n int, err error) {
	n, err = io.ReadFull(r, b)
	if r.err != nil {
		return n, r.err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// upload sends the part in the buffer and those that follow it.
func (s *S3) upload(ctx context.Context, key, upload string, from *source, buffer []byte) error {
	var sent []minio.CompletePart
	for n := len(buffer); n > 0; {
		p, err := s.core.PutObjectPart(ctx, s.bucket, key, upload, len(sent)+1, bytes.NewReader(buffer[:n]), int64(n), minio.PutObjectPartOptions{})
		if err != nil {
			return explainS3(err)
		}
		sent = append(sent, minio.CompletePart{PartNumber: p.PartNumber, ETag: p.ETag, ChecksumCRC32C: p.ChecksumCRC32C})
		if n < len(buffer) {
			break
		}
		if n, err = part(from, buffer); err != nil {
			return err
		}
	}
	_, err := s.core.CompleteMultipartUpload(ctx, s.bucket, key, upload, sent, minio.PutObjectOptions{})
	return explainS3(err)
}

// Read is [Driver]'s.
func (s *S3) Read(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	var o minio.GetObjectOptions
	if offset > 0 || n >= 0 {
		to := int64(0) // to the end
		if n >= 0 {
			to = offset + n - 1
		}
		if err := o.SetRange(offset, to); err != nil {
			return nil, explainS3(err)
		}
	}
	r, _, _, err := s.core.GetObject(ctx, s.bucket, key, o)
	if err != nil {
		return nil, explainS3(err)
	}
	if n >= 0 { // a server that knows no ranges sends all; from the beginning, that does no harm
		return limited{io.LimitReader(r, n), r}, nil
	}
	return r, nil
}

// Stat is [Driver]'s.
func (s *S3) Stat(ctx context.Context, key string) (int64, error) {
	i, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	return i.Size, explainS3(err)
}

// Remove is [Driver]'s.
func (s *S3) Remove(ctx context.Context, i Item) error {
	var err error
	if i.Unfinished != "" {
		err = s.core.AbortMultipartUpload(ctx, s.bucket, i.Key, i.Unfinished)
	} else {
		err = s.core.RemoveObject(ctx, s.bucket, i.Key, minio.RemoveObjectOptions{})
	}
	if code := minio.ToErrorResponse(err).Code; code == minio.NoSuchUpload || code == minio.NoSuchKey {
		return nil
	}
	return explainS3(err)
}

// List is [Driver]'s.
func (s *S3) List(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the listing when the caller has enough
		defer cancel()
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Recursive: true}) {
			if o.Err != nil {
				yield(Item{}, explainS3(o.Err))
				return
			}
			if !yield(Item{Key: o.Key, At: o.LastModified, Size: o.Size}, nil) {
				return
			}
		}
		keyMarker, uploadMarker := "", ""
		for {
			page, err := s.core.ListMultipartUploads(ctx, s.bucket, "", keyMarker, uploadMarker, "", 0)
			if err != nil {
				yield(Item{}, explainS3(err))
				return
			}
			for _, u := range page.Uploads {
				if !yield(Item{Key: u.Key, At: u.Initiated, Size: u.Size, Unfinished: u.UploadID}, nil) {
					return
				}
			}
			if !page.IsTruncated || page.NextKeyMarker == keyMarker && page.NextUploadIDMarker == uploadMarker {
				return
			}
			keyMarker, uploadMarker = page.NextKeyMarker, page.NextUploadIDMarker
		}
	}
}

// explainS3 makes a fault of what a server answers.
func explainS3(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	r := minio.ToErrorResponse(err)
	switch {
	case r.Code == minio.NoSuchKey || r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket:
		return fault.New(fault.Unavailable, ErrStorage, "").Because(fmt.Errorf("%w: %w", fs.ErrNotExist, err))
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return fault.New(fault.Unavailable, ErrStorage, "").Because(fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err))
	case r.StatusCode == http.StatusInsufficientStorage || r.Code == "XMinioStorageFull" || r.Code == "QuotaExceeded":
		return fault.New(fault.Full, ErrFull, "").Because(err)
	}
	return fault.New(fault.Unavailable, ErrStorage, "").Because(err)
}
