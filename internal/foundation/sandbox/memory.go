package sandbox

import "github.com/tetratelabs/wazero/experimental"

// memory is the one memory of the module: laid out whole, so that growing copies nothing; what is not used takes no room. It remembers that
// more was asked of it than there is.
type memory struct {
	bytes   []byte
	refused bool
}

// Allocate implements [experimental.MemoryAllocator].
func (m *memory) Allocate(uint64, uint64) experimental.LinearMemory { return m }

// Reallocate implements [experimental.LinearMemory].
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.bytes)) {
		m.refused = true
		return nil
	}
	return m.bytes[:size]
}

// Free implements [experimental.LinearMemory].
func (m *memory) Free() { m.bytes = nil }
