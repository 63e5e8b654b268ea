package glia.model.write;

import glia.model.block.Weights;
import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual.Multipliers;
import glia.model.spec.StateSpaceDual;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.DecayForm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// Converts the parameters of a model to the storage layout of another spec; see `LayoutConversions`.
record LayoutConversion(ModelSpec from, ModelSpec to, Weights weights) {
    /// The steps of a conversion, in this order.
    ///
    /// @param numbers function of each value of a row, by its index
    /// @param order source row of each target row; empty if unchanged
    /// @param columns the same for columns
    private record Change(List<RowRule> numbers, int[] order, int[] columns) { }

    /// A function of each value of a row.
    @FunctionalInterface
    private interface RowRule {
        DoubleUnaryOperator of(int row);

        static RowRule all(DoubleUnaryOperator rule) {
            return row -> rule;
        }
    }

    /// Whether a parameter has the same values in both layouts, in any order.
    boolean keepsNumbers(Parameter p) {
        if (isExpansion(p)) {
            return true;
        }
        Change change = change(p);
        return change.numbers.isEmpty() && (change.columns.length == 0 || !dtype(p).isBlock());
    }

    /// The stored type of a parameter.
    DType dtype(Parameter p) {
        return ExpandedLatents.Unpacked.dtype(weights.get(isExpansion(p) ? stored(p) : p));
    }

    /// The source column of each column of a parameter; empty if unchanged.
    int[] columns(Parameter p) {
        return isExpansion(p) ? new int[0] : change(p).columns;
    }

    /// The length of a parameter's rows.
    int cols(Parameter p) {
        LatentAttention a = isExpansion(p) ? latent(to, p) : null;
        return a == null ? weights.get(p).cols() : p.role() == Role.KEY_EXPANSION ? a.plainSize() : a.latentSize();
    }

    /// The values of a parameter in the layout of `to`: the stored tensor if they are the same, rows of its type if
    /// only the order differs, otherwise F32. New tensors are in `arena`.
    Tensor numbers(Parameter p, Arena arena) {
        if (isExpansion(p)) {
            return ExpandedLatents.numbers(this, p, arena);
        }
        Change change = change(p);
        Tensor stored = ExpandedLatents.Unpacked.tensor(weights.get(p), arena);
        Tensor rows = !change.numbers.isEmpty() ? changed(stored, change, arena)
                : change.order.length > 0 ? ordered(stored, change.order, arena) : stored;
        return change.columns.length > 0 ? columns(rows, change.columns, arena) : rows;
    }

    /// The order of a parameter's rows and columns; empty if its values change otherwise than by a factor of each row.
    Optional<HubOrders.Orders> orders(Parameter p, int rows) {
        if (isExpansion(p)) {
            return Optional.empty();
        }
        Change change = change(p);
        float[] factors = new float[change.numbers.isEmpty() ? 0 : rows];
        for (int row = 0; row < factors.length; row++) {
            double one = 1;
            double zero = 0;
            for (DoubleUnaryOperator rule : rules(change, row(change, row))) {
                one = rule.applyAsDouble(one);
                zero = rule.applyAsDouble(zero);
            }
            if (zero != 0 || !(one > 0)) {
                return Optional.empty();
            }
            factors[row] = (float) one;
        }
        return Optional.of(new HubOrders.Orders(new Order(change.order, factors),
                new Order(change.columns, new float[0])));
    }

    private static int row(Change change, int row) {
        return change.order.length == 0 ? row : change.order[row];
    }

    /// Rows in another order, or some of them.
    private static Tensor ordered(Tensor stored, int[] order, Arena arena) {
        long[] shape = stored.shape().clone();
        long bytes = stored.sizeBytes() / shape[0];
        shape[0] = order.length;
        Tensor y = Tensor.allocate(arena, stored.dtype(), shape);
        for (int row = 0; row < order.length; row++) {
            MemorySegment.copy(stored.memory(), order[row] * bytes, y.memory(), row * bytes, bytes);
        }
        return y;
    }

    /// Reordered columns; blocks are dequantized for it.
    private static Tensor columns(Tensor stored, int[] order, Arena arena) {
        Tensor x = stored.dtype().isBlock() ? Decode.widen(stored, arena) : stored;
        Tensor y = Tensor.allocate(arena, x.dtype(), x.shape());
        int bytes = x.dtype().blockBytes();
        for (long row = 0; row < x.rows(); row++) {
            for (int col = 0; col < order.length; col++) {
                MemorySegment.copy(x.memory(), (row * order.length + order[col]) * bytes, y.memory(),
                        (row * order.length + col) * bytes, bytes);
            }
        }
        return y;
    }

