package glia.kernels.code;

import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The calls of the C library that hand out memory with rights, and one that asks for registers. They have no checks;
/// see mmap(2), mprotect(2), memfd_create(2).
public final class SystemMemory {
    public static final int NONE = 0;
    public static final int READ = 1;
    public static final int WRITE = 2;
    static final int EXECUTE = 4;
    public static final long FAILED = -1;

    /// The largest page of any system that code is emitted for.
    private static final long PAGE = 16_384;
    private static final int DONT_NEED = 4;
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

    /// Looking a name up takes as long as a call, so it is done once.
    private static final Map<String, Function> SYMBOLS = new ConcurrentHashMap<>();

    private SystemMemory() { }

    /// New memory of zeros, or FAILED.
    public static long map(long sizeBytes, int rights) {
        return symbol("mmap").call(0, sizeBytes, rights, PRIVATE | ANONYMOUS, -1, 0);
    }

    /// New memory of zeros that begins a page and takes room only where it is touched, freed with the arena. Where it
    /// is large, whole huge pages are asked for: a pass reads it from end to end, and the processor then finds the
    /// pages' addresses sooner.
    ///
    /// @throws OutOfMemoryError if there is none
    @SuppressWarnings("restricted")
    public static MemorySegment allocate(Arena arena, long sizeBytes) {
        long huge = sizeBytes & -HUGE_PAGE;
        long reserved = huge == 0 ? sizeBytes : sizeBytes + HUGE_PAGE;
        long start = map(reserved, READ | WRITE);
        if (start == FAILED) {
            throw new OutOfMemoryError("no " + sizeBytes + " bytes of memory for packed numbers");
        }
        long address = start;
        if (huge != 0 && !IS_MAC) {
            address = start + HUGE_PAGE - 1 & -HUGE_PAGE;
            symbol("madvise").call(address, huge, WANT_HUGE_PAGES, 0, 0, 0);
        }
        return MemorySegment.ofAddress(address).reinterpret(sizeBytes, arena, _ -> unmap(start, reserved));
    }

    /// The memory behind a file descriptor, or FAILED.
    static long mapShared(long sizeBytes, int rights, int file) {
        return symbol("mmap").call(0, sizeBytes, rights, SHARED, file, 0);
    }

    public static void unmap(long address, long sizeBytes) {
        symbol("munmap").call(address, sizeBytes, 0, 0, 0, 0);
    }

    /// Takes a tensor's whole pages out of the process's resident memory if they are those of a mapped file; they are
    /// read again when they are touched. Not for other memory, nor for numbers that were changed: they could be lost.
    public static void forget(Tensor t) {
        long from = (t.address() + PAGE - 1) & -PAGE;
        long to = t.address() + t.sizeBytes() & -PAGE;
        if (to > from && t.memory().isMapped() && t.version() == 0) {
            symbol("madvise").call(from, to - from, DONT_NEED, 0, 0, 0);
        }
    }

    /// Changes rights; whether the system allowed it.
    public static boolean protect(long address, long sizeBytes, int rights) {
        return (int) symbol("mprotect").call(address, sizeBytes, rights, 0, 0, 0) == 0;
    }

    /// A file in memory without a name in the file system, of this size, or FAILED.
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

    /// Memory for the numbers in between: at least one byte, since the system gives none of 0, freed when it is no
    /// longer reachable.
    public static MemorySegment scratch(long sizeBytes) {
        return allocate(Arena.ofAuto(), Math.max(1, sizeBytes));
    }

    static void close(int file) {
        symbol("close").call(file, 0, 0, 0, 0, 0);
    }

    /// Asks for the right to use tile registers, which Linux grants to a process for all its threads (arch_prctl(2)):
    /// whether it did.
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

    /// Asks again for new memory to be made executable, in order to say why it was refused. The handle that keeps the
    /// system's error number is made only here, since it would cost every start some milliseconds.
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
            return result == 0 ? "for the moment" : "error " + error + (forbidden ? ", not permitted" : "");
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
