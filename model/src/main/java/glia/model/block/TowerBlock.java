package glia.model.block;

import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Tower;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.FoldedRows;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// A tower: features of a picture or a sound to rows of the language model's width.
final class TowerBlock {
    /// A step of the projector.
    private interface Step {
        Tensor of(Ops ops, Tensor x, Input.Rows features);
    }

    private final Tower spec;
    private final Decoder body;
    private final List<Step> steps = new ArrayList<>();

    TowerBlock(ModelSpec whole, int number, Weights all) {
        spec = whole.towers().get(number);
        Weights own = all.shared(place -> whole.towerPlace(number, place));
        body = new Decoder(spec.body(), own);
        for (int i = 0; i < spec.projector().size(); i++) {
            Place place = new Place(-1, 1 + i);
            steps.add(switch (spec.projector().get(i)) {
                case Tower.Step.Normed normed -> step(NormBlock.of(normed.norm(), own, place, Role.FINAL_WEIGHT,
                        Role.FINAL_BIAS));
                case Tower.Step.Linear linear -> step(Projection.of(own, place, Role.OUTPUT, Role.OUTPUT_BIAS,
                        linear.biased()));
                case Tower.Step.Activated f -> (ops, x, features) -> ops.activate(x, f.activation());
                case Tower.Step.Folded folded -> (ops, x, features) -> ops.apply(new FoldedRows(x, folded.count()));
                case Tower.Step.Tiled tiled -> {
                    Weight newline = own.get(place, Role.NEWLINE);
                    yield (ops, x, features) -> arrange(ops, x, features.order(), newline);
                }
                case Tower.Step.Pooled pooled -> (ops, x, features) -> pool(ops, x, features.grid(), pooled.side());
            });
        }
    }

    private static Step step(Block block) {
        Pass any = new Pass();
        return (ops, x, features) -> block.forward(ops, x, any, States.NONE);
    }

    /// The rows `[count, D]` of one picture, or of the frames of a film, each of which sees itself alone.
    Tensor forward(Ops ops, Input.Rows features) {
        int leading = spec.numLeading();
        List<Integer> grid = features.grid();
        int count = grid.get(1) * grid.get(2);
        int[] positions = spec.featurePositions(grid.get(1), grid.get(2));
        Pass pass = new Pass();
        for (int frame = 0; frame < grid.getFirst(); frame++) {
            Input.Rows own = new Input.Rows(features.values().rows(frame * count, (frame + 1) * count), List.of(),
                    new int[0], -1, count, positions, 2, count, false, features.hash());
            pass.add(new int[leading + count], List.of(new Input.Embedded(leading, own)), 0, leading + count, 0,
                    Pass.Outputs.NONE);
            for (int i = 0; i < count; i++) {
                pass.want(leading + i);
            }
        }
        Tensor x = body.hidden(ops, pass, States.NONE);
        for (Step step : steps) {
            x = step.of(ops, x, features);
        }
        return x;
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
