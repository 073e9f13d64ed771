package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // the standard handler's revisions 2 to 4 are made of it
	"crypto/rc4" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"io"
	"slices"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// crypt is the standard security handler (ISO 32000-2, 7.6.4), revisions 2 to 6.
type crypt struct {
	v, r     int
	key      []byte
	strings  method
	streams  method
	named    map[Name]method // the crypt filters that a stream may ask for by name
	metadata bool
	dict     Ref // the encryption dictionary's own object, never encrypted
}

type method int

const (
	methodIdentity method = iota
	methodRC4
	methodAESV2
	methodAESV3
)

var padding = []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")

func (d *Document) openEncryption(password []byte) error {
	d.perms = Permissions{Owner: true, Modify: true, Annotate: true, FillForms: true, Assemble: true}
	v := d.Latest()
	o := v.trailerEntry("Encrypt")
	if o == nil {
		return nil
	}
	dict, err := v.Dict(o)
	if err != nil {
		return err
	}
	if dict == nil {
		return codes.New(ErrDamaged, "reading", "the encryption dictionary", "it is missing")
	}
	if f, _ := dict["Filter"].(Name); f != "Standard" {
		return codes.New(ErrUnsupported, "opening", "the encryption "+string(f), "only the standard handler is supported")
	}
	c := &crypt{metadata: true}
	c.dict, _ = o.(Ref)
	if err := c.setup(v, dict); err != nil {
		return err
	}
	owner, err := c.unlock(v, dict, password)
	if err != nil {
		return err
	}
	if !owner {
		p := c.granted(v, dict)
		// ISO 32000-2, table 22: bits 4, 6, 9 and 11.
		d.perms = Permissions{Modify: p&(1<<3) != 0, Annotate: p&(1<<5) != 0, FillForms: p&(1<<8) != 0 || p&(1<<5) != 0, Assemble: p&(1<<10) != 0}
	}
	d.mu.Lock()
	clear(d.objects)
	clear(d.streams)
	d.mu.Unlock()
	d.crypt = c
	if d.rebuilt {
		all := map[int]entry{}
		var streams []Ref
		for _, r := range d.revisions[0].sections[0].runs {
			for i, e := range r.entries {
				all[r.first+i] = e
				if e.kind() != kindOffset {
					continue
				}
				if s, err := v.Stream(Ref{r.first + i, e.small()}); err == nil && s != nil && s.Dict["Type"] == Name("ObjStm") {
					streams = append(streams, Ref{r.first + i, e.small()})
				}
			}
		}
		d.addCompressed(all, streams)
		d.revisions[0].sections[0].runs = runsOf(all)
	}
	return nil
}

// granted are the bits of /P. From revision 5 on /P has no part in the key, but /Perms repeats it under the key: what was
// added to /P alone is not granted (ISO 32000-2, 7.6.4.4.12).
func (c *crypt) granted(v *View, dict Dict) int64 {
	p, _ := integer(dict["P"])
	o, _ := v.Resolve(dict["Perms"]) //nolint:errcheck // unreadable is absent
	sealed, _ := o.(String)
	if c.r < 5 || len(sealed) != aes.BlockSize {
		return p
	}
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return p
	}
	b := make([]byte, aes.BlockSize)
	if block.Decrypt(b, []byte(sealed)); string(b[9:12]) != "adb" {
		return p
	}
	return p & int64(int32(binary.LittleEndian.Uint32(b))) // /P is a signed number of 32 bits
}

func (c *crypt) setup(v *View, dict Dict) error {
	get := func(k Name) int {
		o, _ := v.Resolve(dict[k]) //nolint:errcheck // unreadable is absent
		n, _ := integer(o)
		return int(n)
	}
	c.v, c.r = get("V"), get("R")
	if b, ok := dict["EncryptMetadata"].(bool); ok {
		c.metadata = b
	}
	unsupported := func(what string) error {
		return codes.New(ErrUnsupported, "opening", "the encryption", what)
	}
	switch c.v {
	case 1, 2, 3:
		c.strings, c.streams = methodRC4, methodRC4
	case 4, 5:
		filters, err := v.Dict(dict["CF"])
		if err != nil {
			return err
		}
		filter := func(name Name) (method, error) {
			if name == "" || name == "Identity" {
				return methodIdentity, nil
			}
			f, err := v.Dict(filters[name])
			if err != nil {
				return 0, err
			}
			switch f["CFM"] {
			case Name("V2"):
				return methodRC4, nil
			case Name("AESV2"):
				return methodAESV2, nil
			case Name("AESV3"):
				return methodAESV3, nil
			case Name("None"), nil:
				return methodIdentity, nil
			}
			return 0, unsupported("the crypt filter is not known")
		}
		c.named = map[Name]method{}
		for name := range filters {
			if m, err := filter(name); err == nil {
				c.named[name] = m
			}
		}
		name, _ := dict["StmF"].(Name)
		if c.streams, err = filter(name); err != nil {
			return err
		}
		name, _ = dict["StrF"].(Name)
		if c.strings, err = filter(name); err != nil {
			return err
		}
	default:
		return unsupported("/V " + strconv.Itoa(c.v) + " is not known")
	}
	if c.r < 2 || c.r > 6 {
		return unsupported("/R " + strconv.Itoa(c.r) + " is not known")
	}
	return nil
}

