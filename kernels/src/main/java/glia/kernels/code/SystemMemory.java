package glia.kernels.code;

import glia.kernels.code.CodePages.CodeUnavailableException;
import glia.kernels.code.CodePages.Function;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Calls of the C library that map memory with access rights, and one that enables tile registers. Arguments are not
/// checked; see mmap(2), mprotect(2), memfd_create(2).
public final class SystemMemory {
    public static final int NONE = 0;
    public static final int READ = 1;
    public static final int WRITE = 2;
    static final int EXECUTE = 4;
    public static final long FAILED = -1;

    /// The largest page size of any supported system.
    private static final long PAGE = 16_384;
    private static final int DONT_NEED = 4;
    private static final int FREE = 5;
    private static final long HUGE_PAGE = 2 << 20;
    private static final int WANT_HUGE_PAGES = 14;
    private static final int SHARED = 1;
    private static final int PRIVATE = 2;
    private static final int CLOSE_ON_EXEC = 1;
    private static final int ARCH_PRCTL = 158;
    private static final int REQUEST_PERMISSION = 0x1023;
    private static final int TILES = 18;
    private static final boolean IS_MAC = System.getProperty("os.name", "").startsWith("Mac");
    private static final int ANONYMOUS = IS_MAC ? 0x1000 : 0x20;

    /// Symbol lookup takes as long as a call, so it is done once.
    private static final Map<String, Function> SYMBOLS = new ConcurrentHashMap<>();

    private SystemMemory() { }

    /// Maps zeroed memory; returns its address or FAILED.
    public static long map(long sizeBytes, int rights) {
        return symbol("mmap").call(0, sizeBytes, rights, PRIVATE | ANONYMOUS, -1, 0);
    }

    /// Allocates zeroed, page-aligned memory that is committed on first touch and freed with the arena. Large memory
    /// uses huge pages, since passes read it sequentially and huge pages reduce TLB misses.
    ///
    /// @throws OutOfMemoryError if there is no memory
    @SuppressWarnings("restricted")
    public static MemorySegment allocate(Arena arena, long sizeBytes) {
        long huge = sizeBytes & -HUGE_PAGE;
        long reserved = huge == 0 ? sizeBytes : sizeBytes + HUGE_PAGE;
        long start = map(reserved, READ | WRITE);
        if (start == FAILED) {
            throw new OutOfMemoryError("no " + sizeBytes + " bytes of memory for packed weights");
        }
        long address = start;
        if (huge != 0 && !IS_MAC) {
            address = start + HUGE_PAGE - 1 & -HUGE_PAGE;
            symbol("madvise").call(address, huge, WANT_HUGE_PAGES, 0, 0, 0);
        }
        return MemorySegment.ofAddress(address).reinterpret(sizeBytes, arena, _ -> unmap(start, reserved));
    }

    /// Maps a file descriptor; returns the address or FAILED.
    static long mapShared(long sizeBytes, int rights, int file) {
        return symbol("mmap").call(0, sizeBytes, rights, SHARED, file, 0);
    }

    public static void unmap(long address, long sizeBytes) {
        symbol("munmap").call(address, sizeBytes, 0, 0, 0, 0);
    }

    /// Drops a tensor's whole pages from the process's resident memory if they belong to a mapped file; they are read
    /// again on access. Must not be used for other memory, nor for changed values, which could be lost.
    public static void dropPages(Tensor t) {
        long from = (t.address() + PAGE - 1) & -PAGE;
        long to = t.address() + t.sizeBytes() & -PAGE;
        if (to > from && t.memory().isMapped() && t.version() == 0) {
            symbol("madvise").call(from, to - from, DONT_NEED, 0, 0, 0);
        }
    }

    /// Gives whole pages of private memory back to the system; what they held is lost, and they are committed again on
    /// access.
    ///
    /// @throws CodeUnavailableException if the system has no such call
    public static void giveBack(MemorySegment memory) {
        long from = (memory.address() + PAGE - 1) & -PAGE;
        long to = memory.address() + memory.byteSize() & -PAGE;
        Function advise = symbol("madvise");
        if (to > from) {
            advise.call(from, to - from, IS_MAC ? FREE : DONT_NEED, 0, 0, 0);
        }
    }

    /// Changes access rights; returns whether the system allowed it.
    public static boolean protect(long address, long sizeBytes, int rights) {
        return (int) symbol("mprotect").call(address, sizeBytes, rights, 0, 0, 0) == 0;
    }

    /// Creates an in-memory file of this size without a name in the file system; returns its descriptor or FAILED.
    static int memoryFile(long sizeBytes) {
        if (IS_MAC) {
            return (int) FAILED;
        }
        try (Arena arena = Arena.ofConfined()) {
            int file = (int) symbol("memfd_create")
                    .call(arena.allocateFrom("glia-code").address(), CLOSE_ON_EXEC, 0, 0, 0, 0);
            if (file >= 0 && (int) symbol("ftruncate").call(file, sizeBytes, 0, 0, 0, 0) != 0) {
                close(file);
                return (int) FAILED;
            }
            return file;
        }
    }

    /// Allocates scratch memory of at least one byte, since the system maps no empty memory; freed when no longer
    /// reachable.
    public static MemorySegment scratch(long sizeBytes) {
        return allocate(Arena.ofAuto(), Math.max(1, sizeBytes));
    }

    static void close(int file) {
        symbol("close").call(file, 0, 0, 0, 0, 0);
    }

    /// Requests permission for tile registers, which Linux grants to a process for all its threads (arch_prctl(2));
    /// returns whether it was granted.
    static boolean allowTiles() {
        return !IS_MAC && symbol("syscall").call(ARCH_PRCTL, REQUEST_PERMISSION, TILES, 0, 0, 0) == 0;
    }

    private static Function symbol(String name) {
        Function known = SYMBOLS.get(name);
        if (known == null) {
            known = new Function(find(name).address(), name);
            SYMBOLS.put(name, known);
        }
        return known;
    }

    private static MemorySegment find(String name) {
        return Linker.nativeLinker().defaultLookup().find(name)
                .orElseThrow(() -> new CodeUnavailableException("the C library has no " + name));
    }

    /// Tries again to make new memory executable, in order to report why it was refused. The method handle with the
    /// error number is created only here, since it would add milliseconds to every start.
    @SuppressWarnings("restricted")
    static String whyNotExecutable(long address, long sizeBytes) {
        var layout = Linker.Option.captureStateLayout();
        var j = ValueLayout.JAVA_LONG;
        MethodHandle protect = Linker.nativeLinker().downcallHandle(find("mprotect"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, j, j, j), Linker.Option.captureCallState("errno"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(layout);
            int result = (int) protect.invokeExact(state, address, sizeBytes, (long) (READ | EXECUTE));
            int error = state.get(ValueLayout.JAVA_INT, layout.byteOffset(
                    java.lang.foreign.MemoryLayout.PathElement.groupElement("errno")));
            boolean forbidden = error == 13 || error == 1;
            return result == 0 ? "succeeded when tried again" : "error " + error + (forbidden ? ", not permitted" : "");
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
