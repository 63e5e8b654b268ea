package glia.kernels.code;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.IntFunction;

/// Functions by number (a size, a type's ordinal), each emitted at its first use to a page of its own and then kept: a
/// model needs two or three of a dozen.
public final class CodeOnDemand {
    private final Arena arena;
    private final IntFunction<byte[]> emit;
    /// Read without a lock, since workers read it for each call: a function has only final fields.
    private final Function[] made;

    /// @param arena the arena for the pages; the one of the constants that the code reads, so that both live equally
    ///        long
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
