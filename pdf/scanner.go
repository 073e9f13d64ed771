package pdf

import (
	"bytes"
	"errors"
)

// Scanner reads the operands and operators of a content stream or a CMap. Not safe for concurrent use.
type Scanner struct{ l *lexer }

// NewScanner reads data from its start.
func NewScanner(data []byte) *Scanner {
	return &Scanner{l: bytesLexer(data, 0, Limits{Depth: 32, ObjectBytes: 16 << 20})}
}

// Next is the next operand (op is "") or operator; ok is false at the end. What cannot be read is passed over.
func (s *Scanner) Next() (o Object, op string, ok bool) {
	for {
		s.l.skip()
		if s.l.peek() < 0 {
			return nil, "", false
		}
		s.l.from = s.l.pos
		o, err := s.l.object(0)
		var k keywordError
		switch {
		case err == nil:
			return o, "", true
		case errors.As(err, &k) && k.word != "":
			return nil, k.word, true
		}
		if s.l.pos <= s.l.from {
			s.l.pos++
		}
	}
}

// SkipInlineImage passes the data of an inline image, after BI was read (ISO 32000-2, 8.9.7).
func (s *Scanner) SkipInlineImage() {
	for i := s.l.pos; i < s.l.size; i++ {
		at := bytes.Index(s.l.buf[i:], []byte("EI"))
		if at < 0 {
			s.l.pos = s.l.size
			return
		}
		i += int64(at)
		before, after := i > 0 && isSpace(int(s.l.buf[i-1])), i+2 >= s.l.size || isSpace(int(s.l.buf[i+2]))
		if before && after {
			s.l.pos = i + 2
			return
		}
	}
	s.l.pos = s.l.size
}
