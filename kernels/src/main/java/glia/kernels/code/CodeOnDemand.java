package glia.kernels.code;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.IntFunction;

/// Functions by number (a size, a type's ordinal), each emitted when it is first needed, in a page of its own, and
/// kept: of a dozen a model needs two or three.
public final class CodeOnDemand {
    private final Arena arena;
    private final IntFunction<byte[]> emit;
    /// Read without a lock, since workers come here for each call: a function holds nothing but final fields.
    private final Function[] made;

    /// @param arena for the pages; that of the constants which the code reads, so that these stay as long
    /// @param count one more than the largest number
    /// @param emit the code of a number
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
