package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.Detached;
import glia.tensor.ops.row.Elementwise.Sigmoid;
import glia.tensor.ops.row.Scales.StoredScale;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.stream.HyperWeights;
import glia.tensor.ops.stream.StreamMix;
import java.util.Arrays;

/// The residual connection of a sublayer (see `Residual`), over one stream or several.
interface Connection {
    /// The result of `open` if the sublayer reads the only stream as it is.
    Tensor[] AS_IT_IS = {};

    /// What is computed of the streams before the sublayer. The first tensor is the sublayer's input.
    Tensor[] open(Ops ops, Tensor x);

    /// The streams after the sublayer. It may overwrite x.
    ///
    /// @param opened the result of `open`
    /// @param normed the sublayer's input after its norm
    /// @param update the sublayer's output u
    Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update);

    /// The connection of a sublayer.
    static Connection of(Residual residual, Weights weights, Place place) {
        return switch (residual) {
            case Residual.Add add -> single((ops, x, normed, update) -> ops.residual(x, update, add.scale()));
            case Residual.Scaled _ -> scaled(weights.get(place, Role.LAYER_SCALE));
            case Residual.ScaledApart apart -> scaled(weights.get(place,
                    apart.encodes() ? Role.ENCODER_LAYER_SCALE : Role.LAYER_SCALE));
            case Residual.Normed r -> single((ops, x, normed, update) ->
                    ops.replace(x, ops.apply(new Sum(normed, r.alpha(), update, r.beta()))));
            case Residual.Closed closed -> normed(closed.scale(), NormBlock.of(closed.norm(), weights, place,
                    Role.FINAL_WEIGHT, Role.FINAL_BIAS));
            case Residual.PostNorm post -> normed(1, NormBlock.of(post.norm(), weights, place, Role.AFTER_WEIGHT,
                    Role.AFTER_BIAS));
            case Residual.Hyper hyper -> new Hyper(hyper, weights.get(place, Role.STREAM_WEIGHTS),
                    weights.get(place, Role.STREAM_SCALE), weights.get(place, Role.STREAM_BASE));
            case Residual.Gated g -> new Gated(StreamsBlock.Gates.of(g.numStreams(), g.eps(), weights, place),
                    weights.get(place, Role.STREAM_WEIGHTS));
            case Residual.Shortcut shortcut -> new Shortcut(shortcut.part());
            case Residual.Predicted predicted -> new Predicted(predicted, Router.of(predicted, weights, place),
                    weights.get(place, Role.PREDICTION));
            case Residual.Working working -> new Working(working.numStreams());
            case Residual.Blocks blocks -> BlockSums.of(blocks, weights, place);
            case Residual.Cycled cycled -> new Cycled(cycled, NormBlock.of(cycled.end(), weights, place,
                    Role.AFTER_WEIGHT, Role.AFTER_BIAS));
            case Residual.Corrected c -> new Corrected(c.predicted(),
                    Router.of(c.predicted(), weights, c.first()), weights.get(c.first(), Role.CORRECTION),
                    c.scaled() ? weights.get(place, Role.LAYER_SCALE) : Weight.ABSENT);
        };
    }

    /// A connection of one stream.
    interface Single {
        Tensor close(Ops ops, Tensor x, Tensor normed, Tensor update);
    }

    /// `norm(x + factor · u)`.
    private static Connection normed(float factor, Block norm) {
        Pass any = new Pass();
        return single((ops, x, normed, update) -> ops.replace(x, norm.forward(ops,
                ops.apply(new Sum(x, 1, update, factor)), any, States.NONE)));
    }

    private static Connection scaled(Weight scale) {
        return single((ops, x, normed, update) ->
                ops.replace(x, ops.apply(new StoredScale(ops.residual(x, update, 1), scale))));
    }

    private static Connection single(Single rule) {
        return new Connection() {
            @Override
            public Tensor[] open(Ops ops, Tensor x) {
                return AS_IT_IS;
            }

            @Override
            public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
                return rule.close(ops, x, normed, update);
            }
        };
    }

    /// `Residual.Hyper`.
    record Hyper(Residual.Hyper spec, Weight map, Weight scale, Weight base) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int m = spec.numStreams();
            Tensor z = ops.linear(ops.apply(UnitNorm.rms(x, x.cols(), spec.normEps())), map);
            Tensor w = ops.apply(new HyperWeights(z, scale, base, m, spec.iterations(), spec.eps()));
            Tensor read = ops.apply(SliceColumns.of(w, 0, m));
            return new Tensor[] {ops.apply(new StreamMix(x, read, m)), ops.apply(SliceColumns.of(w, m, m)),
                    ops.apply(SliceColumns.of(w, 2 * m, m * m))};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            Tensor mixed = ops.apply(new StreamMix(x, opened[2], spec.numStreams()));
            return ops.replace(x, ops.apply(new Sum(mixed, 1, ops.apply(new StreamMix(update, opened[1], 1)), 1)));
        }
    }

    /// `Residual.Cycled`.
    record Cycled(Residual.Cycled spec, Block end) implements Connection {
        private static final Pass ANY = new Pass();

        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int size = x.cols() / 2;
            Tensor own = ops.apply(SliceColumns.of(x, spec.isFast() ? size : 0, size));
            Tensor other = ops.apply(SliceColumns.of(x, spec.isFast() ? 0 : size, size));
            return new Tensor[] {spec.joins() ? ops.apply(new Sum(own, 1, other, 1)) : own, other};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            Tensor own = end.forward(ops, ops.apply(new Sum(opened[0], 1, update, 1)), ANY, States.NONE);
            own = spec.isCut() ? ops.apply(new Detached(own)) : own;
            return ops.replace(x, ops.apply(spec.isFast() ? new ConcatColumns(opened[1], own, 1, false)
                    : new ConcatColumns(own, opened[1], 1, false)));
        }
    }

    /// `Residual.Gated`.
    record Gated(StreamsBlock.Gates gates, Weight map) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            Tensor normed = gates.normed(ops, x);
            Tensor write = ops.apply(new Sigmoid(ops.scale(ops.linear(normed, map), 1f / gates.count())));
            return new Tensor[] {gates.read(ops, normed), ops.scale(write, 2)};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            return ops.residual(x, ops.apply(new StreamMix(update, opened[1], 1)), 1);
        }
    }

    /// `Residual.Shortcut`.
    record Shortcut(Residual.Shortcut.Part part) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int size = x.cols() / 2;
            Tensor stream = ops.apply(SliceColumns.of(x, 0, size));
            Tensor apart = ops.apply(SliceColumns.of(x, size, size));
            return part == Residual.Shortcut.Part.APART ? new Tensor[] {apart, stream} : new Tensor[] {stream, apart};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            Tensor sum = part == Residual.Shortcut.Part.APART ? opened[1]
                    : ops.apply(new Sum(opened[0], 1, update, 1));
            return ops.replace(x, switch (part) {
                case BESIDE -> join(ops, sum, opened[1]);
                case FORK -> join(ops, sum, normed);
                case APART -> join(ops, sum, update);
                case JOIN -> join(ops, ops.apply(new Sum(sum, 1, opened[1], 1)), opened[1]);
            });
        }

        private static Tensor join(Ops ops, Tensor stream, Tensor apart) {
            return ops.apply(new ConcatColumns(stream, apart, 1, false));
        }
    }

    /// `tanh(R · norm(x) / D)`.
    record Router(Weight norm, float eps, Weight map) {
        static Router of(Residual.Predicted spec, Weights weights, Place place) {
            return new Router(weights.get(place, Role.ROUTER_NORM), spec.eps(), weights.get(place, Role.ROUTER));
        }

        Tensor forward(Ops ops, Tensor x) {
            Tensor normed = ops.scale(ops.rmsNorm(x, norm, eps, 0), 1f / x.cols());
            return ops.activate(ops.linear(normed, map), Activation.TANH);
        }
    }

    /// `Residual.Predicted`.
    record Predicted(Residual.Predicted spec, Router router, Weight map) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int n = spec.numStreams();
            int size = x.cols() / (n + 1);
            Tensor streams = ops.apply(SliceColumns.of(x, 0, n * size));
            Tensor active = ops.apply(SliceColumns.of(x, spec.active() * size, size));
            float[] stays = new float[n * n];
            for (int i = 0; i < n; i++) {
                stays[i * n + i] = 1;
            }
            Tensor predicted = ops.apply(new StreamMix(streams, ops.linear(router.forward(ops, active), map), n,
                    stays));
            return new Tensor[] {ops.apply(SliceColumns.of(predicted, spec.active() * size, size)), predicted};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            Tensor worked = ops.apply(new Sum(opened[0], spec.scale(), update, spec.scale()));
            return ops.replace(x, ops.apply(new ConcatColumns(opened[1], worked, 1, false)));
        }
    }

    /// `Residual.Working`.
    record Working(int numStreams) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int size = x.cols() / (numStreams + 1);
            return new Tensor[] {ops.apply(SliceColumns.of(x, numStreams * size, size)),
                    ops.apply(SliceColumns.of(x, 0, numStreams * size))};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            Tensor worked = ops.apply(new Sum(opened[0], 1, update, 1));
            return ops.replace(x, ops.apply(new ConcatColumns(opened[1], worked, 1, false)));
        }
    }

    /// `Residual.Corrected`.
    record Corrected(Residual.Predicted spec, Router router, Weight map, Weight scale) implements Connection {
        @Override
        public Tensor[] open(Ops ops, Tensor x) {
            int n = spec.numStreams();
            int size = x.cols() / (n + 1);
            Tensor predicted = ops.apply(SliceColumns.of(x, 0, n * size));
            Tensor worked = ops.apply(SliceColumns.of(x, n * size, size));
            Tensor active = ops.apply(SliceColumns.of(x, spec.active() * size, size));
            float[] ones = new float[n];
            Arrays.fill(ones, 1);
            Tensor correction = ops.apply(new StreamMix(ops.apply(new Sum(worked, 1, active, -1)),
                    ops.linear(router.forward(ops, worked), map), 1, ones));
            Tensor corrected = ops.apply(new Sum(predicted, 1, correction, 1));
            Tensor input = ops.apply(SliceColumns.of(corrected, spec.active() * size, size));
            return new Tensor[] {scale == Weight.ABSENT ? input : ops.apply(new WeightedColumns(input, scale)),
                    corrected, worked};
        }

        @Override
        public Tensor close(Ops ops, Tensor x, Tensor[] opened, Tensor normed, Tensor update) {
            int size = update.cols();
            Tensor all = ops.apply(SliceColumns.of(opened[1], 0, size));
            for (int j = 1; j < spec.numStreams(); j++) {
                Tensor stream = ops.apply(SliceColumns.of(opened[1], j * size, size));
                all = ops.apply(new ConcatColumns(all, ops.apply(new Sum(stream, 1, update, 1)), 1, false));
            }
            return ops.replace(x, ops.apply(new ConcatColumns(all, opened[2], 1, false)));
        }
    }
}
