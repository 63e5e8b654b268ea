package glia.model.quant;

import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// Makes coded matrices whose inputs were put into groups one after the other, or in the order of their activations.
final class Grouped {
    private static final String SORTED = " act-order";

    private Grouped() { }

    /// A matrix with groups of `size` inputs. Codes of sorted inputs are laid out in the groups' order where that is
    /// possible, for then products need not look up each number's group.
    ///
    /// @param bits of a code
    /// @param groups the group of each input, if the file says so
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

    /// The inputs sorted by their groups, if then each group has `size` of them and only the last may have fewer.
    private static Optional<int[]> order(int[] groups, int size) {
        int[] order = IntStream.range(0, groups.length).boxed().sorted(Comparator.comparingInt(k -> groups[k]))
                .mapToInt(Integer::intValue).toArray();
        return IntStream.range(0, order.length).allMatch(p -> groups[order[p]] == p / size) ? Optional.of(order)
                : Optional.empty();
    }
}
