package glia.model.block;

import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SwappedGroups;
import glia.tensor.ops.row.FoldedRows;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A tower: features of a picture or a sound to rows of the language model's width.
final class TowerBlock {
    /// A step of the projector.
    private interface Step {
        Tensor of(Ops ops, Tensor x, Input.Rows features);
    }

    private final Tower spec;
    private final Decoder body;
    private final Weights own;
    /// The layers whose states are projected besides the last ones, ascending.
    private final List<Integer> layers;
    private final List<Step> steps = new ArrayList<>();

    TowerBlock(ModelSpec whole, int number, Weights all) {
        spec = whole.towers().get(number);
        own = all.shared(place -> whole.towerPlace(number, place));
        body = new Decoder(spec.body(), own);
        List<Integer> beside = spec.projector().stream().filter(Tower.Step.Beside.class::isInstance)
                .flatMap(step -> ((Tower.Step.Beside) step).layers().stream()).toList();
        layers = Stream.concat(spec.taps().stream().map(Tower.Tap::layer), beside.stream()).distinct().sorted()
                .toList();
        List<Tower.Step> wanted = spec.allSteps();
        for (int i = 0; i < wanted.size(); i++) {
            Place place = new Place(-1, 1 + i);
            steps.add(switch (wanted.get(i)) {
                case Tower.Step.Normed normed -> step(NormBlock.of(normed.norm(), own, place, Role.FINAL_WEIGHT,
                        Role.FINAL_BIAS));
                case Tower.Step.Linear linear -> step(Projection.of(own, place, Role.OUTPUT, Role.OUTPUT_BIAS,
                        linear.biased()));
                case Tower.Step.Gated gated -> step(MlpBlock.of(gated.mlp(), own, place));
                case Tower.Step.ClassToken _, Tower.Step.Beside _ -> (ops, x, features) -> x;
                case Tower.Step.Attended attended -> attend(attended, own, place);
                case Tower.Step.Compared _ -> (ops, x, features) -> new Value(ops, x).unitRows().tensor();
                case Tower.Step.Activated f -> (ops, x, features) -> ops.activate(x, f.activation());
                case Tower.Step.Scaled s -> (ops, x, features) -> ops.scale(x, s.factor());
                case Tower.Step.Folded folded -> (ops, x, features) -> fold(ops, x, features.grid(), folded);
                case Tower.Step.Tiled tiled -> {
                    Weight newline = own.get(place, Role.NEWLINE);
                    yield (ops, x, features) -> arrange(ops, x, features.order(), newline);
                }
                case Tower.Step.Averaged averaged -> (ops, x, features) -> average(ops, x, averaged.count());
                case Tower.Step.Pooled pooled -> (ops, x, features) -> pool(ops, x, features.grid(), pooled.side());
            });
        }
    }

    private static Step step(Block block) {
        Pass any = new Pass();
        return (ops, x, features) -> block.forward(ops, x, any, States.NONE);
    }

    /// A learned row for each frame, which attends to the frame's features.
    private static Step attend(Tower.Step.Attended spec, Weights own, Place place) {
        Weight probe = own.get(place, Role.PROBE);
        Block attention = new Mixers.CrossAttentionBlock(spec.attention(), own, place);
        Step norm = step(NormBlock.of(spec.norm(), own, place, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS));
        Step mlp = step(MlpBlock.of(spec.mlp(), own, place));
        return (ops, x, features) -> {
            int frames = features.grid().getFirst();
            int count = x.rows() / frames;
            Pass pass = new Pass();
            for (int frame = 0; frame < frames; frame++) {
                pass.add(new int[1], 0, 1, 0, Pass.Outputs.NONE).from(new int[count], 0, count);
            }
            pass.crossLayer().encoded(x);
            Tensor y = attention.forward(ops, ops.embed(probe, new int[frames], frames), pass, States.NONE);
            Tensor added = mlp.of(ops, norm.of(ops, y, features), features);
            return ops.apply(new Sum(y, 1, added, 1));
        };
    }

    /// The logits `[A, B]` of all pairs of rows, texts and pictures, divided by their lengths.
    ///
    /// @throws IllegalArgumentException if the rows of this tower are not compared with texts
    Tensor compare(Ops ops, Tensor a, Tensor b) {
        Tower.Step.Compared compared = spec.compared().orElseThrow(() -> new IllegalArgumentException(
                "the model does not compare texts with pictures"));
        Place place = new Place(-1, spec.projector().size());
        Value scale = new Value(ops, ops.embed(own.get(place, Role.LOGIT_SCALE), new int[1], 1)).exp();
        Value logits = new Value(ops, a).unitRows().dots(new Value(ops, b).unitRows()).times(scale);
        return (compared.biased() ? logits.plus(new Value(ops, ops.embed(own.get(place, Role.LOGIT_BIAS), new int[1],
                1))) : logits).tensor();
    }

