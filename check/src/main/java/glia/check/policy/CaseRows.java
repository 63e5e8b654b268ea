package glia.check.policy;

import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.stream.IntStream;

/// The tokens of a case's matrices `[B, T]` that its mask selects, as the rows of a loss.
final class CaseRows {
    private final int count;
    private final int width;
    private final int[] places;

    /// @param mask `[B, T]`, not 0 for tokens of the loss
    CaseRows(CaseTensor mask) {
        count = mask.dim(0);
        width = mask.dim(1);
        places = IntStream.range(0, mask.values().length).filter(i -> mask.values()[i] != 0).toArray();
    }

    int numSequences() {
        return count;
    }

    int width() {
        return width;
    }

    int numRows() {
        return places.length;
    }

    /// The sequence of each row.
    int[] sequences() {
        return Arrays.stream(places).map(i -> i / width).toArray();
    }

    /// The rows without columns.
    RolloutColumns columns() {
        return RolloutColumns.of(sequences(), count);
    }

    /// The place of each row in its completion.
    double[] places() {
        return Arrays.stream(places).mapToDouble(i -> i % width).toArray();
    }

    /// The numbers of rows in a matrix `[B, T]`, or those of their sequences in `[B]` or `[B, 1]`.
    double[] of(double[] matrix) {
        return Arrays.stream(places).mapToDouble(i -> matrix[matrix.length == count ? i / width : i]).toArray();
    }

    /// The numbers of rows in a matrix.
    double[] of(CaseTensor matrix) {
        return of(matrix.values());
    }

    /// The sums of a matrix by sequence, those of all places.
    double[] totals(CaseTensor matrix) {
        return IntStream.range(0, count).mapToDouble(i -> Arrays.stream(matrix.values(), i * width, (i + 1) * width)
                .sum()).toArray();
    }

    /// A batch with the advantages of sequences, `[B]`, or tokens, `[B, T]`.
    RolloutColumns batch(CaseTensor advantages) {
        return advantages.values().length == count && width > 1
                ? columns().withSequenceAdvantages(advantages.values()) : columns().withAdvantages(of(advantages));
    }

    /// The rows of a variable, whose gradient has the shape of the matrix.
    Value variable(ReferenceCase c, String name, CaseTensor matrix) {
        return c.variable(name, matrix.column()).rows(places);
    }

    /// Compares numbers of rows with a matrix at their places, or numbers of rows with those of their sequences.
    void compare(ReferenceCase c, String name, double[] rows, double limit) {
        c.compare(name, rows, of(c.tensor(name)), limit);
    }

    /// Compares numbers of rows of F32 arithmetic.
    void compare(ReferenceCase c, String name, double[] rows) {
        compare(c, name, rows, ReferenceCase.F32);
    }

    /// The numbers of a column.
    static double[] numbers(Value column) {
        return column.numbers();
    }
}
