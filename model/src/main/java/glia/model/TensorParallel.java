package glia.model;

import glia.model.block.Weights;
import glia.model.spec.Attention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Place;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.DType;
import glia.tensor.kernel.Scores;
import glia.tensor.ops.Compute;
import glia.tensor.ops.HeadNorm;
import glia.tensor.ops.OutputParts;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.RankProducts;
import glia.tensor.ops.RowParts;
import glia.tensor.ops.TreeProduct;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/// Tensor parallelism (https://arxiv.org/abs/1909.08053): each rank has some attention heads, with their KV cache, and
/// some columns of MLPs. The model of a rank is one with fewer heads and narrower MLPs; where a weight has fewer rows
/// than in the whole model, the rank has a view of its rows, and where it has fewer columns, products are added over
/// ranks (`TreeProduct`). All else is computed on each rank. Logits have the same bits on 1, 2, 4 and 8 ranks.
final class TensorParallel {
    private static final Set<Role> OUTPUTS = Set.of(Role.OUTPUT, Role.DOWN);
    private static final Set<Role> OUTPUT_BIASES = Set.of(Role.OUTPUT_BIAS, Role.DOWN_BIAS);
    private static final Set<Role> NORMS = Set.of(Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, Role.AFTER_WEIGHT,
            Role.AFTER_BIAS);
    private static final Set<Role> BIASES = Set.of(Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS,
            Role.ATTENTION_GATE_BIAS, Role.GATE_BIAS, Role.UP_BIAS);

    private final Model model;
    private final RankGroup ranks;
    private final boolean isTrained;
    private final boolean isSequence;
    private final RankProducts products;
    private final OutputParts.Memory memory = new OutputParts.Memory();
    /// Sublayers whose output matrices are cut.
    private final Set<Integer> cut = new TreeSet<>();

    private TensorParallel(Model model, RankGroup ranks, boolean isTrained, boolean isSequence) {
        this.model = model;
        this.ranks = ranks;
        this.isTrained = isTrained;
        this.isSequence = isSequence;
        products = new RankProducts(new IdentityHashMap<>(), new IdentityHashMap<>(), new IdentityHashMap<>(),
                new IdentityHashMap<>(), isSequence ? new RowParts(ranks) : RowParts.ALL, Optional.empty(),
                Optional.empty(), Optional.empty());
    }

    /// The model of one of the ranks, a view of the whole one.
    ///
    /// @param isSequence whether each has some rows of the residual stream, too
    ///
    /// @throws IllegalArgumentException if there are not 1, 2, 4 or 8 ranks, or the model has adapters or, for
    ///     training, weights that are not F32
    static Model of(Model model, RankGroup ranks, boolean isTrained, boolean isSequence) {
        if (TreeProduct.PARTS % ranks.size() != 0) {
            throw new IllegalArgumentException("tensor parallelism on " + ranks.size()
                    + " ranks, expected 1, 2, 4 or 8");
        }
        for (Weight w : model.weights().all().values()) {
            if (!(w instanceof Weight.Plain)) {
                throw new IllegalArgumentException("tensor parallelism does not support the adapter " + w
                        + "; merge it into the model");
            }
            if (isTrained && !(w instanceof Weight.Stored stored && stored.tensor().dtype() == DType.F32)) {
                throw new IllegalArgumentException("tensor parallelism trains F32 weights, not " + w.format()
                        + "; load the model with copies");
            }
        }
        return new TensorParallel(model, ranks, isTrained, isSequence).divide();
    }

    private Model divide() {
        ModelSpec spec = model.spec();
        Map<Parameter, long[]> whole = Parameters.of(spec);
        for (int s = 0; s < spec.allSublayers().size(); s++) {
            if (canBeCut(s, spec.allSublayers().get(s), whole)) {
                cut.add(s);
            }
        }
        if (isSequence) {
            spec.allSublayers().forEach(TensorParallel::requireRows);
            requireOneStream(spec);
        }
        AtomicInteger index = new AtomicInteger();
        ModelSpec own = spec.mapSublayers(s -> {
            int number = index.getAndIncrement();
            return cut.contains(s.sharedWith().orElse(number)) ? s.withMixer(divided(s.mixer())) : s;
        });
        Map<Parameter, long[]> shapes = Parameters.of(own);
        Map<Parameter, Weight> weights = new HashMap<>(model.weights().all());
        whole.forEach((p, shape) -> {
            if (cut.contains(p.sublayer())) {
                weights.put(p, part(p, weights.get(p), shape, shapes.get(p)));
                if (isTrained && !OUTPUTS.contains(p.role())) {
                    add(p, weights.get(p), shape, shapes.get(p));
                }
            }
            if (isTrained && isOfStream(p)) {
                products.streamed().put(weights.get(p), OUTPUT_BIASES.contains(p.role()) && !scatters(p) ? RowParts.ALL
                        : products.rows());
            }
        });
        return model.divided(own, new Weights(weights), products);
    }

