package glia.kernels.code;

import static glia.kernels.code.SystemMemory.EXECUTE;
import static glia.kernels.code.SystemMemory.READ;
import static glia.kernels.code.SystemMemory.WRITE;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

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

    /// Callable machine code with six integer arguments and one integer result. All functions share one method handle,
    /// which takes the address as an argument: creating a handle takes milliseconds, passing the address less than a
    /// nanosecond.
    ///
    /// A call is *critical* (`Linker.Option.critical`): it costs 3 to 4 ns, and the garbage collector waits for it.
    /// Functions therefore run for at most about 10 µs; loops over tiles are in Java. Memory accesses are not checked:
    /// callers check sizes and addresses.
    public static final class Function {
        private static final MethodHandle CALL = handle();

        private final MemorySegment entry;
        private final Object owner;

        /// @param address the address of the code
        /// @param owner an object that keeps the code in memory as long as it is reachable
        public Function(long address, Object owner) {
            entry = MemorySegment.ofAddress(address);
            this.owner = owner;
        }

        @SuppressWarnings("restricted")
        private static MethodHandle handle() {
            var j = ValueLayout.JAVA_LONG;
            return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(j, j, j, j, j, j, j),
                    Linker.Option.critical(false)).asType(MethodType.methodType(long.class, MemorySegment.class,
                    long.class, long.class, long.class, long.class, long.class, long.class));
        }

        long address() {
            return entry.address();
        }

        /// Calls the code with its arguments in RDI, RSI, RDX, RCX, R8 and R9.
        ///
        /// @return the value of RAX
        public long call(long a, long b, long c, long d, long e, long f) {
            try {
                return (long) CALL.invokeExact(entry, a, b, c, d, e, f);
            } catch (Throwable t) {
                // Machine code throws nothing.
                throw new AssertionError(t);
            } finally {
                Reference.reachabilityFence(owner);
            }
        }
    }

    /// Functions by number (a size, a type's ordinal), each emitted at its first use to a page of its own and then
    /// kept: a model needs two or three of a dozen.
    public static final class CodeOnDemand {
        private final Arena arena;
        private final IntFunction<byte[]> emit;
        /// Read without a lock, since workers read it for each call: a function has only final fields.
        private final Function[] made;

        /// @param arena the arena for the pages; the one of the constants that the code reads, so that both live
        ///        equally long
        /// @param count the largest number plus one
        /// @param emit returns the code for a number
        public CodeOnDemand(Arena arena, int count, IntFunction<byte[]> emit) {
            this.arena = arena;
            this.emit = emit;
            made = new Function[count];
        }

        public Function of(int number) {
            Function known = made[number];
            return known != null ? known : makeOnce(number);
        }

        private synchronized Function makeOnce(int number) {
            if (made[number] == null) {
                made[number] = CodePages.seal(arena, List.of(emit.apply(number))).function(0);
            }
            return made[number];
        }
    }

    /// Thrown if machine code cannot be emitted or run here. The message is the reason, as the end of a sentence after
    /// "since".
    public static final class CodeUnavailableException extends RuntimeException {
        private static final long serialVersionUID = 1;

        public CodeUnavailableException(String reason) {
            super(reason);
        }
    }
}
