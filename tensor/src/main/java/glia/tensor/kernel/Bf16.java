package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;

/// Rounding to BF16: the upper 16 bits of an F32 number, half to even.
final class Bf16 {
    private Bf16() { }

    /// The numbers of x rounded, as F32.
    static Tensor rounded(Tensor x, Arena arena) {
        Tensor narrow = x.dtype() == DType.BF16 ? x : Encode.narrow(Decode.widen(x, arena), DType.BF16, arena);
        return Decode.widen(narrow, arena);
    }
}
