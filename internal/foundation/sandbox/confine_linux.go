//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine gives up what a child does not need, for good: what it inherited, room to grow, time, and every system call but those by which a
// program computes and uses what it has open. There is none among them that opens a file, a socket or another process.
func confine(memory int64, cpu int) error {
	if err := closeInherited(); err != nil {
		return fmt.Errorf("closing what was inherited: %w", err)
	}
	// When the machine runs out of memory, a child goes first. Some containers do not let it say so.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) //nolint:errcheck // as above
	data, err := dataSize()
	if err != nil {
		return fmt.Errorf("reading its own size: %w", err)
	}
	for what, limit := range map[int]unix.Rlimit{
		unix.RLIMIT_DATA:  {Cur: data + uint64(memory), Max: data + uint64(memory)},
		unix.RLIMIT_CPU:   {Cur: uint64(cpu), Max: uint64(cpu) + 1}, // a signal that tells why, then one that nobody withstands
		unix.RLIMIT_FSIZE: {}, unix.RLIMIT_CORE: {},
	} {
		if err := unix.Setrlimit(what, &limit); err != nil {
			return fmt.Errorf("limiting %d: %w", what, err)
		}
	}
	if err := filterCalls(); err != nil {
		return fmt.Errorf("filtering system calls: %w", err)
	}
	return nil
}

// closeInherited closes all but the three standard files and what the Go runtime waits with.
func closeInherited() error {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, name := range names {
		n, err := strconv.Atoi(name.Name())
		if err != nil || n < 3 {
			continue
		}
		to, err := os.Readlink(filepath.Join("/proc/self/fd", name.Name()))
		if err == nil && !strings.HasPrefix(to, "anon_inode:") { // the folder itself is closed by now
			_ = unix.Close(n) // closed is closed
		}
	}
	return nil
}

// dataSize is what RLIMIT_DATA counts, in bytes.
func dataSize() (uint64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "VmData:"); ok {
			kilobytes, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("no VmData")
}

// Offsets in struct seccomp_data (linux/seccomp.h).
const (
	callNumber   = 0
	callArch     = 4
	callArgument = 16
)

// filterCalls allows the calls of allowed to all threads of this process and refuses all others with EPERM. Threads may be made and
// signalled, other processes neither.
func filterCalls() error {
	const (
		yes = unix.SECCOMP_RET_ALLOW
		no  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	ret := func(what uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: what} }
	equal := func(k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jt: yes, Jf: no}
	}
	filter := []unix.SockFilter{
		load(callArch), equal(auditArch, 1, 0), ret(unix.SECCOMP_RET_KILL_PROCESS),
		load(callNumber),
		// A thread, not a process.
		equal(unix.SYS_CLONE, 0, 4), load(callArgument),
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.CLONE_THREAD, Jt: 0, Jf: 1}, ret(yes), ret(no),
		// C libraries try this first and then the older one, whose flags can be read here.
		equal(unix.SYS_CLONE3, 0, 1), ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)),
		// A signal to a thread of its own.
		equal(unix.SYS_TGKILL, 0, 4), load(callArgument), equal(uint32(os.Getpid()), 0, 1), ret(yes), ret(no),
	}
	for _, call := range allowed {
		filter = append(filter, equal(call, 0, 1), ret(yes))
	}
	filter = append(filter, ret(no))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // the first call is for this thread; the second takes the others with it
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))) //nolint:gosec // the kernel reads it before the call returns
	runtime.KeepAlive(filter)
	switch {
	case errno != 0:
		return errno
	case r != 0:
		return fmt.Errorf("thread %d keeps its rights", r)
	default:
		return nil
	}
}

// allowed are the calls of the Go runtime, of C's start of a thread, and reading and writing what is open. Memory may become executable:
// pdfium is.
var allowed = append([]uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_LSEEK, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_FCNTL,
	unix.SYS_PPOLL, unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK, unix.SYS_MEMBARRIER,
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_GET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SET_TID_ADDRESS, unix.SYS_GETTID, unix.SYS_GETPID,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL, unix.SYS_SETITIMER,
	unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_GETRUSAGE, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}, allowedHere...)