    /// The rows of one picture or film: `[count, D]`, or `[count, (1 + taps)·D]` with those of the taps beside them.
    Tensor forward(Ops ops, Input.Rows features) {
        List<Integer> grid = features.grid();
        int[] order = order(grid);
        List<Tensor> states = body.hidden(ops, pass(ops, features, order), Set.copyOf(layers));
        Tensor x = projected(ops, beside(ops, states), features, order, 0, spec.projector().size());
        for (int i = 0; i + 1 < states.size(); i++) {
            int first = spec.projector().size();
            for (Tower.Tap tap : spec.taps()) {
                int end = first + tap.projector().size();
                if (tap.layer() == layers.get(i)) {
                    Tensor rows = projected(ops, states.get(i), features, order, first, end);
                    x = ops.apply(new ConcatColumns(x, rows, 1, false));
                }
                first = end;
            }
        }
        return x;
    }

    /// What the projector reads: the last states, or those after several layers side by side.
    private Tensor beside(Ops ops, List<Tensor> states) {
        if (spec.projector().isEmpty() || !(spec.projector().getFirst() instanceof Tower.Step.Beside beside)) {
            return states.getLast();
        }
        return beside.layers().stream().map(layer -> states.get(layers.indexOf(layer)))
                .reduce((a, b) -> ops.apply(new ConcatColumns(a, b, 1, false))).orElseThrow();
    }

    private Tensor projected(Ops ops, Tensor states, Input.Rows features, int[] order, int from, int to) {
        Tensor x = states;
        if (order.length > 0) {
            int[] back = new int[order.length];
            for (int i = 0; i < order.length; i++) {
                back[order[i]] = i;
            }
            x = ops.select(x, back, back.length);
        }
        for (Step step : steps.subList(from, to)) {
            x = step.of(ops, x, features);
        }
        return x;
    }

    /// One run for each frame, or for all that see each other.
    ///
    /// @param order of the features, window by window
    private Pass pass(Ops ops, Input.Rows features, int[] order) {
        if (spec.chunks().isPresent()) {
            return sound(features.values(), spec.chunks().get(), features.hash());
        }
        List<Integer> grid = features.grid();
        int leading = spec.numLeading();
        int runs = spec.films() == Tower.Films.TOGETHER ? 1 : grid.getFirst();
        int count = features.values().rows() / runs;
        List<Integer> each = List.of(grid.getFirst() / runs, grid.get(1), grid.get(2));
        int[] positions = spec.featurePositions(each.getFirst(), each.get(1), each.get(2));
        Tensor values = features.values();
        if (order.length > 0) {
            values = ops.select(values, order, order.length);
            int[] inRows = positions.clone();
            for (int i = 0; i < positions.length; i++) {
                positions[i] = inRows[order[i / Tower.NUM_AXES] * Tower.NUM_AXES + i % Tower.NUM_AXES];
            }
        }
        Pass pass = new Pass();
        for (int run = 0; run < runs; run++) {
            Input.Rows own = new Input.Rows(values.rows(run * count, (run + 1) * count), each, new int[0], -1, count,
                    positions, Tower.NUM_AXES, count, Tower.Sight.CAUSAL, features.hash());
            pass.add(new int[leading + count], List.of(new Input.Embedded(leading, own)), 0, leading + count, 0,
                    Pass.Outputs.NONE);
            boolean isClass = spec.projector().stream().anyMatch(Tower.Step.ClassToken.class::isInstance);
            for (int i = 0; i < (isClass ? leading : count); i++) {
                pass.want(isClass ? i : leading + i);
            }
        }
        if (spec.window() > 0) {
            pass.windows(windows(runs, grid.get(1), grid.get(2)));
        }
        return pass;
    }

