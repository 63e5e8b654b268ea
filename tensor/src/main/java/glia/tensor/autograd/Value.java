package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Tape;
import glia.tensor.ops.logits.Divergence;
import glia.tensor.ops.logits.LogSoftmax;
import glia.tensor.ops.logits.LogitDivergence;
import glia.tensor.ops.row.Columns.PickColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Linear.MatrixProduct;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Sums.ColumnSum;
import glia.tensor.ops.row.Sums.GroupMax;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Sums.RowSums;
import java.util.Arrays;
import java.util.function.Function;

/// A matrix with arithmetic operators for writing losses, recorded if its ops record. Mostly one value for each token
/// or sequence, `[N, 1]`.
///
/// ```java
/// Value ratio = logProbs.minus(old).exp();
/// Value gain = ratio.times(advantage).min(ratio.clamp(0.8, 1.2).times(advantage));
/// Value loss = gain.mean().times(-1);
/// ```
///
/// The second operand is broadcast: a column to all columns, a row to all rows, a single value to all.
public final class Value {
    private static final float SMALLEST_SQUARE = 1e-24f;

    private final Ops ops;
    private final Tensor tensor;

    /// @param tensor a result of these ops
    public Value(Ops ops, Tensor tensor) {
        this.ops = ops;
        this.tensor = tensor;
    }

    /// The values, valid until the ops are cleared.
    public Tensor tensor() {
        return tensor;
    }

    /// The value of a matrix `[1, 1]`.
    ///
    /// @throws IllegalStateException if it has more values
    public double number() {
        if (tensor.size() != 1) {
            throw new IllegalStateException("expected a single value, such as a sum or a mean, found " + tensor);
        }
        return tensor.get(0);
    }

    private Value of(Operation operation) {
        return new Value(ops, ops.apply(operation));
    }

    /// The result of an operation on this value, for what has no method here.
    public Value apply(Function<Tensor, Operation> operation) {
        return of(operation.apply(tensor));
    }

    private Value with(ElementwiseBinary.Function f, Value other) {
        return of(new ElementwiseBinary(f, tensor, other.tensor));
    }

    /// Creates a column of constants, one for each row.
    public Value constant(float... numbers) {
        return constant(ops, numbers);
    }

    /// Creates a column of constants.
    public Value constant(double... numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return constant(floats);
    }