    private static Tensor changed(Tensor stored, Change change, Arena arena) {
        Tensor x = Decode.widen(stored, arena);
        Tensor y = Tensor.allocate(arena, DType.F32, x.shape());
        boolean vector = x.rank() == 1;
        int rows = vector ? x.cols() : x.rows();
        int cols = vector ? 1 : x.cols();
        for (int row = 0; row < rows; row++) {
            int source = row(change, row);
            List<DoubleUnaryOperator> rules = rules(change, source);
            for (int col = 0; col < cols; col++) {
                float number = x.get((long) source * cols + col);
                for (DoubleUnaryOperator rule : rules) {
                    number = (float) rule.applyAsDouble(number);
                }
                y.set((long) row * cols + col, number);
            }
        }
        return y;
    }

    private static List<DoubleUnaryOperator> rules(Change change, int row) {
        return change.numbers.stream().map(rule -> rule.of(row)).toList();
    }

    private boolean isExpansion(Parameter p) {
        return switch (p.role()) {
            case EXPANSION, KEY_EXPANSION, VALUE_EXPANSION -> from.mixer(p.place()) instanceof LatentAttention a
                    && a.expansion() != latent(to, p).expansion();
            default -> false;
        };
    }

    /// The parameter of `from` that holds an expansion.
    private Parameter stored(Parameter p) {
        return new Parameter(p.place(), latent(from, p).expansion() == LatentAttention.Expansion.JOINED
                ? Role.EXPANSION : Role.KEY_EXPANSION);
    }

    static LatentAttention latent(ModelSpec spec, Parameter p) {
        return (LatentAttention) spec.mixer(p.place());
    }

    private Change change(Parameter p) {
        List<RowRule> numbers = new ArrayList<>();
        if (p.sublayer() < 0) {
            whole(p, numbers);
            return new Change(numbers, rows(p.role()), new int[0]);
        }
        factors(p, numbers);
        int[] order = new int[0];
        switch (p.role()) {
            case BEFORE_WEIGHT -> shift(numbers, before(from, p), before(to, p));
            case AFTER_WEIGHT -> shift(numbers, after(from, p), after(to, p));
            case DECAY -> decay(numbers, decay(from.mixer(p.place())), decay(to.mixer(p.place())));
            case QUERY, QUERY_BIAS, KEY, KEY_BIAS, QUERY_NORM, KEY_NORM -> {
                if (attention(from, p) instanceof Attention a && attention(to, p) instanceof Attention b) {
                    attention(p, a, b, numbers);
                    order = RotaryOrder.between(p, a, b);
                }
            }
            case INDEX_QUERY_NORM, INDEX_KEY_NORM_WEIGHT -> {
                if (from.mixer(p.place()) instanceof BlockSparseAttention a
                        && to.mixer(p.place()) instanceof BlockSparseAttention b) {
                    shift(numbers, a.norm(), b.norm());
                }
            }
            default -> { }
        }
        if (from.mixer(p.place()) instanceof GatedDeltaNet a && to.mixer(p.place()) instanceof GatedDeltaNet b) {
            return new Change(numbers, ValueHeadOrder.rows(p, a, b), ValueHeadOrder.columns(p, a, b));
        }
        return new Change(numbers, order, new int[0]);
    }

    /// The rows of positions without unused ones before them, and of per-layer embeddings for all tokens.
    private int[] rows(Role role) {
        int first = role == Role.POSITIONS ? from.embedding().positions().firstRow()
                - to.embedding().positions().firstRow() : 0;
        int known = role == Role.LAYER_EMBEDDING ? from.embedding().perLayer().orElseThrow().vocabSize() : 0;
        return first > 0 ? IntStream.range(first, first + from.contextLength()).toArray()
                : known > 0 && known < to.embedding().perLayer().orElseThrow().vocabSize()
                ? IntStream.range(0, to.vocabSize()).map(token -> token < known ? token : 0).toArray() : new int[0];
    }

    private void whole(Parameter p, List<RowRule> numbers) {
        switch (p.role()) {
            case EMBEDDING -> scale(numbers, LayoutConversions.ratio(from.embedding().scale(), to.embedding().scale()));
            case HEAD -> scale(numbers, LayoutConversions.ratio(LayoutConversions.factor(from.head().logits()),
                    LayoutConversions.factor(to.head().logits())));
            case FINAL_WEIGHT -> shift(numbers, from.finalNorm(), to.finalNorm());
            default -> { }
        }
    }

    /// The attention of a sublayer, also if it is sparse.
    private static Mixer attention(ModelSpec spec, Parameter p) {
        return spec.mixer(p.place()) instanceof BlockSparseAttention b ? b.attention() : spec.mixer(p.place());
    }

    private static Norm before(ModelSpec spec, Parameter p) {
        return p.place().branch() == 0 ? spec.sublayer(p).before() : branch(spec, p).before();
    }

    private static Norm after(ModelSpec spec, Parameter p) {
        return p.place().branch() == 0 ? spec.sublayer(p).after() : branch(spec, p).after();
    }

