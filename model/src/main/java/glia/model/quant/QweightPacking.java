package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.Optional;

/// The tensors of GPTQ and AWQ: codes packed in 32-bit words, `….qweight`, with zero points `….qzeros` and scales
/// `….scales` per group of inputs.
interface QweightPacking extends Packings.Packing {
    /// The name suffix of the codes.
    String CODES = ".qweight";

    @Override
    default Optional<String> weight(String name, Parts parts) {
        return name.endsWith(CODES) ? Optional.of(base(name) + ".weight") : Optional.empty();
    }

    /// The common name prefix of a weight's tensors.
    static String base(String name) {
        return name.substring(0, name.length() - CODES.length());
    }

    /// The inputs per group; 0 for one group, which files write as -1.
    static int groupSize(Config q) throws CheckpointException {
        int size = q.integer("group_size", 128);
        if (size < 1 && size != -1) {
            throw q.error("group_size", "found " + size + ", expected at least 1, or -1");
        }
        return Math.max(0, size);
    }

    /// A constant zero point in the middle, from symmetric quantization, becomes part of the code type.
    static QuantizedMatrix.Parts parts(int bits, Tensor codes, Tensor scales, Tensor zeros) {
        if (Repack.all(zeros, 1 << bits - 1)) {
            return new QuantizedMatrix.Parts(
                    bits == 4 ? Code.OFFSET4 : Code.OFFSET8, codes, scales, Optional.empty(), 1);
        }
        return new QuantizedMatrix.Parts(bits == 4 ? Code.U4 : Code.U8, codes, scales, Optional.of(zeros), 1);
    }
}