    /// Whether a sublayer is attention or an MLP whose output matrix can be cut, on any number of ranks.
    private boolean canBeCut(int index, Sublayer sublayer, Map<Parameter, long[]> shapes) {
        boolean fits = switch (sublayer.mixer()) {
            case Parallel parallel -> parallel.branches().stream().allMatch(b -> isDivisible(b.mixer()));
            default -> isDivisible(sublayer.mixer());
        };
        try {
            for (Parameter p : shapes.keySet()) {
                if (fits && p.sublayer() == index && OUTPUTS.contains(p.role())) {
                    fits = shapes.get(p)[1] >= TreeProduct.PARTS && parts((Weight.Plain) model.weights().get(p), 0,
                            TreeProduct.PARTS).size() == TreeProduct.PARTS;
                }
            }
        } catch (IllegalArgumentException e) {
            // Blocks of a quantized format would be cut.
            return false;
        }
        return fits;
    }

    /// Whether a weight is read with rows of the residual stream, so that its gradient is added over parts of them.
    private boolean isOfStream(Parameter p) {
        return p.sublayer() >= 0 && p.place().branch() == 0 && NORMS.contains(p.role())
                || cut.contains(p.sublayer()) && OUTPUT_BIASES.contains(p.role());
    }

    /// Whether a rank computes its rows alone of what a sublayer adds to the stream, and of the gradient of what it
    /// reads: products, which nothing is between.
    private boolean scatters(Parameter p) {
        Sublayer sublayer = model.spec().allSublayers().get(p.sublayer());
        Mixer own = divided(sublayer.mixer());
        return isSequence && own != sublayer.mixer() && switch (sublayer.mixer()) {
            case Parallel parallel -> parallel.branches().stream().allMatch(b -> b.before() instanceof Norm.None
                    && b.after() instanceof Norm.None && divided(b.mixer()) != b.mixer());
            default -> true;
        };
    }

    /// Requires a sublayer of which all but the mixer is computed row by row, with weights of norms alone.
    private static void requireRows(Sublayer sublayer) {
        boolean fits = switch (sublayer.residual()) {
            case Residual.Add _, Residual.Normed _, Residual.PostNorm _ -> true;
            default -> false;
        };
        for (Norm norm : List.of(sublayer.before(), sublayer.after())) {
            fits &= !(norm instanceof Norm.LayerScale || norm instanceof Norm.Standardized);
        }
        if (!fits) {
            throw new IllegalArgumentException("ranks cannot share the rows of a residual stream of this kind, "
                    + sublayer.residual() + "; leave parallel.sequence out");
        }
    }

    private static void requireOneStream(ModelSpec spec) {
        if (spec.encoder().isPresent() || spec.streams().isPresent()) {
            throw new IllegalArgumentException("ranks cannot share the rows of a model with an encoder or several "
                    + "residual streams; leave parallel.sequence out");
        }
    }

    private static boolean isDivisible(Mixer mixer) {
        return mixer instanceof Attention || mixer instanceof Mixer.GatedMlp || mixer instanceof Mixer.ScaledGatedMlp
                || mixer instanceof Mixer.Mlp;
    }