    private static Parallel.Branch branch(ModelSpec spec, Parameter p) {
        return Parallel.branch(spec.sublayer(p).mixer(), p.place().branch());
    }

    /// Key factors that compensate for the scale of scores.
    private static void attention(Parameter p, Attention a, Attention b, List<RowRule> numbers) {
        boolean normed = a.norm() instanceof QkNorm.Heads || a.norm() instanceof QkNorm.Whole;
        double factor = LayoutConversions.ratio(a.scale(), b.scale());
        switch (p.role()) {
            case QUERY_NORM -> shift(numbers, norm(a), norm(b));
            case KEY_NORM -> {
                add(numbers, offset(norm(a)));
                scale(numbers, factor);
                add(numbers, -offset(norm(b)));
            }
            case KEY, KEY_BIAS -> scale(numbers, normed ? 1 : factor);
            default -> { }
        }
    }

    private static Norm norm(Attention attention) {
        return switch (attention.norm()) {
            case QkNorm.Heads heads -> heads.norm();
            case QkNorm.Whole whole -> whole.norm();
            case QkNorm.None _, QkNorm.HeadLayers _, QkNorm.Layers _, QkNorm.Rotated _, QkNorm.Clipped _ ->
                    new Norm.None();
        };
    }

    /// Factors of a mixer's input and output.
    private void factors(Parameter p, List<RowRule> numbers) {
        boolean in = switch (p.role()) {
            case QUERY, KEY, VALUE, GATE, INPUT, STEPS -> true;
            default -> false;
        };
        boolean out = switch (p.role()) {
            case OUTPUT, OUTPUT_BIAS, DOWN, DOWN_BIAS, SHARED_DOWN -> true;
            default -> false;
        };
        double factor = 1;
        if (p.place().branch() > 0) {
            factor *= in ? LayoutConversions.ratio(branch(from, p).inputScale(), branch(to, p).inputScale()) : 1;
            factor *= out ? LayoutConversions.ratio(branch(from, p).outputScale(), branch(to, p).outputScale()) : 1;
        }
        if (out && from.sublayer(p).residual() instanceof Residual.Add a
                && to.sublayer(p).residual() instanceof Residual.Add b) {
            factor *= LayoutConversions.ratio(a.scale(), b.scale());
        }
        Mixer mixer = from.mixer(p.place());
        if (mixer instanceof ScaledGatedMlp a && to.mixer(p.place()) instanceof ScaledGatedMlp b
                && (p.role() == Role.GATE || p.role() == Role.GATE_BIAS)) {
            factor *= LayoutConversions.ratio(a.scale(), b.scale());
        }
        if (mixer instanceof StateSpaceDual a && to.mixer(p.place()) instanceof StateSpaceDual b
                && !a.multipliers().equals(b.multipliers())) {
            double whole = factor;
            numbers.add(row -> x -> x * whole * multiplier(p.role(), row, a, a.multipliers())
                    / multiplier(p.role(), row, a, b.multipliers()));
        } else {
            scale(numbers, factor);
        }
    }

    /// The factor of a row of the projection `[z|u B C|Δ]`.
    private static double multiplier(Role role, int row, StateSpaceDual d, Multipliers m) {
        return switch (role) {
            case GATE, GATE_BIAS -> m.z();
            case INPUT, INPUT_BIAS -> row < d.innerSize() ? m.u()
                    : row < d.innerSize() + d.numGroups() * d.stateSize() ? m.b() : m.c();
            case STEPS, STEPS_BIAS -> m.steps();
            default -> 1;
        };
    }

    private static DecayForm decay(Mixer mixer) {
        return switch (mixer) {
            case SelectiveStateSpace s -> s.decay();
            case StateSpaceDual d -> d.decay();
            case GatedDeltaNet d -> d.decay();
            case KimiDelta d -> d.decay().form();
            default -> DecayForm.RATE;
        };
    }

    /// The rate is `-exp(logarithm)`.
    private static void decay(List<RowRule> numbers, DecayForm from, DecayForm to) {
        if (from != to) {
            numbers.add(RowRule.all(x -> to.stored(from.rate(x))));
        }
    }

    private static float offset(Norm norm) {
        return norm instanceof Norm.Rms rms ? rms.offset() : norm instanceof Norm.Layer layer ? layer.offset() : 0;
    }

    private static void shift(List<RowRule> numbers, Norm from, Norm to) {
        add(numbers, offset(from) - offset(to));
    }

    private static void add(List<RowRule> numbers, float more) {
        if (more != 0) {
            numbers.add(RowRule.all(x -> x + more));
        }
    }

    private static void scale(List<RowRule> numbers, double factor) {
        if (factor != 1) {
            numbers.add(RowRule.all(x -> x * factor));
        }
    }
}