// unlock finds the file key by the empty or the given password.
func (c *crypt) unlock(v *View, dict Dict, password []byte) (owner bool, err error) {
	str := func(k Name) []byte {
		o, _ := v.Resolve(dict[k]) //nolint:errcheck // unreadable is absent
		s, _ := o.(String)
		return []byte(s)
	}
	o, u, p := str("O"), str("U"), int64(0)
	if n, ok := integer(dict["P"]); ok {
		p = n
	}
	if c.r >= 5 {
		if len(o) < 48 || len(u) < 48 {
			return false, codes.New(ErrDamaged, "reading", "the encryption dictionary", "/O or /U is too short")
		}
		for _, pw := range [][]byte{password, nil} {
			if len(pw) > 127 {
				pw = pw[:127]
			}
			if bytes.Equal(c.hash(pw, o[32:40], u[:48]), o[:32]) {
				return true, c.fileKey(c.hash(pw, o[40:48], u[:48]), str("OE"))
			}
			if bytes.Equal(c.hash(pw, u[32:40], nil), u[:32]) {
				return false, c.fileKey(c.hash(pw, u[40:48], nil), str("UE"))
			}
		}
		return false, wrongPassword(password)
	}
	if len(o) < 32 || len(u) < 16 {
		return false, codes.New(ErrDamaged, "reading", "the encryption dictionary", "/O or /U is too short")
	}
	lengths := c.keyLengths(dict)
	id := fileID(v)
	for _, pw := range [][]byte{password, nil} {
		for _, length := range lengths {
			if c.tryUser(c.ownersUser(pw, o[:32], length), o, u, p, id, length) {
				return true, nil
			}
			if c.tryUser(pw, o, u, p, id, length) {
				return false, nil
			}
		}
	}
	return false, wrongPassword(password)
}

// keyLengths are those to try, in bytes: revision 2 has 5, crypt filters have 16, else /Length in bits counts. Where it is
// absent, writers mean 16 as well as the 5 of ISO 32000-1, table 20.
func (c *crypt) keyLengths(dict Dict) []int {
	n, _ := integer(dict["Length"])
	switch {
	case c.r < 3:
		return []int{5}
	case c.v == 4:
		return []int{16}
	case n >= 40 && n <= 128:
		return []int{int(n / 8)}
	}
	return []int{5, 16}
}

func wrongPassword(password []byte) error {
	if len(password) == 0 {
		return codes.New(ErrPassword, "opening", "the encrypted file", "it needs a password")
	}
	return codes.New(ErrPassword, "opening", "the encrypted file", "the password is wrong")
}

func fileID(v *View) []byte {
	a, _ := v.Array(v.trailerEntry("ID")) //nolint:errcheck // unreadable is absent
	if len(a) == 0 {
		return nil
	}
	o, _ := v.Resolve(a[0]) //nolint:errcheck // as above
	s, _ := o.(String)
	return []byte(s)
}

func padded(pw []byte) []byte { return append(slices.Clone(pw), padding...)[:32] }

// tryUser is algorithms 2, 4, 5 and 6 of ISO 32000-1, 7.6.3.
func (c *crypt) tryUser(pw, o, u []byte, p int64, id []byte, length int) bool {
	h := md5.New() //nolint:gosec // prescribed
	h.Write(padded(pw))
	h.Write(o[:32])
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(p)))
	h.Write(id)
	if c.r >= 4 && !c.metadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	if c.r >= 3 {
		for range 50 {
			sum := md5.Sum(key[:length]) //nolint:gosec // prescribed
			key = sum[:]
		}
	}
	key = key[:length]
	var want []byte
	if c.r == 2 {
		want = rc4Apply(key, padding)
		if !bytes.Equal(want, u[:min(32, len(u))]) {
			return false
		}
	} else {
		h := md5.New() //nolint:gosec // prescribed
		h.Write(padding)
		h.Write(id)
		want = rc4Apply(key, h.Sum(nil))
		for i := 1; i < 20; i++ {
			want = rc4Apply(xored(key, byte(i)), want)
		}
		if !bytes.Equal(want, u[:16]) {
			return false
		}
	}
	c.key = key
	return true
}

// ownersUser is algorithm 7: the user's password that an owner's password opens.
func (c *crypt) ownersUser(pw, o []byte, length int) []byte {
	sum := md5.Sum(padded(pw)) //nolint:gosec // prescribed
	key := sum[:]
	if c.r >= 3 {
		for range 50 {
			sum := md5.Sum(key) //nolint:gosec // prescribed
			key = sum[:]
		}
	}
	key = key[:length]
	if c.r == 2 {
		return rc4Apply(key, o)
	}
	out := o
	for i := 19; i >= 0; i-- {
		out = rc4Apply(xored(key, byte(i)), out)
	}
	return out
}

