package glia.kernels.code;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;

/// Callable machine code with six integer arguments and one integer result. All functions share one method handle,
/// which takes the address as an argument: creating a handle takes milliseconds, passing the address less than a
/// nanosecond.
///
/// A call is *critical* (`Linker.Option.critical`): it costs 3 to 4 ns, and the garbage collector waits for it.
/// Functions therefore run for at most about 10 µs; loops over tiles are in Java. Memory accesses are not checked:
/// callers check sizes and addresses.
public final class Function {
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
                Linker.Option.critical(false)).asType(MethodType.methodType(long.class, MemorySegment.class, long.class,
                long.class, long.class, long.class, long.class, long.class));
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
