package glia.model.block;

import glia.model.spec.Embedding;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Place;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.model.spec.Stage;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Columns.SwappedGroups;
import glia.tensor.ops.row.FoldedRows;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Linear.MatrixProduct;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.TapNorm;
import glia.tensor.ops.row.TimeNorm;
import glia.tensor.ops.row.UnfoldedGrid;
import glia.tensor.ops.row.UnfoldedRows;
import glia.tensor.ops.row.WeightedRows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// `norm(scale · E[token] + P[position] + S[segment])`, projected to the hidden size if the embedding is factorized.
final class EmbeddingBlock {
    private final Embedding spec;
    private final Weight tokens;
    private final List<Weight> positions;
    private final List<Weight> segments;
    /// Maps rows of the input to embeddings.
    private final Block features;
    private final Block norm;
    private final Block projection;
    /// Whether the projection is that of tokens alone.
    private final boolean mapsTokens;
    /// The table, the projection and its norm of per-layer embeddings.
    private final List<Weight> layers;

    EmbeddingBlock(Embedding spec, Weights weights) {
        this(spec, weights, Role.POSITIONS, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS);
    }

    private EmbeddingBlock(Embedding spec, Weights weights, Role positionRole, Role normWeight, Role normBias) {
        this.spec = spec;
        tokens = spec.features().isPresent() && !weights.has(Place.WHOLE, Role.EMBEDDING) ? Weight.ABSENT
                : weights.get(Place.WHOLE, Role.EMBEDDING);
        features = spec.features().map(f -> f.stages().isEmpty() ? features(f, weights) : stages(f.stages(), weights))
                .orElse((ops, x, pass, states) -> x);
        positions = spec.positions() instanceof Positions.None || spec.positions() instanceof Positions.Sinusoids
                ? List.of()
                : List.of(weights.get(Place.WHOLE, positionRole));
        segments = spec.numSegments() == 0 ? List.of() : List.of(weights.get(Place.WHOLE, Role.SEGMENTS));
        layers = spec.perLayer().isEmpty() ? List.of()
                : Stream.of(Role.LAYER_EMBEDDING, Role.LAYER_PROJECTION, Role.LAYER_PROJECTION_NORM)
                        .map(role -> weights.get(Place.WHOLE, role)).toList();
        norm = NormBlock.of(spec.norm(), weights, Place.WHOLE, normWeight, normBias);
        projection = spec.factors().map(f -> Projection.of(weights, Place.WHOLE, Role.EMBEDDING_PROJECTION,
                Role.EMBEDDING_PROJECTION_BIAS, !f.onlyTokens())).orElse((ops, x, pass, states) -> x);
        mapsTokens = spec.factors().filter(Embedding.Factors::onlyTokens).isPresent();
    }

    private static Block features(Embedding.Features spec, Weights weights) {
        Block before = NormBlock.of(spec.before(), weights, Place.WHOLE, Role.FEATURES_BEFORE_WEIGHT,
                Role.FEATURES_BEFORE_BIAS);
        Block map = Projection.of(weights, Place.WHOLE, Role.FEATURES, Role.FEATURES_BIAS, spec.biased());
        Block after = NormBlock.of(spec.after(), weights, Place.WHOLE, Role.FEATURES_AFTER_WEIGHT,
                Role.FEATURES_AFTER_BIAS);
        return (ops, x, pass, states) -> after.forward(ops, map.forward(ops, before.forward(ops, x, pass, states),
                pass, states), pass, states);
    }

    /// That of an encoder beside a decoder, which has the token embedding.
    static EmbeddingBlock ofEncoder(Embedding spec, Weights weights) {
        return new EmbeddingBlock(spec, weights, Role.ENCODER_POSITIONS, Role.ENCODER_EMBEDDING_NORM_WEIGHT,
                Role.ENCODER_EMBEDDING_NORM_BIAS);
    }

