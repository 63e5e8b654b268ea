package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Streams;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary.Function;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.stream.StateMix;
import java.util.List;
import java.util.stream.IntStream;

/// Running sum and block sums (see `Residual.Blocks`). A row holds the running sum, then the blocks, then what the pass
/// before has sent, in places of D columns each.
final class BlockSums {
    private static final float EPS = 1e-6f;

    private BlockSums() { }

    private static Tensor part(Ops ops, Tensor x, int place, int count, int size) {
        return ops.apply(SliceColumns.of(x, place * size, count * size));
    }

    /// x with other places from `place` on.
    private static Tensor with(Ops ops, Tensor x, int place, Tensor other, int size) {
        int end = place * size + other.cols();
        Tensor y = place == 0 ? other
                : ops.apply(new ConcatColumns(part(ops, x, 0, place, size), other, 1, false));
        return end == x.cols() ? y
                : ops.apply(new ConcatColumns(y, ops.apply(SliceColumns.of(x, end, x.cols() - end)), 1, false));
    }

    private static Tensor mix(Ops ops, Tensor states, Weight query) {
        return ops.apply(new StateMix(ops.apply(UnitNorm.rms(states, query.cols(), EPS)), query));
    }

    /// `Streams.Blocks`.
    static StreamsBlock of(Streams.Blocks spec, Weight query) {
        return new StreamsBlock() {
            @Override
            public Tensor open(Ops ops, Tensor x) {
                Tensor zero = ops.scale(x, 0);
                Tensor all = x;
                for (int i = 1; i < spec.count(); i++) {
                    all = ops.apply(new ConcatColumns(all, zero, 1, false));
                }
                return all;
            }

            @Override
            public Tensor close(Ops ops, Tensor x) {
                return mix(ops, part(ops, x, 0, 1 + spec.numBlocks(), x.cols() / spec.count()), query);
            }
        };
    }

    /// The gate of a message.
    private record Gate(Weight query, Weight latent, Weight forget, Weight gain, float eps) {
        Tensor of(Ops ops, Tensor h, Tensor sent) {
            Tensor m = mix(ops, sent, query);
            Tensor both = ops.apply(new ConcatColumns(ops.apply(UnitNorm.rms(h, h.cols(), eps)),
                    ops.apply(UnitNorm.rms(m, m.cols(), eps)), 1, false));
            Tensor z = ops.linear(both, latent);
            Tensor lost = times(ops, ops.activate(ops.linear(z, forget), Activation.TANH), h);
            Tensor won = times(ops, ops.activate(ops.linear(z, gain), Activation.TANH), m);
            return ops.apply(new Sum(ops.apply(new Sum(h, 1, lost, -1)), 1, won, 1));
        }

        private static Tensor times(Ops ops, Tensor a, Tensor b) {
            return ops.apply(new ElementwiseBinary(Function.TIMES, a, b));
        }
    }

    static Connection of(Residual.Blocks spec, Weights weights, Place place) {
        List<Gate> gates = IntStream.range(0, spec.loop().map(Residual.Blocks.Loop::numInputs).orElse(0))
                .mapToObj(i -> new Gate(weights.get(place, Role.MESSAGE_QUERY, i),
                        weights.get(place, Role.MESSAGE_LATENT, i), weights.get(place, Role.MESSAGE_FORGET, i),
                        weights.get(place, Role.MESSAGE_GAIN, i), spec.eps())).toList();
        return new Sums(spec, spec.numQueries() == 0 ? Weight.ABSENT : weights.get(place, Role.MIX_QUERY), gates);
    }

    /// `Residual.Blocks`.
    private record Sums(Residual.Blocks spec, Weight query, List<Gate> gates) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int size = spec.hidden();
            Tensor s = spec.loop().filter(Residual.Blocks.Loop::restarts).isPresent() ? restarted(ops, x) : x;
            Tensor input = spec.numQueries() == 0 ? part(ops, s, 0, 1, size)
                    : mix(ops, part(ops, s, 0, 1 + spec.numBlocks(), size), query);
            int numStates = spec.loop().map(Residual.Blocks.Loop::numStates).orElse(0);
            if (numStates == 0) {
                return new Tensor[] {input, s};
            }
            Tensor sent = part(ops, s, s.cols() / size - numStates, numStates, size);
            Tensor all = null;
            for (int i = 0; i < gates.size(); i++) {
                Tensor own = input.cols() == size ? input : part(ops, input, i, 1, size);
                Tensor gated = gates.get(i).of(ops, own, sent);
                all = all == null ? gated : ops.apply(new ConcatColumns(all, gated, 1, false));
            }
            return new Tensor[] {all, s};
        }

        /// The state before the loop, which is its first block, with what the pass before sends.
        private Tensor restarted(Ops ops, Tensor x) {
            int size = spec.hidden();
            int first = spec.loop().get().first();
            int numStates = spec.loop().get().numStates();
            Tensor running = part(ops, x, 0, 1, size);
            Tensor sent = numStates == 1 ? running : ops.apply(new ConcatColumns(
                    part(ops, x, first + 2, numStates - 1, size), running, 1, false));
            return with(ops, with(ops, x, x.cols() / size - numStates, sent, size), 0,
                    part(ops, x, first + 1, 1, size), size);
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            int size = spec.hidden();
            Tensor running = part(ops, opened[1], 0, 1, size);
            Tensor s = spec.begins() ? with(ops, opened[1], 1 + spec.numBlocks(), running, size) : opened[1];
            return ops.replace(x, with(ops, s, 0,
                    spec.begins() ? update : ops.apply(new Sum(running, 1, update, 1)), size));
        }
    }
}
