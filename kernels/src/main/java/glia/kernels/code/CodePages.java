package glia.kernels.code;

import static glia.kernels.code.SystemMemory.EXECUTE;
import static glia.kernels.code.SystemMemory.READ;
import static glia.kernels.code.SystemMemory.WRITE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/// Memory pages with machine code. They are written first and then made executable, never both at a time (W^X), and are
/// unmapped with their arena. Functions begin at cache lines and keep the pages reachable, so an automatic arena does
/// not free them before the last function.
public final class CodePages {
    private static final int LINE = 64;
    private static final int PAGE = 4096;
    /// Fills the space between functions: `int3`, which stops the program.
    private static final byte TRAP = (byte) 0xcc;

    private final MemorySegment memory;
    private final Function[] functions;

    private CodePages(MemorySegment memory, long[] starts) {
        this.memory = memory;
        functions = new Function[starts.length];
        Arrays.setAll(functions, i -> new Function(memory.address() + starts[i], memory));
    }

    /// How written pages become executable.
    enum Way {
        /// By mprotect, the usual way.
        PROTECT,
        /// By an in-memory file that is mapped writable, unmapped, and mapped again as executable; for systems that do
        /// not make writable memory executable.
        MEMORY_FILE
    }

    /// Writes functions to new pages.
    ///
    /// @throws CodeUnavailableException if the system allows neither way
    public static CodePages seal(Arena arena, List<byte[]> functions) {
        return seal(arena, functions, List.of(Way.values()));
    }

    public static CodePages seal(Arena arena, List<byte[]> functions, List<Way> ways) {
        long[] starts = new long[functions.size()];
        int size = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = size;
            size = Math.ceilDiv(size + functions.get(i).length, LINE) * LINE;
        }
        byte[] code = new byte[Math.max(1, Math.ceilDiv(size, PAGE)) * PAGE];
        Arrays.fill(code, TRAP);
        for (int i = 0; i < starts.length; i++) {
            byte[] function = functions.get(i);
            System.arraycopy(function, 0, code, (int) starts[i], function.length);
        }
        String reason = "";
        for (Way way : ways) {
            try {
                long address = switch (way) {
                    case PROTECT -> protect(code);
                    case MEMORY_FILE -> memoryFile(code);
                };
                return new CodePages(owned(arena, address, code.length), starts);
            } catch (CodeUnavailableException e) {
                reason += (reason.isEmpty() ? "" : "; ") + e.getMessage();
            }
        }
        throw new CodeUnavailableException("the system refuses executable memory: " + reason);
    }

    @SuppressWarnings("restricted")
    private static MemorySegment owned(Arena arena, long address, long sizeBytes) {
        return MemorySegment.ofAddress(address)
                .reinterpret(sizeBytes, arena, memory -> SystemMemory.unmap(memory.address(), sizeBytes));
    }

    private static long protect(byte[] code) {
        long address = SystemMemory.map(code.length, READ | WRITE);
        if (address == SystemMemory.FAILED) {
            throw new CodeUnavailableException("no memory for " + code.length + " bytes of code");
        }
        write(code, address);
        if (!SystemMemory.protect(address, code.length, READ | EXECUTE)) {
            String why = SystemMemory.whyNotExecutable(address, code.length);
            SystemMemory.unmap(address, code.length);
            throw new CodeUnavailableException("mprotect fails (" + why + ")");
        }
        return address;
    }

    private static long memoryFile(byte[] code) {
        int file = SystemMemory.memoryFile(code.length);
        if (file < 0) {
            throw new CodeUnavailableException("memfd_create fails");
        }
        try {
            long writable = SystemMemory.mapShared(code.length, READ | WRITE, file);
            if (writable == SystemMemory.FAILED) {
                throw new CodeUnavailableException("an in-memory file cannot be mapped");
            }
            write(code, writable);
            SystemMemory.unmap(writable, code.length);
            long executable = SystemMemory.mapShared(code.length, READ | EXECUTE, file);
            if (executable == SystemMemory.FAILED) {
                throw new CodeUnavailableException("an in-memory file cannot be mapped as executable");
            }
            return executable;
        } finally {
            SystemMemory.close(file);
        }
    }

    private static void write(byte[] code, long address) {
        MemorySegment.copy(code, 0, glia.tensor.Memory.ALL, ValueLayout.JAVA_BYTE, address, code.length);
    }

    long sizeBytes() {
        return memory.byteSize();
    }

    /// The function of this number, in the order given.
    public Function function(int i) {
        return functions[i];
    }
}
