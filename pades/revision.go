package pades

import (
	"encoding/hex"
	"fmt"
)

// revision is a finished tail with one place left open: the hexadecimal digits of /Contents.
type revision struct {
	base     int64 // bytes before the tail
	tail     []byte
	contents int64 // absolute offset of the first digit
	room     int   // bytes of CMS or token that the place holds
}

// byteRange covers everything but /Contents with its angle brackets (ISO 32000-2, 12.8.1).
func (r *revision) byteRange() [4]int64 {
	gap, after := r.contents-1, r.contents+2*int64(r.room)+1
	return [4]int64{0, gap, after, r.base + int64(len(r.tail)) - after}
}

func (r *revision) spellByteRange() string {
	b := r.byteRange()
	return fmt.Sprintf("%d %d %d %d", b[0], b[1], b[2], b[3])
}

// covered is the tail without the place: what is hashed after the base.
func (r *revision) covered() (before, after []byte) {
	b := r.byteRange()
	return r.tail[:b[1]-r.base], r.tail[b[2]-r.base:]
}

// put fills the place; what it does not need stays zero.
func (r *revision) put(der []byte, field string) error {
	if len(der) > r.room {
		return &RoomError{Field: field, Needed: len(der), Reserved: r.room}
	}
	hex.Encode(r.tail[r.contents-r.base:], der)
	return nil
}