    private static List<Weight.Plain> parts(Weight.Plain w, int first, int count) {
        List<Weight.Plain> parts = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            parts.add(w.columns(TreeProduct.start(w.cols(), i), TreeProduct.start(w.cols(), i + 1)));
        }
        return parts;
    }

    private Mixer divided(Mixer mixer) {
        int size = ranks.size();
        return switch (mixer) {
            case Attention a when a.numHeads() % size == 0 && a.numKeyValueHeads() % size == 0 && a.scores()
                    .numParameters(1) == 0 && !(a.scores() instanceof Scores.Alibi)
                    && isOfHeads(a.norm()) -> new Attention(a.numHeads() / size, a.numKeyValueHeads() / size,
                    a.headSize(), a.scale(), a.rope(), a.span(), a.norm(), a.bias(), a.scores(), a.temperature(),
                    a.gating(), a.ownValueSize());
            case Mixer.GatedMlp m -> narrower(m);
            case Mixer.ScaledGatedMlp m -> new Mixer.ScaledGatedMlp(narrower(m.mlp()), m.scale());
            case Mixer.Mlp m -> new Mixer.Mlp(own(m.intermediateSize()), m.activation(), m.bias(), m.steepness());
            case Parallel p -> p.map(this::divided);
            default -> mixer;
        };
    }

    private boolean isOfHeads(QkNorm norm) {
        return norm instanceof QkNorm.None || norm instanceof QkNorm.Heads || norm instanceof QkNorm.Rotated
                || norm instanceof QkNorm.Layers && !isTrained;
    }

    private Mixer.GatedMlp narrower(Mixer.GatedMlp m) {
        return new Mixer.GatedMlp(own(m.intermediateSize()), m.activation(), m.bias());
    }

    private int start(long count, int rank) {
        return TreeProduct.start(Math.toIntExact(count), rank * (TreeProduct.PARTS / ranks.size()));
    }

    private int own(long count) {
        return start(count, ranks.rank() + 1) - start(count, ranks.rank());
    }

    /// This rank's part of a weight.
    private Weight part(Parameter p, Weight w, long[] whole, long[] shape) {
        if (OUTPUTS.contains(p.role())) {
            boolean isDivided = shape[1] < whole[1];
            int count = isDivided ? TreeProduct.PARTS / ranks.size() : TreeProduct.PARTS;
            int first = isDivided ? ranks.rank() * count : 0;
            List<Weight.Plain> own = isTrained ? ranges((Weight.Stored) w, first, count)
                    : parts((Weight.Plain) w, first, count);
            Weight part = !isTrained ? own.getFirst() : !isDivided ? w : new Weight.Stored(Compute.stored(w).view(
                    4 * whole[0] * TreeProduct.start(w.cols(), first), DType.F32, shape));
            products.sums().put(part, new TreeProduct(isDivided ? ranks : RankGroup.ONE, isDivided && scatters(p),
                    own));
            return part;
        }
        if (shape[0] == whole[0]) {
            return w;
        }
        int from = start(whole[0], ranks.rank());
        int to = start(whole[0], ranks.rank() + 1);
        return rows(w, from, to);
    }

    /// Rows of a matrix or elements of a vector.
    private static Weight rows(Weight w, int from, int to) {
        return w.shape().length > 1 ? w.rows(from, to)
                : new Weight.Stored(Compute.stored(w).view(4L * from, DType.F32, to - from));
    }

    /// Parts of a matrix that holds the columns of all parts one after the other.
    private static List<Weight.Plain> ranges(Weight.Stored w, int first, int count) {
        List<Weight.Plain> parts = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            int from = TreeProduct.start(w.cols(), i);
            parts.add(new Weight.Stored(w.tensor().view(4L * w.rows() * from, DType.F32, w.rows(),
                    TreeProduct.start(w.cols(), i + 1) - from)));
        }
        return parts;
    }

    /// Notes how the gradient of this rank's part of a weight is computed.
    private void add(Parameter p, Weight own, long[] whole, long[] shape) {
        boolean isDivided = shape[0] < whole[0];
        RankGroup among = isDivided ? ranks : RankGroup.ONE;
        if (whole.length == 2 || BIASES.contains(p.role())) {
            int count = TreeProduct.PARTS / among.size();
            int rows = Math.toIntExact(whole[0]);
            int first = TreeProduct.start(rows, among.rank() * count);
            List<Weight.Plain> parts = new ArrayList<>();
            for (int i = among.rank() * count; i < (among.rank() + 1) * count; i++) {
                parts.add((Weight.Plain) rows(own, TreeProduct.start(rows, i) - first,
                        TreeProduct.start(rows, i + 1) - first));
            }
            products.outputs().put(own, new OutputParts(among, isDivided && scatters(p), memory, parts));
        } else if (mixer(model.spec(), p.place()) instanceof Attention a && (p.role() == Role.QUERY_NORM
                || p.role() == Role.KEY_NORM) && (a.norm() instanceof QkNorm.Heads
                || a.norm() instanceof QkNorm.Rotated)) {
            int heads = p.role() == Role.QUERY_NORM ? a.numHeads() : a.numKeyValueHeads();
            products.norms().put(own, new HeadNorm.Groups(a == divided(a) ? RankGroup.ONE : ranks,
                    Math.min(TreeProduct.PARTS, Integer.lowestOneBit(heads))));
        }
    }

    private static Mixer mixer(ModelSpec spec, Place place) {
        Mixer mixer = spec.allSublayers().get(place.sublayer()).mixer();
        return mixer instanceof Parallel parallel && place.branch() > 0
                ? parallel.branches().get(place.branch() - 1).mixer() : mixer;
    }
}
