package glia.tensor.kernel.emitted;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.IntFunction;

/// Functions of sizes from 1 up, each emitted when it is first needed, in a page of its own, and kept: of a dozen sizes
/// a model needs two or three.
final class CodeOfSizes {
    private final IntFunction<byte[]> emit;
    /// Read without a lock, since workers come here for each call: a function holds nothing but final fields.
    private final Function[] made;

    /// @param most the largest size
    /// @param emit the code of a size
    CodeOfSizes(int most, IntFunction<byte[]> emit) {
        this.emit = emit;
        made = new Function[most + 1];
    }

    /// @param size 1 to the largest
    Function of(int size) {
        Function known = made[size];
        return known != null ? known : makeOnce(size);
    }

    private synchronized Function makeOnce(int size) {
        if (made[size] == null) {
            made[size] = CodePages.seal(Arena.ofAuto(), List.of(emit.apply(size))).function(0);
        }
        return made[size];
    }
}