    /// The numbers of all its rows and columns.
    public double[] numbers() {
        double[] numbers = new double[Math.toIntExact(tensor.size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tensor.get(i);
        }
        return numbers;
    }

    /// A column of constants.
    public static Value constant(Ops ops, float... numbers) {
        return new Value(ops, ops.apply(new Constant(numbers, numbers.length)));
    }

    /// Creates a column of the first `count` numbers.
    public static Value constant(Ops ops, float[] numbers, int count) {
        return new Value(ops, ops.apply(new Constant(numbers, count)));
    }

    // ---- elementwise ---------------------------------------------------------------------------------------------

    public Value plus(Value other) {
        return with(ElementwiseBinary.Function.PLUS, other);
    }

    public Value plus(double number) {
        return of(new ElementwiseMap(tensor, x -> x + number, x -> 1));
    }

    public Value minus(Value other) {
        return with(ElementwiseBinary.Function.MINUS, other);
    }

    public Value times(Value other) {
        return with(ElementwiseBinary.Function.TIMES, other);
    }

    public Value times(double number) {
        return of(new ElementwiseMap(tensor, x -> x * number, x -> number));
    }

    public Value dividedBy(Value other) {
        return with(ElementwiseBinary.Function.DIVIDED, other);
    }

    /// The elementwise minimum; where both are equal, the gradient goes to this value.
    public Value min(Value other) {
        return with(ElementwiseBinary.Function.MIN, other);
    }

    /// The elementwise maximum; where both are equal, the gradient goes to this value.
    public Value max(Value other) {
        return with(ElementwiseBinary.Function.MAX, other);
    }

    /// Computes `min(max(x, min), max)`. The gradient is 0 where a value is clamped.
    public Value clamp(double min, double max) {
        return of(new ElementwiseMap(tensor, x -> Math.clamp(x, min, max), x -> x >= min && x <= max ? 1 : 0));
    }

    public Value exp() {
        return of(new ElementwiseMap(tensor, Math::exp, Math::exp));
    }

    /// What is left of the exponential beyond its linear part, `eˣ - x - 1`, which differences of F32 values would
    /// lose for small x.
    public Value expRemainder() {
        return of(new ElementwiseMap(tensor, x -> Math.expm1(x) - x, Math::expm1));
    }

    /// The natural logarithm.
    public Value log() {
        return of(new ElementwiseMap(tensor, Math::log, x -> 1 / x));
    }

    /// The magnitude; its gradient at 0 is 0.
    public Value abs() {
        return of(new ElementwiseMap(tensor, Math::abs, Math::signum));
    }

    public Value square() {
        return of(new ElementwiseMap(tensor, x -> x * x, x -> 2 * x));
    }

    /// `ln σ(x) = -ln(1 + e^-x)`.
    public Value logSigmoid() {
        return of(new ElementwiseMap(tensor, x -> Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
                x -> 1 / (1 + Math.exp(x))));
    }

    /// The same values, without gradient flow (stop-gradient).
    public Value detached() {
        return of(new ElementwiseMap(tensor, x -> x, x -> 0));
    }

    // ---- rows and columns ----------------------------------------------------------------------------------------

    /// One column, `[N, 1]`.
    public Value column(int column) {
        return of(SliceColumns.of(tensor, column, 1));
    }

    /// Columns of each row, `[N, k]`: `columns[n·k + j]` is the j-th of row n.
    public Value pick(int... columns) {
        return of(new PickColumns(tensor, columns));
    }

    /// The dot products of all rows with all rows of another matrix, `this · otherᵀ`, `[N, M]`.
    public Value dots(Value other) {
        return of(new MatrixProduct(tensor, other.tensor));
    }

    /// The rows divided by their lengths (L2 norms).
    public Value unitRows() {
        return of(UnitNorm.length(tensor, tensor.cols(), SMALLEST_SQUARE));
    }

    /// A selection of rows.
    public Value rows(int... rows) {
        return new Value(ops, ops.select(tensor, rows, rows.length));
    }

    /// The log-probabilities of rows of logits.
    public Value logSoftmax() {
        return of(new LogSoftmax(tensor));
    }

    /// The sum of each row, `[N, 1]`.
    public Value rowSums() {
        return of(new RowSums(tensor));
    }

    /// Sums of rows by group, `[G, C]`, such as tokens by sequence.
    ///
    /// @param groups the group of each row, negative for none
    public Value groupSums(int[] groups, int numGroups) {
        return of(new GroupSums(tensor, groups, numGroups));
    }

    /// The largest values of rows by group, `[G, C]`. Each group has a row.
    ///
    /// @param groups the group of each row, negative for none
    public Value groupMax(int[] groups, int numGroups) {
        return of(new GroupMax(tensor, groups, numGroups));
    }

    /// The divergence of the student's distributions, the softmax of these logits, from a teacher's, and the
    /// student's entropies, `[N, 2]`. The teacher gets no gradient.
    ///
    /// @param teacher logits of the same shape
    public Value divergence(Value teacher, Divergence rule) {
        return of(new LogitDivergence(tensor, teacher.tensor, rule));
    }

    /// The sum of all values.
    public Value sum() {
        Value column = tensor.cols() == 1 ? this : rowSums();
        return column.of(new ColumnSum(column.tensor));
    }

    /// The mean of all values.
    public Value mean() {
        return sum().times(1.0 / tensor.size());
    }

    /// Runs the backward pass from this value, whose own gradient is 1.
    ///
    /// @throws IllegalStateException if it is not a single value or was not recorded
    public void backward() {
        number();
        if (!(ops instanceof Recorder recorder)) {
            throw new IllegalStateException("these ops do not record; use a Recorder");
        }
        if (recorder.needs(tensor)) {
            recorder.gradient(tensor).set(0, 1);
        }
        recorder.backward();
    }

    @Override
    public String toString() {
        return tensor.size() <= 8 ? Arrays.toString(tensor.toArray()) : tensor.toString();
    }

    /// Constants without gradients.
    private record Constant(float[] numbers, int count) implements Operation {
        @Override
        public Tensor forward(Compute compute) {
            Tensor y = compute.allocate(count, 1);
            for (int i = 0; i < count; i++) {
                y.set(i, numbers[i]);
            }
            return y;
        }

        @Override
        public void inputs(Inputs inputs) { }

        @Override
        public void backward(Tape tape, Tensor y) { }
    }
}
