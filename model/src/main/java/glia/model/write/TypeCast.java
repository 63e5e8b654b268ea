package glia.model.write;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;

/// Casts a tensor to another type. A value that the type would round to infinity is an error.
final class TypeCast {
    private static final int CHUNK = 4096;
    /// F16 rounds to infinity from here on: halfway between its largest value, 65504, and the next step.
    private static final float F16_END = 65_520;
    private static final float Q8_LARGEST = 127;

    private TypeCast() { }

    /// The tensor itself if it has the type, else a copy in `arena`.
    ///
    /// @param name the tensor's name, for messages
    /// @throws IllegalArgumentException if the type cannot hold a value
    static Tensor of(String name, Tensor numbers, DType type, Arena arena) {
        if (numbers.dtype() == type) {
            return numbers;
        }
        if (type == DType.F32) {
            return Decode.widen(numbers, arena);
        }
        float end = end(type);
        if (end < Float.MAX_VALUE) {
            requireBelow(name, numbers, type, end);
        }
        try {
            return Encode.narrow(numbers, type, arena);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tensor " + name + ": " + e.getMessage(), e);
        }
    }

    /// The smallest value that is too large for a type; most block formats have F16 scales or offsets.
    private static float end(DType type) {
        return switch (type) {
            case F16, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q6_K -> F16_END;
            case Q8_0 -> Q8_LARGEST * F16_END;
            default -> Float.MAX_VALUE;
        };
    }

    private static void requireBelow(String name, Tensor numbers, DType type, float end) {
        float[] chunk = new float[(int) Math.min(CHUNK, numbers.size())];
        for (long at = 0; at < numbers.size(); at += CHUNK) {
            int n = (int) Math.min(CHUNK, numbers.size() - at);
            Decode.toFloats(numbers, at, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                if (Math.abs(chunk[i]) >= end && Float.isFinite(chunk[i])) {
                    throw new IllegalArgumentException("tensor " + name + " holds " + chunk[i] + " (number " + (at + i)
                            + "), which is beyond " + type + (type == DType.F16 ? ", whose largest is 65504" : "")
                            + "; take bf16 or f32");
                }
            }
        }
    }
}