    private static Block stages(List<Stage> stages, Weights weights) {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < stages.size(); i++) {
            Place place = new Place(-1, 1 + i);
            blocks.add(switch (stages.get(i)) {
                case Stage.Convolved c -> {
                    Block product = Projection.of(weights, place, Role.STAGE, Role.STAGE_BIAS, c.biased());
                    yield (ops, x, pass, states) -> product.forward(ops,
                            ops.apply(new UnfoldedRows(x, c.kernel(), c.stride(), c.padding())), pass, states);
                }
                case Stage.Halved h -> {
                    Block product = h.groups() == 1
                            ? Projection.of(weights, place, Role.STAGE, Role.STAGE_BIAS, h.biased())
                            : apart(h, weights, place);
                    yield (ops, x, pass, states) -> halve(ops, x, h, product, pass);
                }
                case Stage.Mapped m -> {
                    Block product = Projection.of(weights, place, Role.STAGE, Role.STAGE_BIAS, m.biased());
                    yield (ops, x, pass, states) -> product.forward(ops, ops.apply(new SwappedGroups(x, m.bins(),
                            x.cols() / m.bins())), pass, states);
                }
                case Stage.MappedApart m -> {
                    Block product = Projection.of(weights, place, Role.STAGE, Role.STAGE_BIAS, m.biased());
                    yield (ops, x, pass, states) -> ops.apply(new FoldedRows(product.forward(ops,
                            ops.apply(new FoldedRows.Split(x, m.bins())), pass, states), m.bins()));
                }
                case Stage.TimeNormed n -> {
                    Weight scale = weights.get(place, Role.STAGE);
                    Weight shift = weights.get(place, Role.STAGE_BIAS);
                    yield (ops, x, pass, states) -> ops.addBias(ops.apply(new WeightedColumns(
                            ops.apply(new TimeNorm(x, n.groups(), Stage.TimeNormed.EPS)), scale)), shift);
                }
                case Stage.Normed n -> NormBlock.of(n.norm(), weights, place, Role.STAGE, Role.STAGE_BIAS);
                case Stage.NormedApart n -> {
                    Block each = NormBlock.of(n.norm(), weights, place, Role.STAGE, Role.STAGE_BIAS);
                    yield (ops, x, pass, states) -> ops.apply(new FoldedRows(each.forward(ops,
                            ops.apply(new FoldedRows.Split(x, n.bins())), pass, states), n.bins()));
                }
                case Stage.Located l -> {
                    Weight taps = weights.get(place, Role.STAGE);
                    Weight scale = weights.get(place, Role.STAGE_SCALE);
                    Weight shift = weights.get(place, Role.STAGE_BIAS);
                    yield (ops, x, pass, states) -> ops.apply(new Sum(x, 1,
                            ops.activate(ops.addBias(around(ops, x, l, taps, scale), shift), l.activation()), 1));
                }
                case Stage.Scaled s -> (ops, x, pass, states) -> ops.scale(x, s.factor());
                case Stage.Activated f -> (ops, x, pass, states) -> ops.activate(x, f.activation());
            });
        }
        return (ops, x, pass, states) -> {
            Tensor y = x;
            for (Block block : blocks) {
                y = block.forward(ops, y, pass, states);
            }
            return y;
        };
    }

    /// The grouped convolution of positions.
    private static Tensor around(Ops ops, Tensor x, Stage.Located l, Weight taps, Weight scale) {
        Tensor all = ops.apply(new TapNorm(ops.embed(taps, range(0, x.cols()), x.cols()),
                ops.embed(scale, new int[1], 1)));
        int width = x.cols() / l.groups();
        Tensor y = null;
        for (int g = 0; g < l.groups(); g++) {
            Tensor seen = ops.apply(new UnfoldedRows(ops.apply(SliceColumns.of(x, g * width, width)), l.kernel(), 1,
                    l.kernel() / 2));
            seen = seen.rows() == x.rows() ? seen : ops.select(seen, range(0, x.rows()), x.rows());
            Tensor own = ops.apply(new MatrixProduct(seen, ops.select(all, range(g * width, (g + 1) * width), width)));
            y = y == null ? own : ops.apply(new ConcatColumns(y, own, 1, false));
        }
        return y;
    }

    private static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    /// The products of groups of channels with weights of their own.
    private static Block apart(Stage.Halved h, Weights weights, Place place) {
        HeadWeights own = new HeadWeights(weights.get(place, Role.STAGE), h.groups(), 0, h.outputs() / h.groups());
        Optional<Weight> bias = h.biased() ? Optional.of(weights.get(place, Role.STAGE_BIAS)) : Optional.empty();
        return (ops, x, pass, states) -> {
            Tensor y = ops.apply(new PerHeadLinear(x, own, PerHeadLinear.Direction.FORWARD));
            return bias.map(b -> ops.addBias(y, b)).orElse(y);
        };
    }

    private static Tensor halve(Ops ops, Tensor x, Stage.Halved h, Block product, Pass pass) {
        UnfoldedGrid.Window window = new UnfoldedGrid.Window(UnfoldedGrid.Axis.single(1),
                new UnfoldedGrid.Axis(x.rows(), Stage.Halved.KERNEL, 2, 1, 1),
                new UnfoldedGrid.Axis(h.bins(), Stage.Halved.KERNEL, 2, 1, 1), !h.timeFirst());
        Tensor seen = ops.apply(new SwappedGroups(ops.apply(new UnfoldedGrid(ops.apply(new FoldedRows.Split(x,
                h.bins())), window)), window.taps(), h.inputs()));
        return ops.apply(new FoldedRows(product.forward(ops, seen, pass, States.NONE), h.binsOut()));
    }

    /// The waves of each place in its part of the input.
    private static Tensor waves(Tensor x, Pass pass, double timescale) {
        Tensor waves = Tensor.allocate(Arena.ofAuto(), DType.F32, x.rows(), x.cols());
        int half = x.cols() / 2;
        double step = Math.log(timescale) / Math.max(1, half - 1);
        for (Pass.Part part : pass.parts()) {
            for (int i = 0; i < part.count(); i++) {
                long at = (long) (part.start() + i) * x.cols();
                for (int c = 0; c < half; c++) {
                    double angle = (part.from() + i) * Math.exp(-step * c);
                    waves.set(at + c, (float) Math.sin(angle));
                    waves.set(at + half + c, (float) Math.cos(angle));
                }
            }
        }
        return waves;
    }

    /// The input embeddings `[N, D]`.
    ///
    /// @throws IllegalArgumentException if a token, a learned position or a segment does not exist
    ///
    /// @param encoder gives the rows of a part of the input
    Tensor forward(Ops ops, Pass pass, States states, Function<Input.Rows, Tensor> encoder) {
        Tensor x = pass.parts().isEmpty() ? tokens(ops, pass.tokens(), pass.numTokens())
                : withRows(ops, pass, states, encoder);
        x = mapsTokens ? projection.forward(ops, x, pass, states) : x;
        for (Weight table : positions) {
            x = switch (spec.positions()) {
                case Positions.Counted counted -> addCounted(ops, x, table, pass, counted);
                case Positions.Learned learned -> add(ops, x, table, pass.positions(), learned.first(), "position ",
                        pass);
                case Positions.Grid grid -> addSampled(ops, x, table, pass, grid);
                case Positions.Axes axes -> addAxes(ops, x, table, pass, axes);
                case Positions.None _, Positions.Sinusoids _ -> x;
            };
        }
        if (spec.positions() instanceof Positions.Sinusoids waves) {
            x = ops.residual(x, waves(x, pass, waves.timescale()), 1);
        }
        for (Weight table : segments) {
            x = add(ops, x, table, pass.segments(), 0, "segment ", pass);
        }
        x = norm.forward(ops, x, pass, states);
        x = mapsTokens ? x : projection.forward(ops, x, pass, states);
        if (spec.perLayer().isPresent()) {
            pass.crossLayer().perLayer(perLayer(ops, x, pass, spec.perLayer().get()));
        }
        return x;
    }

    private Tensor tokens(Ops ops, int[] ids, int count) {
        if (count > 0 && spec.features().filter(f -> !f.stages().isEmpty()).isPresent()) {
            throw new IllegalArgumentException("the model reads features, such as those of a sound; found tokens");
        }
        Tensor x = ops.embed(tokens, ids, count, spec.padding().orElse(-1));
        return spec.scale() == 1 ? x : ops.scale(x, spec.scale());
    }

    /// The embeddings of tokens, and rows in their places. This is the one place where a model takes them.
    private Tensor withRows(Ops ops, Pass pass, States states, Function<Input.Rows, Tensor> encoder) {
        int[] ids = new int[pass.numTokens()];
        int[] places = new int[pass.numTokens()];
        int count = 0;
        int next = 0;
        for (Pass.Part part : pass.parts()) {
            for (; next < part.start(); next++) {
                ids[count] = pass.tokens()[next];
                places[count++] = next;
            }
            next += part.count();
        }
        for (; next < pass.numTokens(); next++) {
            ids[count] = pass.tokens()[next];
            places[count++] = next;
        }
        Tensor x = count == 0 ? null : ops.apply(new SpreadRows(tokens(ops, ids, count), Arrays.copyOf(places, count),
                pass.numTokens()));
        List<Tensor> stacked = new ArrayList<>();
        Map<Input.Rows, Tensor> known = new IdentityHashMap<>();
        for (Pass.Part part : pass.parts()) {
            Tensor rows = known.computeIfAbsent(
                    part.rows().tower() < 0 ? part.rows() : part.rows().whole().orElse(part.rows()),
                    r -> features.forward(ops, encoder.apply(r), pass, states));
            int from = part.from() + (part.rows().tower() < 0 ? 0 : part.rows().first());
            int[] chosen = IntStream.range(from, from + part.count()).toArray();
            rows = part.count() == rows.rows() ? rows : ops.select(rows, chosen, chosen.length);
            int width = spec.features().isPresent() ? rows.cols() : tokens.cols();
            int[] to = IntStream.range(part.start(), part.start() + part.count()).toArray();
            for (int i = 0; i < rows.cols() / width; i++) {
                Tensor own = rows.cols() == width ? rows : ops.apply(SliceColumns.of(rows, i * width, width));
                Tensor spread = ops.apply(new SpreadRows(own, to, pass.numTokens()));
                if (i == 0) {
                    x = x == null ? spread : ops.apply(new Sum(x, 1, spread, 1));
                } else if (i > stacked.size()) {
                    stacked.add(spread);
                } else {
                    stacked.set(i - 1, ops.apply(new Sum(stacked.get(i - 1), 1, spread, 1)));
                }
            }
        }
        pass.crossLayer().stacked(stacked);
        return x;
    }

    /// Adds the vectors of each feature's column and row.
    private static Tensor addAxes(Ops ops, Tensor x, Weight table, Pass pass, Positions.Axes axes) {
        Tensor y = x;
        for (int axis = 0; axis < 2; axis++) {
            int[] rows = new int[pass.numTokens()];
            for (Pass.Part part : pass.parts()) {
                Input.Rows of = part.rows();
                for (int i = 0; i < part.count(); i++) {
                    int at = of.positions()[(part.from() + i) * of.numAxes() + 2 - axis];
                    require(at < axes.count(), axis == 0 ? "column " : "row ", at, axes.count());
                    rows[part.start() + i] = axes.alternating() ? 2 * at + axis : axis * axes.count() + at;
                }
            }
            y = ops.residual(y, ops.embed(table, rows, rows.length), 1);
        }
        return y;
    }

    /// Adds the vectors of a grid, sampled at the place of each feature in the grid of its picture.
    private static Tensor addSampled(Ops ops, Tensor x, Weight table, Pass pass, Positions.Grid grid) {
        Tensor weights = Tensor.allocate(Arena.ofAuto(), DType.F32, pass.numTokens(), grid.count());
        Pass.Part[] partOf = new Pass.Part[pass.numTokens()];
        pass.parts().forEach(part -> Arrays.fill(partOf, part.start(), part.start() + part.count(), part));
        for (int n = 0; n < partOf.length; n++) {
            long row = (long) n * grid.count();
            if (partOf[n] == null) {
                weights.set(row + grid.leading().orElseThrow(), 1);
                continue;
            }
            Input.Rows rows = partOf[n].rows();
            int at = (partOf[n].from() + n - partOf[n].start()) * rows.numAxes();
            float[] down = new float[grid.height()];
            float[] across = new float[grid.width()];
            grid.sampling().weights(rows.positions()[at + 1], rows.grid().get(1), down);
            grid.sampling().weights(rows.positions()[at + 2], rows.grid().get(2), across);
            for (int i = 0; i < down.length; i++) {
                for (int j = 0; down[i] != 0 && j < across.length; j++) {
                    weights.set(row + grid.first() + i * across.length + j, down[i] * across[j]);
                }
            }
        }
        return ops.residual(x, ops.apply(new WeightedRows(weights, table)), 1);
    }

    /// `(norm(W x / √D) + √S · F[token]) / √2`, `[N, L·S]`. Tokens without a row of F have that of token 0.
    private Tensor perLayer(Ops ops, Tensor x, Pass pass, PerLayerEmbeddings inputs) {
        Tensor projected = ops.linear(ops.scale(x, (float) (1 / Math.sqrt(x.cols()))), layers.get(1));
        int[] known = pass.parts().isEmpty() ? pass.tokens() : pass.tokens().clone();
        for (Pass.Part part : pass.parts()) {
            Arrays.fill(known, part.start(), part.start() + part.count(), spec.padding().orElse(0));
        }
        for (int i = 0; i < pass.numTokens(); i++) {
            if (known[i] >= inputs.vocabSize()) {
                known = known == pass.tokens() ? known.clone() : known;
                known[i] = 0;
            }
        }
        Tensor looked = ops.embed(layers.getFirst(), known, pass.numTokens(), spec.padding().orElse(-1));
        looked = ops.scale(looked, (float) Math.sqrt(inputs.size()));
        Tensor both = ops.residual(ops.rmsNorm(projected, layers.getLast(), inputs.eps(), 0), looked, 1);
        return ops.scale(both, (float) Math.sqrt(0.5));
    }

    /// Adds positions that are counted without padding tokens, run by run.
    private static Tensor addCounted(Ops ops, Tensor x, Weight table, Pass pass, Positions.Counted counted) {
        int[] rows = new int[pass.numTokens()];
        int count = 0;
        for (int i = 0; i < rows.length; i++) {
            count = pass.positions()[i] == 0 ? 0 : count;
            rows[i] = pass.tokens()[i] == counted.padding() ? counted.padding() : counted.padding() + ++count;
            require(count <= counted.count(), "position ", count - 1, counted.count());
        }
        return ops.residual(x, ops.embed(table, rows, rows.length, counted.padding()), 1);
    }

    private static void require(boolean exists, String what, int number, int count) {
        if (!exists) {
            throw new IllegalArgumentException(what + number + " is beyond the " + count
                    + " that the model has learned");
        }
    }

    private static Tensor add(Ops ops, Tensor x, Weight table, int[] numbers, int first, String what, Pass pass) {
        int[] rows = first == 0 ? numbers : new int[pass.numTokens()];
        for (int i = 0; i < pass.numTokens(); i++) {
            require(numbers[i] >= 0 && numbers[i] < table.rows() - first, what, numbers[i], table.rows() - first);
            rows[i] = numbers[i] + first;
        }
        return ops.residual(x, ops.embed(table, rows, pass.numTokens()), 1);
    }
}
