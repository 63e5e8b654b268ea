package glia.io.safetensors;

import glia.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Map;

/// The data types of safetensors. The format's library writes tensors in this order of types, which aligns each to its
/// element size.
final class SafetensorsTypes {
    private static final Map<String, DType> TYPES = new LinkedHashMap<>();
    private static final DType[] ORDER = {
        DType.I64, DType.F64, DType.F32, DType.I32, DType.BF16, DType.F16, DType.I16, DType.F8_E8M0, DType.F8_E4M3,
        DType.F8_E5M2, DType.I8, DType.U8, DType.BOOL};

    static {
        for (DType dtype : ORDER) {
            TYPES.put(dtype.name(), dtype);
        }
    }

    private SafetensorsTypes() { }

    /// The type of this name, or null.
    static DType of(String name) {
        return TYPES.get(name);
    }

    /// All names, for messages.
    static String names() {
        return String.join(", ", TYPES.keySet());
    }

    /// The position of a type in the order of writing, or -1 if the format does not have it.
    static int order(DType dtype) {
        for (int i = 0; i < ORDER.length; i++) {
            if (ORDER[i] == dtype) {
                return i;
            }
        }
        return -1;
    }
}