func xored(key []byte, v byte) []byte {
	out := make([]byte, len(key))
	for i := range key {
		out[i] = key[i] ^ v
	}
	return out
}

func rc4Apply(key, data []byte) []byte {
	c, err := rc4.NewCipher(key) //nolint:gosec // prescribed
	if err != nil {
		return nil
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// hash is algorithm 2.A and 2.B of ISO 32000-2, 7.6.4.3.
func (c *crypt) hash(pw, salt, u []byte) []byte {
	first := sha256.Sum256(slices.Concat(pw, salt, u))
	if c.r == 5 {
		return first[:]
	}
	k := first[:]
	for i := 0; ; i++ {
		k1 := bytes.Repeat(slices.Concat(pw, k, u), 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		e := make([]byte, len(k1))
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, k1)
		mod := 0
		for _, b := range e[:16] {
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(e)
			k = s[:]
		case 1:
			s := sha512.Sum384(e)
			k = s[:]
		default:
			s := sha512.Sum512(e)
			k = s[:]
		}
		if i >= 63 && int(e[len(e)-1]) <= i-31 {
			return k[:32]
		}
	}
}

func (c *crypt) fileKey(intermediate, wrapped []byte) error {
	if len(wrapped) < 32 {
		return codes.New(ErrDamaged, "reading", "the encryption dictionary", "/OE or /UE is too short")
	}
	block, err := aes.NewCipher(intermediate)
	if err != nil {
		return codes.Wrap(ErrDamaged, "opening", "the file key", err)
	}
	c.key = make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(c.key, wrapped[:32])
	return nil
}

// objectKey is algorithm 1 of ISO 32000-1, 7.6.2.
func (c *crypt) objectKey(m method, r Ref) []byte {
	if m == methodAESV3 {
		return c.key
	}
	b := slices.Concat(c.key, []byte{
		byte(r.Number), byte(r.Number >> 8), byte(r.Number >> 16), byte(r.Generation), byte(r.Generation >> 8),
	})
	if m == methodAESV2 {
		b = append(b, "sAlT"...)
	}
	sum := md5.Sum(b) //nolint:gosec // prescribed
	return sum[:min(16, len(c.key)+5)]
}

func (c *crypt) decrypt(m method, r Ref, data []byte) []byte {
	switch m {
	case methodIdentity:
		return data
	case methodRC4:
		return rc4Apply(c.objectKey(m, r), data)
	case methodAESV2, methodAESV3:
	}
	if len(data) < 32 || len(data)%16 != 0 {
		return nil
	}
	block, err := aes.NewCipher(c.objectKey(m, r))
	if err != nil {
		return nil
	}
	out := make([]byte, len(data)-16)
	cipher.NewCBCDecrypter(block, data[:16]).CryptBlocks(out, data[16:])
	if n := int(out[len(out)-1]); n >= 1 && n <= 16 {
		out = out[:len(out)-n]
	}
	return out
}

func (c *crypt) encrypt(m method, r Ref, data []byte, rand io.Reader) ([]byte, error) {
	switch m {
	case methodIdentity:
		return data, nil
	case methodRC4:
		return rc4Apply(c.objectKey(m, r), data), nil
	case methodAESV2, methodAESV3:
	}
	block, err := aes.NewCipher(c.objectKey(m, r))
	if err != nil {
		return nil, err
	}
	n := 16 - len(data)%16
	plain := append(slices.Clone(data), bytes.Repeat([]byte{byte(n)}, n)...)
	out := make([]byte, 16+len(plain))
	if _, err := io.ReadFull(rand, out[:16]); err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, out[:16]).CryptBlocks(out[16:], plain) //nolint:gosec // drawn just above
	return out, nil
}

// open decrypts the strings of an object; streams are decrypted when they are decoded.
func (c *crypt) open(r Ref, o Object) Object {
	if r == c.dict {
		return o
	}
	switch o := o.(type) {
	case String:
		return String(c.decrypt(c.strings, r, []byte(o)))
	case Array:
		for i := range o {
			o[i] = c.open(r, o[i])
		}
	case Dict:
		// ISO 32000-2, 7.6.2: the value of /Contents in a signature dictionary is never encrypted.
		_, signature := o["ByteRange"]
		for k, v := range o {
			if signature && k == "Contents" {
				continue
			}
			o[k] = c.open(r, v)
		}
	case *Stream:
		if o.Dict["Type"] != Name("XRef") {
			c.open(r, o.Dict)
		}
	}
	return o
}

// methodOf is how a stream of these filters is encrypted: a Crypt filter of its own names another than the document's.
func (c *crypt) methodOf(dict Dict, filters []Name, params []Dict) method {
	switch {
	case dict["Type"] == Name("XRef") || dict["Type"] == Name("Metadata") && !c.metadata:
		return methodIdentity
	case len(filters) > 0 && filters[0] == "Crypt":
		name, _ := params[0]["Name"].(Name)
		return c.named[name] // Identity where it is not known
	}
	return c.streams
}
