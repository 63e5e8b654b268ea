package glia.model;

import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/// Low-rank adapters (LoRA, https://arxiv.org/abs/2106.09685) for some parameters of a model: weights `W + scale · B ·
/// A` whose factors are F32 and can be updated. The base is frozen and may be quantized.
///
/// `attach` returns a model with the adapters; the model without them stays usable.
public final class Adapters implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Map<Parameter, LowRank> all = new LinkedHashMap<>();

    private final Model model;

    private Adapters(Model model) {
        this.model = model;
    }

    /// New adapters, initially without effect: A is uniform in `±1/√inputs`, B is 0.
    ///
    /// @param which selects the parameters with an adapter: matrices and embeddings
    /// @param rank r, the rows of A
    /// @param scale factor of `B · A`, often `alpha / rank`
    /// @param seed the random seed
    /// @throws IllegalArgumentException if a selected parameter is not a matrix, or none is selected
    public static Adapters create(Model model, Predicate<Parameter> which, int rank, float scale, long seed) {
        if (rank < 1) {
            throw new IllegalArgumentException("the rank of an adapter is at least 1, not " + rank);
        }
        Adapters adapters = new Adapters(model);
        try {
            SplittableRandom random = new SplittableRandom(seed);
            // In the order of the checkpoint, so that numbers depend on the seed alone.
            for (Parameter p : model.sources().keySet()) {
                if (which.test(p)) {
                    adapters.all.put(p, adapters.adapter(p, model.weights().get(p), rank, scale, random));
                }
            }
            if (adapters.all.isEmpty()) {
                throw new IllegalArgumentException("no parameter of the model is to have an adapter");
            }
            return adapters;
        } catch (IllegalArgumentException e) {
            adapters.close();
            throw e;
        }
    }

    private LowRank adapter(Parameter p, Weight base, int rank, float scale, SplittableRandom random) {
        if (base.shape().length != 2) {
            throw new IllegalArgumentException(p + " is no matrix and cannot have an adapter");
        }
        Tensor a = Tensor.allocate(arena, DType.F32, rank, base.cols());
        double bound = 1 / Math.sqrt(base.cols());
        for (long i = 0; i < a.size(); i++) {
            a.set(i, (float) random.nextDouble(-bound, bound));
        }
        Tensor b = Tensor.allocate(arena, DType.F32, base.rows(), rank);
        return new LowRank(base, new Weight.Stored(a), new Weight.Stored(b), scale);
    }

    /// The adapted weights.
    public Map<Parameter, LowRank> all() {
        return Collections.unmodifiableMap(all);
    }

    /// Whether a weight is a factor of these adapters, to make only them trainable.
    public boolean contains(Weight w) {
        for (LowRank adapted : all.values()) {
            if (adapted.a() == w || adapted.b() == w) {
                return true;
            }
        }
        return false;
    }

    /// The model with the adapters; the original is unchanged, see `Model.with`.
    public Model attach() {
        return model.with(model.weights().with(all));
    }

    /// Frees the factors; models with the adapters must not be used afterwards.
    @Override
    public void close() {
        arena.close();
    }
}