    /// One run for the chunks that attend to each other.
    private Pass sound(Tensor frames, Tower.Chunks chunks, String hash) {
        Pass pass = new Pass();
        int window = chunks.frames() * chunks.together();
        for (int start = 0; start < frames.rows(); start += window) {
            List<Input.Embedded> parts = new ArrayList<>();
            int count = 0;
            int end = Math.min(frames.rows(), start + window);
            for (int from = start; from < end; from += chunks.frames()) {
                Tensor chunk = frames.rows(from, Math.min(end, from + chunks.frames()));
                int rows = spec.features().numRows(chunk.rows());
                if (chunks.padded() && from > 0 && chunk.rows() < chunks.frames()) {
                    Tensor filled = Tensor.allocate(Arena.ofAuto(), DType.F32, chunks.frames(), chunk.cols());
                    filled.rows(0, chunk.rows()).copyFrom(chunk);
                    chunk = filled;
                }
                parts.add(new Input.Embedded(count, new Input.Rows(chunk, List.of(1, 1, chunk.rows()), new int[0], -1,
                        rows, new int[0], 1, rows, Tower.Sight.CAUSAL, hash + " " + from)));
                count += rows;
            }
            pass.add(new int[count], parts, 0, count, 0, Pass.Outputs.NONE);
            for (int i = 0; i < count; i++) {
                pass.want(i);
            }
        }
        return pass;
    }

    private static Tensor average(Ops ops, Tensor x, int count) {
        int[] kept = IntStream.range(0, x.rows() / count * count).toArray();
        int[] groups = IntStream.of(kept).map(i -> i / count).toArray();
        return ops.scale(ops.apply(new GroupSums(ops.select(x, kept, kept.length), groups, kept.length / count)),
                1f / count);
    }

    /// The features of all frames window by window, in each window in their order; empty without windows.
    private int[] order(List<Integer> grid) {
        if (spec.window() == 0) {
            return new int[0];
        }
        int[] positions = spec.featurePositions(grid.getFirst(), grid.get(1), grid.get(2));
        int across = Math.ceilDiv(grid.get(2), spec.window());
        int down = Math.ceilDiv(grid.get(1), spec.window());
        return IntStream.range(0, positions.length / Tower.NUM_AXES).boxed()
                .sorted(Comparator.comparingInt(i -> (positions[i * Tower.NUM_AXES] * down
                        + positions[i * Tower.NUM_AXES + 1] / spec.window()) * across
                        + positions[i * Tower.NUM_AXES + 2] / spec.window()))
                .mapToInt(Integer::intValue).toArray();
    }

    private Runs windows(int frames, int height, int width) {
        Runs windows = new Runs();
        int side = spec.window();
        for (int frame = 0; frame < frames; frame++) {
            for (int top = 0; top < height; top += side) {
                for (int left = 0; left < width; left += side) {
                    windows.add(Math.min(side, height - top) * Math.min(side, width - left), 0);
                }
            }
        }
        return windows;
    }

    /// The features of each square side by side.
    private Tensor fold(Ops ops, Tensor x, List<Integer> grid, Tower.Step.Folded folded) {
        int side = folded.side();
        Tensor squares = x;
        if (folded.raster()) {
            int width = grid.get(2);
            int across = width / side;
            int[] rows = new int[x.rows()];
            for (int i = 0; i < rows.length; i++) {
                int square = i / (side * side);
                int inside = i % (side * side);
                rows[i] = (square / across * side + inside / side) * width + square % across * side + inside % side;
            }
            squares = ops.select(x, rows, rows.length);
        }
        Tensor joined = ops.apply(new FoldedRows(squares, side * side));
        return folded.byChannel() ? ops.apply(new SwappedGroups(joined, side * side, x.cols())) : joined;
    }

    /// Rows in another order, with a learned row where it is negative.
    private static Tensor arrange(Ops ops, Tensor x, int[] order, Weight newline) {
        int[] places = IntStream.range(0, order.length).filter(i -> order[i] >= 0).toArray();
        int[] ends = IntStream.range(0, order.length).filter(i -> order[i] < 0).toArray();
        Tensor rows = ops.select(x, Arrays.stream(places).map(i -> order[i]).toArray(), places.length);
        Tensor lines = ops.embed(newline, new int[ends.length], ends.length);
        return ops.apply(new Sum(ops.apply(new SpreadRows(rows, places, order.length)), 1,
                ops.apply(new SpreadRows(lines, ends, order.length)), 1));
    }

    private static Tensor pool(Ops ops, Tensor x, List<Integer> grid, int side) {
        int width = grid.get(2);
        int across = width / side;
        int[] groups = new int[x.rows()];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = i / width / side * across + i % width / side;
        }
        return ops.scale(ops.apply(new GroupSums(x, groups, x.rows() / (side * side))), 1f / (side * side));
    }
}
