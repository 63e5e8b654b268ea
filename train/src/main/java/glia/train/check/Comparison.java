package glia.train.check;

import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.Set;

/// Compares the results of a case with those of the reference and keeps the one with the largest share of its
/// tolerance.
///
/// The difference of a tensor is the largest difference of a value, divided by the reference's largest magnitude; that
/// of a scalar is divided by its magnitude, but at least by 0.01. Values that are not finite must be equal.
public final class Comparison {
    /// The tolerance for F32 arithmetic.
    public static final double F32 = 1e-4;
    /// The tolerance for F64 arithmetic on stored F32 inputs.
    public static final double F64 = 1e-6;

    private static final double LEAST_SCALAR = 1e-2;
    private static final String GRADIENT = "grad_";

    private final ReferenceCase reference;
    private final WorstDifference worst = new WorstDifference();

    Comparison(ReferenceCase reference) {
        this.reference = reference;
    }

    /// Compares a scalar.
    public void scalar(String name, double actual, double limit) {
        double expected = reference.scalar(name);
        worst.keep(name, WorstDifference.ratio(actual, expected, Math.max(LEAST_SCALAR, Math.abs(expected))), limit);
    }

    /// Compares a tensor. A gradient `grad_NAME` has the shape of the input NAME of the batch.
    ///
    /// @throws IllegalArgumentException if the number of values, or the shape of a gradient, differs
    public void tensor(String name, double[] actual, double limit) {
        double[] expected = reference.tensor(name).values();
        String input = name.startsWith(GRADIENT) ? name.substring(GRADIENT.length()) : "";
        if (!input.isEmpty() && reference.hasInput(input)
                && !Arrays.equals(reference.tensor(name).shape(), reference.input(input).shape())) {
            throw new IllegalArgumentException(name + " is " + Arrays.toString(reference.tensor(name).shape())
                    + ", but " + input + " is " + Arrays.toString(reference.input(input).shape()));
        }
        if (expected.length != actual.length) {
            throw new IllegalArgumentException(name + ": computed " + actual.length + " values, the reference has "
                    + Arrays.toString(reference.tensor(name).shape()));
        }
        values(name, actual, expected, limit);
    }

    /// Compares an F32 tensor.
    public void tensor(String name, Tensor actual, double limit) {
        double[] values = new double[Math.toIntExact(actual.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = actual.get(i);
        }
        tensor(name, values, limit);
    }

    /// Compares values with others of the same number that were read elsewhere.
    public void values(String name, double[] actual, double[] expected, double limit) {
        worst.values(name, actual, expected, limit);
    }

    /// The result.
    ///
    /// @throws IllegalArgumentException if a parameter was not read, a result was not compared or there is none
    CaseResult result() {
        Set<String> unread = reference.params().unread();
        if (!unread.isEmpty()) {
            throw new IllegalArgumentException("the parameters " + unread + " are not supported");
        }
        Set<String> unused = reference.unused();
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("the results " + unused + " are not supported");
        }
        return worst.of(reference.id());
    }
}
