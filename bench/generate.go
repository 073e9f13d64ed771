package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// writer writes a classic PDF: objects in order, then the cross-reference table.
type writer struct {
	out     *bufio.Writer
	at      int64
	offsets []int64
}

func newWriter(w io.Writer) *writer {
	p := &writer{out: bufio.NewWriterSize(w, 1<<20)}
	p.text("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return p
}

func (p *writer) text(s string) {
	n, _ := p.out.WriteString(s) //nolint:errcheck // the error stays with the buffer until Flush
	p.at += int64(n)
}

// object begins the next object.
func (p *writer) object(body string) {
	p.offsets = append(p.offsets, p.at)
	n := len(p.offsets)
	p.text(strconv.Itoa(n))
	p.text(" 0 obj\n")
	p.text(body)
	p.text("\nendobj\n")
}

// frame writes catalog and page tree: objects 1 to 3, with the page's content in 4.
func (p *writer) frame() {
	p.object("<</Type/Catalog/Pages 2 0 R>>")
	p.object("<</Type/Pages/Kids[3 0 R]/Count 1>>")
	p.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R>>")
	p.object("<</Length 8>>\nstream\n0 0 m S \nendstream")
}

func (p *writer) finish() error {
	start := p.at
	p.text(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(p.offsets)+1))
	line := []byte("0000000000 00000 n \n")
	for _, o := range p.offsets {
		for i := 9; i >= 0; i, o = i-1, o/10 {
			line[i] = byte('0' + o%10)
		}
		p.text(string(line))
	}
	p.text(fmt.Sprintf("trailer\n<</Size %d/Root 1 0 R/ID[<%016x><%016x>]>>\nstartxref\n%d\n%%%%EOF\n", len(p.offsets)+1, start, start, start))
	return p.out.Flush()
}

// smallPDF is one page with a stream that does not compress; the seed makes it distinct.
func smallPDF(size int, seed uint64) []byte {
	var b bytes.Buffer
	p := newWriter(&b)
	p.frame()
	noise := make([]byte, size-900)
	_, _ = rand.NewChaCha8(seeded(seed)).Read(noise) //nolint:errcheck // never fails
	p.object(fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(noise), noise))
	_ = p.finish() //nolint:errcheck // into memory
	return b.Bytes()
}

// hugePDF is one page and a stream of that many bytes, which is a hole in the file where sparse.
func hugePDF(path string, size int64, sparse bool) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p := newWriter(f)
	p.frame()
	p.offsets = append(p.offsets, p.at)
	p.text(fmt.Sprintf("5 0 obj\n<</Length %d>>\nstream\n", size))
	if sparse {
		if err := p.out.Flush(); err != nil {
			return err
		}
		if _, err := f.Seek(size, io.SeekCurrent); err != nil {
			return err
		}
		p.at += size
	} else if err := p.noise(size); err != nil {
		return err
	}
	p.text("\nendstream\nendobj\n")
	if err := p.finish(); err != nil {
		return err
	}
	return f.Close()
}

// noise writes blocks that differ in their first eight bytes.
func (p *writer) noise(size int64) error {
	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8(seeded(1)).Read(block) //nolint:errcheck // never fails
	for n := uint64(0); size > 0; n++ {
		binary.BigEndian.PutUint64(block, n)
		part := block[:min(int64(len(block)), size)]
		if _, err := p.out.Write(part); err != nil {
			return err
		}
		p.at += int64(len(part))
		size -= int64(len(part))
	}
	return nil
}

// manyPDF has that many objects.
func manyPDF(path string, objects int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p := newWriter(f)
	p.offsets = make([]int64, 0, objects)
	p.frame()
	for len(p.offsets) < objects {
		p.object("(" + strconv.Itoa(len(p.offsets)) + ")")
	}
	if err := p.finish(); err != nil {
		return err
	}
	return f.Close()
}

// crowdedPDF has that many objects, of 250 bytes each, in 400 pages of links: a long report.
func crowdedPDF(objects int, seed uint64) []byte {
	var b bytes.Buffer
	p := newWriter(&b)
	const pages = 400
	first := 3 + pages // objects 3 to first-1 are pages, what they hold follows
	each := max(1, (objects-first)/pages)
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+i)
	}
	p.object("<</Type/Catalog/Pages 2 0 R>>")
	p.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids.String()))
	for i := range pages {
		var links strings.Builder
		for j := range each {
			fmt.Fprintf(&links, "%d 0 R ", first+i*each+j)
		}
		p.object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Annots[%s]>>", links.String()))
	}
	for i := range pages * each {
		p.object(fmt.Sprintf("<</Type/Annot/Subtype/Link/Rect[%d 100 %d 120]/Border[0 0 0]/A<</S/URI/URI(https://example.vn/%d/%d/%s)>>>>",
			i%500, i%500+50, seed, i, strings.Repeat("x", 110)))
	}
	_ = p.finish() //nolint:errcheck // into memory
	return b.Bytes()
}

func seeded(n uint64) (seed [32]byte) {
	binary.BigEndian.PutUint64(seed[:], n)
	return seed
}
