package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;

/// Rounds to BF16: the upper 16 bits of an F32 value, half to even.
final class Bf16 {
    private Bf16() { }

    /// Returns x rounded to BF16, stored as F32.
    static Tensor rounded(Tensor x, Arena arena) {
        Tensor narrow = x.dtype() == DType.BF16 ? x : Encode.narrow(Decode.widen(x, arena), DType.BF16, arena);
        return Decode.widen(narrow, arena);
    }
}
