package glia.model.quant;

import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// Builds quantized matrices with groups of inputs, in sequence or in activation order (`desc_act`).
final class Grouped {
    private static final String SORTED = " act-order";

    private Grouped() { }

    /// A matrix with groups of `size` inputs. Codes in activation order are sorted by group if possible, so that the
    /// GEMM needs no group lookup per weight.
    ///
    /// @param bits bits per code
    /// @param groups the group of each input, if the file has `g_idx`
    /// @param parts the stored tensors, with codes in the order of the inputs
    static QuantizedMatrix matrix(String format, int rows, int cols, int bits, int size, Optional<int[]> groups,
            long sizeBytes, Supplier<Parts> parts) {
        Grouping.Blocks blocks = new Grouping.Blocks(1, size);
        if (groups.isEmpty() || IntStream.range(0, cols).allMatch(k -> groups.get()[k] == k / size)) {
            return new QuantizedMatrix(format, rows, cols, blocks, sizeBytes, parts);
        }
        Optional<int[]> order = order(groups.get(), size);
        return order.isEmpty()
                ? new QuantizedMatrix(format + SORTED, rows, cols, new Grouping.Columns(groups.get()), sizeBytes, parts)
                : new QuantizedMatrix(format + SORTED, rows, order.get(), blocks, sizeBytes, () -> {
                    Parts p = parts.get();
                    return new Parts(p.code(), Repack.ordered(p.codes(), bits, order.get()), p.scales(), p.zeros(),
                            p.divisor());
                });
    }

    /// The inputs sorted by group, if each group then has `size` inputs; the last may have fewer.
    private static Optional<int[]> order(int[] groups, int size) {
        int[] order = IntStream.range(0, groups.length).boxed().sorted(Comparator.comparingInt(k -> groups[k]))
                .mapToInt(Integer::intValue).toArray();
        return IntStream.range(0, order.length).allMatch(p -> groups[order[p]] == p / size) ? Optional.of(order)
                : Optional.empty();
    }
}
