package glia.model.block;

import glia.model.spec.Conformer;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores.RelativeRows;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.DisentangledAttention;
import glia.tensor.ops.row.Clamps.SoftplusColumns;
import glia.tensor.ops.row.Clamps.StoredClamp;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.TimeNorm;
import glia.tensor.ops.row.UnfoldedRows;
import glia.tensor.ops.scan.CausalConvolution;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;

/// The mixers of conformer layers (see `Conformer`).
final class ConformerBlocks {
    private static final double TIMESCALE = 10_000;

    private ConformerBlocks() { }

    static Block of(Conformer.PositionedAttention spec, Weights weights, Place place) {
        Block query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, spec.biased());
        Block key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, spec.biased());
        Block value = Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, spec.biased());
        Block output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.biased());
        Weight distances = weights.get(place, Role.POSITION_KEY);
        Weight ofContent = weights.get(place, Role.CONTENT_BIAS);
        Weight ofDistance = weights.get(place, Role.DISTANCE_BIAS);
        float scale = (float) (1 / Math.sqrt(spec.headSize()));
        return (ops, x, pass, states) -> {
            int longest = 1;
            for (int run = 0; run < pass.runs().count(); run++) {
                longest = Math.max(longest, pass.runs().end(run) - pass.runs().start(run));
            }
            Tensor q = query.forward(ops, x, pass, states);
            Tensor content = ops.addBias(q, ofContent);
            Tensor located = ops.addBias(q, ofDistance);
            return output.forward(ops, ops.apply(new DisentangledAttention(content, key.forward(ops, x, pass, states),
                    value.forward(ops, x, pass, states), Optional.of(located),
                    Optional.of(ops.linear(waves(longest, x.cols()), distances)), Optional.empty(), pass.runs(),
                    new RelativeRows(longest, false, 0), spec.headSize(), scale)), pass, states);
        };
    }

    /// The waves of the distances from `-count` to `count - 1`, sines and cosines in turn.
    private static Tensor waves(int count, int width) {
        Tensor waves = Tensor.allocate(Arena.ofAuto(), DType.F32, 2 * count, width);
        for (int c = 0; c < width; c++) {
            double frequency = Math.pow(TIMESCALE, -(c - c % 2) / (double) width);
            for (int row = 0; row < waves.rows(); row++) {
                double angle = (row - count) * frequency;
                waves.set((long) row * width + c, (float) (c % 2 == 0 ? Math.sin(angle) : Math.cos(angle)));
            }
        }
        return waves;
    }

    static Block of(Conformer.LightConvolution spec, Weights weights, Place place) {
        Block input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, spec.biased());
        Block output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.biased());
        Weight taps = weights.get(place, Role.CONVOLUTION);
        Optional<Weight> bias = spec.biased() ? Optional.of(weights.get(place, Role.CONVOLUTION_BIAS))
                : Optional.empty();
        Weight norm = weights.get(place, Role.GATED_NORM);
        Weight shift = weights.get(place, Role.GATED_NORM_BIAS);
        Weight mean = weights.get(place, Role.GATED_NORM_MEAN);
        Weight variance = weights.get(place, Role.GATED_NORM_VARIANCE);
        int width = spec.width();
        return (ops, x, pass, states) -> {
            Tensor y = input.forward(ops, x, pass, states);
            Tensor gated = ops.apply(new SigmoidGate(ops.apply(SliceColumns.of(y, 0, width)),
                    ops.apply(SliceColumns.of(y, width, width))));
            Tensor convolved = around(ops, gated, taps, bias, pass.runs());
            Tensor normed = ops.addBias(ops.apply(new WeightedColumns(
                    ops.apply(new TimeNorm.Stored(convolved, mean, variance, spec.eps())), norm)), shift);
            return output.forward(ops, ops.activate(normed, spec.activation()), pass, states);
        };
    }

    /// A causal convolution of sequences with zeros after them, from the middle of the kernel on.
    private static Tensor around(Ops ops, Tensor x, Weight taps, Optional<Weight> bias, Runs runs) {
        int after = taps.cols() / 2;
        int[] places = apart(runs, after);
        Runs longer = new Runs();
        for (int run = 0; run < runs.count(); run++) {
            longer.add(runs.end(run) - runs.start(run) + after, 0);
        }
        Tensor spread = ops.apply(new SpreadRows(x, places, longer.numTokens()));
        return ops.select(ops.apply(new CausalConvolution(spread, taps, bias, RecurrentState.NONE, longer.frozen())),
                Arrays.stream(places).map(place -> place + after).toArray(), places.length);
    }

    /// The places of tokens where zeros come after each sequence.
    private static int[] apart(Runs runs, int zeros) {
        int[] places = new int[runs.numTokens()];
        for (int run = 0; run < runs.count(); run++) {
            for (int t = runs.start(run); t < runs.end(run); t++) {
                places[t] = t + run * zeros;
            }
        }
        return places;
    }

    static Block of(Conformer.EmbeddingConvolution spec, Weights weights, Place place) {
        Weight taps = weights.get(place, Role.CONVOLUTION);
        Weight bias = weights.get(place, Role.CONVOLUTION_BIAS);
        HeadWeights own = new HeadWeights(taps, spec.groups(), 0, taps.rows() / spec.groups());
        int half = spec.kernel() / 2;
        return (ops, x, pass, states) -> {
            int[] places = apart(pass.runs(), half);
            Tensor spread = ops.apply(new SpreadRows(pass.crossLayer().embedded(), places,
                    places.length + pass.runs().count() * half));
            Tensor seen = ops.select(ops.apply(new UnfoldedRows(spread, spec.kernel(), 1, half)), places,
                    places.length);
            Tensor convolved = spec.groups() == 1 ? ops.linear(seen, taps)
                    : ops.apply(new PerHeadLinear(seen, own, PerHeadLinear.Direction.FORWARD));
            return ops.activate(ops.addBias(convolved, bias), spec.activation());
        };
    }

    /// A map between clamps (see `Conformer`).
    static Block clipped(Weights weights, Place place, Role role, boolean isClipped, int number) {
        Weight w = weights.get(place, role);
        if (!isClipped) {
            return (ops, x, pass, states) -> ops.linear(x, w);
        }
        Weight[] clips = new Weight[4];
        Arrays.setAll(clips, i -> weights.get(place, Role.CLIP, 4 * number + i));
        return (ops, x, pass, states) -> ops.apply(new StoredClamp(ops.linear(
                ops.apply(new StoredClamp(x, clips[0], clips[1])), w), clips[2], clips[3]));
    }

    static Block of(Conformer.ClippedMlp spec, Weights weights, Place place) {
        Block up = clipped(weights, place, Role.UP, spec.clipped(), 0);
        Block down = clipped(weights, place, Role.DOWN, spec.clipped(), 1);
        return (ops, x, pass, states) -> down.forward(ops, ops.activate(up.forward(ops, x, pass, states),
                spec.activation()), pass, states);
    }

    /// A gated MLP between clamps.
    static Block gated(GatedMlp mlp, Weights weights, Place place) {
        Block gate = clipped(weights, place, Role.GATE, true, 0);
        Block up = clipped(weights, place, Role.UP, true, 1);
        Block down = clipped(weights, place, Role.DOWN, true, 2);
        return (ops, x, pass, states) -> down.forward(ops, ops.gated(gate.forward(ops, x, pass, states),
                up.forward(ops, x, pass, states), mlp.activation()), pass, states);
    }

    static Block of(Conformer.ClippedConvolution spec, Weights weights, Place place) {
        Block input = clipped(weights, place, Role.INPUT, spec.clipped(), 0);
        Block output = clipped(weights, place, Role.OUTPUT, spec.clipped(), 1);
        Weight taps = weights.get(place, Role.CONVOLUTION);
        Weight norm = weights.get(place, Role.GATED_NORM);
        int width = spec.width();
        return (ops, x, pass, states) -> {
            Tensor y = input.forward(ops, x, pass, states);
            Tensor gated = ops.apply(new SigmoidGate(ops.apply(SliceColumns.of(y, 0, width)),
                    ops.apply(SliceColumns.of(y, width, width))));
            Tensor convolved = ops.apply(new CausalConvolution(gated, taps, Optional.empty(), RecurrentState.NONE,
                    pass.runs()));
            return output.forward(ops, ops.activate(ops.rmsNorm(convolved, norm, spec.eps(), 0), spec.activation()),
                    pass, states);
        };
    }

    static Block of(Conformer.LocalAttention spec, Weights weights, Place place) {
        Block query = clipped(weights, place, Role.QUERY, spec.clipped(), 0);
        Block key = clipped(weights, place, Role.KEY, spec.clipped(), 1);
        Block value = clipped(weights, place, Role.VALUE, spec.clipped(), 2);
        Block output = clipped(weights, place, Role.OUTPUT, spec.clipped(), 3);
        Weight distances = weights.get(place, Role.POSITION_KEY);
        Weight scale = weights.get(place, Role.QUERY_SCALE);
        float ofQueries = (float) (1 / Math.sqrt(spec.headSize()) / Math.log(2));
        float ofKeys = (float) (Math.log1p(Math.E) / Math.log(2));
        int reach = Math.max(spec.past(), spec.future()) + 1;
        Tensor waves = halves(reach, spec.shift(), distances.cols());
        DisentangledAttention.Near near = new DisentangledAttention.Near(spec.past(), spec.future(), spec.cap());
        return (ops, x, pass, states) -> {
            Tensor q = ops.scale(ops.apply(new SoftplusColumns(query.forward(ops, x, pass, states), scale)),
                    ofQueries);
            Tensor k = ops.scale(key.forward(ops, x, pass, states), ofKeys);
            return output.forward(ops, ops.apply(new DisentangledAttention(q, k, value.forward(ops, x, pass, states),
                    Optional.empty(), Optional.of(ops.linear(waves, distances)), Optional.empty(), pass.runs(),
                    new RelativeRows(reach, false, 0), spec.headSize(), 1, near)), pass, states);
        };
    }

    /// The waves of the distances from `-count` to `count - 1` plus a shift, sines before cosines; 0 where that is
    /// negative.
    private static Tensor halves(int count, int shift, int width) {
        Tensor waves = Tensor.allocate(Arena.ofAuto(), DType.F32, 2 * count, width);
        int half = width / 2;
        for (int c = 0; c < half; c++) {
            double frequency = Math.pow(TIMESCALE, -c / (double) Math.max(1, half - 1));
            for (int row = Math.max(0, count - shift); row < waves.rows(); row++) {
                double angle = (row - count + shift) * frequency;
                waves.set((long) row * width + c, (float) Math.sin(angle));
                waves.set((long) row * width + half + c, (float) Math.cos(angle));
            }
        }
        return waves;
    }
}
