package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Streams;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.Detached;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.stream.HyperWeights;
import glia.tensor.ops.stream.StreamMix.MatchedNorm;
import glia.tensor.ops.stream.StreamMix;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// The ends of several residual streams (see `Streams`).
interface StreamsBlock {
    /// One stream.
    StreamsBlock ONE = new StreamsBlock() {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            return x;
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            return x;
        }
    };

    /// The streams of embeddings `[N, D]`.
    Tensor open(Ops ops, Tensor x);

    /// The hidden states `[N, D]` of streams.
    Tensor close(Ops ops, Tensor x);

    static StreamsBlock of(Optional<Streams> spec, Weights weights) {
        return spec.isEmpty() ? ONE : switch (spec.get()) {
            case Streams.Mean mean -> new Mean(mean.count());
            case Streams.Shortcut _ -> new Shortcut();
            case Streams.Gated gated -> new Gated(Gates.of(gated.count(), gated.eps(), weights, Place.WHOLE));
            case Streams.Weighted weighted -> new Weighted(weighted, weights.get(Place.WHOLE, Role.STREAM_WEIGHTS),
                    weights.get(Place.WHOLE, Role.STREAM_SCALE), weights.get(Place.WHOLE, Role.STREAM_BASE));
            case Streams.Blocks blocks -> BlockSums.of(blocks, weights.get(Place.WHOLE, Role.MIX_QUERY));
            case Streams.Hierarchical _ -> new Hierarchical(weights.get(Place.WHOLE, Role.STREAM_BASE));
            case Streams.Projected projected -> new Projected(matrices(projected, weights, Role.STREAM_INPUT),
                    matrices(projected, weights, Role.STREAM_OUTPUT));
        };
    }

    private static List<Weight> matrices(Streams.Projected spec, Weights weights, Role role) {
        return IntStream.range(0, spec.count() - 1).mapToObj(i -> weights.get(Place.WHOLE, role, i)).toList();
    }

    private static Tensor copies(Ops ops, Tensor x, int count) {
        Tensor all = x;
        for (int i = 1; i < count; i++) {
            all = ops.apply(new ConcatColumns(all, x, 1, false));
        }
        return all;
    }

    /// `Streams.Mean`.
    record Mean(int count) implements StreamsBlock {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            return copies(ops, x, count);
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            int size = x.cols() / count;
            Tensor sum = ops.apply(SliceColumns.of(x, 0, size));
            for (int i = 1; i < count; i++) {
                sum = ops.apply(new Sum(sum, 1, ops.apply(SliceColumns.of(x, i * size, size)), 1));
            }
            return ops.scale(sum, 1f / count);
        }
    }

    /// `Streams.Shortcut`.
    record Shortcut() implements StreamsBlock {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            return copies(ops, x, 2);
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            return ops.apply(SliceColumns.of(x, 0, x.cols() / 2));
        }
    }

    /// What is read of gated streams.
    record Gates(int count, float eps, Weight norm, Weight down, Weight up) {
        static Gates of(int count, float eps, Weights weights, Place place) {
            return new Gates(count, eps, weights.get(place, Role.STREAM_NORM), weights.get(place, Role.STREAM_DOWN),
                    weights.get(place, Role.STREAM_UP));
        }

        Tensor normed(Ops ops, Tensor x) {
            return normed(ops, x, count, norm, eps);
        }

        /// The RMS norm of each stream; weights are stored minus 1.
        static Tensor normed(Ops ops, Tensor x, int count, Weight norm, float eps) {
            Tensor unit = ops.apply(UnitNorm.rms(x, x.cols() / count, eps));
            return ops.apply(new Sum(unit, 1, ops.apply(new WeightedColumns(unit, norm)), 1));
        }

        Tensor read(Ops ops, Tensor normed) {
            Tensor low = ops.activate(ops.scale(ops.linear(normed, down), 1f / count), Activation.SILU);
            return new Mean(count).close(ops, ops.apply(new SigmoidGate(normed, ops.linear(low, up))));
        }
    }

    /// `Streams.Gated`.
    record Gated(Gates gates) implements StreamsBlock {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            return copies(ops, x, gates.count());
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            return gates.read(ops, gates.normed(ops, x));
        }
    }

    /// `Streams.Weighted`.
    record Weighted(Streams.Weighted spec, Weight map, Weight scale, Weight base) implements StreamsBlock {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            return copies(ops, x, spec.count());
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            Tensor z = ops.linear(ops.apply(UnitNorm.rms(x, x.cols(), spec.normEps())), map);
            Tensor read = ops.apply(new HyperWeights(z, scale, base, spec.count(), 1, spec.eps()));
            return ops.apply(new StreamMix(x, read, spec.count()));
        }
    }

    /// `Streams.Hierarchical`.
    record Hierarchical(Weight first) implements StreamsBlock {
        @Override
        public Tensor open(Ops ops, Tensor x) {
            Tensor fast = ops.apply(new Detached(ops.addBias(ops.scale(x, 0), first)));
            return ops.apply(new ConcatColumns(x, fast, 1, false));
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            return ops.apply(SliceColumns.of(x, 0, x.cols() / 2));
        }
    }

    /// `Streams.Projected`.
    record Projected(List<Weight> inputs, List<Weight> outputs) implements StreamsBlock {
        /// The least mean square of a projection.
        private static final float LEAST = 1e-5f;

        @Override
        public Tensor open(Ops ops, Tensor x) {
            Tensor all = x;
            for (Weight w : inputs) {
                all = ops.apply(new ConcatColumns(all, ops.apply(new MatchedNorm(ops.linear(x, w), x, LEAST)), 1,
                        false));
            }
            return ops.apply(new ConcatColumns(all, x, 1, false));
        }

        @Override
        public Tensor close(Ops ops, Tensor x) {
            int size = x.cols() / (outputs.size() + 2);
            Tensor first = ops.apply(SliceColumns.of(x, 0, size));
            Tensor sum = first;
            for (int i = 0; i < outputs.size(); i++) {
                Tensor y = ops.linear(ops.apply(SliceColumns.of(x, (i + 1) * size, size)), outputs.get(i));
                sum = ops.apply(new Sum(sum, 1, ops.apply(new MatchedNorm(y, first, LEAST)), 1));
            }
            return ops.scale(sum, 1f / (outputs.size() + 1));
        }
    }
}
