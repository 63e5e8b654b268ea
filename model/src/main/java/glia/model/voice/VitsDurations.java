package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// How many frames each token lasts: a normalizing flow from noise (stochastic), or convolutions.
final class VitsDurations {
    private static final float EPSILON = 1e-5f;

    /// Depthwise convolutions with growing dilation, each with a linear map, added to their input.
    private final class Separable {
        private final List<TimeConvolution> depthwise = new ArrayList<>();
        private final List<TimeConvolution> pointwise = new ArrayList<>();
        private final List<Weight> norms = new ArrayList<>();

        Separable(VoiceTensors tensors, String name, int count, int kernel) throws CheckpointException {
            int dilation = 1;
            for (int i = 0; i < count; i++) {
                int padding = dilation * (kernel - 1) / 2;
                depthwise.add(TimeConvolution.of(tensors, name + ".convs_dilated." + i, hidden, hidden, hidden,
                        new Taps(kernel, 1, dilation, padding, padding)));
                pointwise.add(TimeConvolution.point(tensors, name + ".convs_pointwise." + i, hidden, hidden));
                for (String norm : List.of(".norms_1." + i + ".weight", ".norms_1." + i + ".bias",
                        ".norms_2." + i + ".weight", ".norms_2." + i + ".bias")) {
                    norms.add(tensors.weight(name + norm, hidden));
                }
                dilation *= kernel;
            }
        }

        Tensor of(Ops ops, Tensor start) {
            Tensor x = start;
            for (int i = 0; i < depthwise.size(); i++) {
                Tensor y = ops.activate(ops.layerNorm(depthwise.get(i).of(ops, x), norms.get(4 * i),
                        norms.get(4 * i + 1), EPSILON), Activation.GELU);
                y = ops.activate(ops.layerNorm(pointwise.get(i).of(ops, y), norms.get(4 * i + 2),
                        norms.get(4 * i + 3), EPSILON), Activation.GELU);
                x = ops.apply(new Sum(x, 1, y, 1));
            }
            return x;
        }
    }

    /// A coupling of two channels by a spline whose bins the first channel chooses.
    private record Coupling(TimeConvolution before, Separable middle, TimeConvolution after) { }

    private final int hidden;
    private final boolean isStochastic;
    private final int bins;
    private final double bound;
    private final TimeConvolution before;
    private final TimeConvolution after;
    private final Optional<TimeConvolution> condition;
    private final Separable middle;
    private final List<Coupling> couplings = new ArrayList<>();
    private float[] logScale;
    private float[] translation;
    private final TimeConvolution second;
    private final Weight[] norms;
    private final float epsilon;

    VitsDurations(Config config, VoiceTensors tensors) throws CheckpointException {
        hidden = config.positive("hidden_size", 192);
        isStochastic = config.flag("use_stochastic_duration_prediction", true);
        bins = config.positive("duration_predictor_flow_bins", 10);
        bound = config.real("duration_predictor_tail_bound", 5);
        epsilon = (float) config.real("layer_norm_eps", 1e-5);
        String name = "duration_predictor.";
        int speaker = config.integer("speaker_embedding_size", 0);
        condition = speaker == 0 ? Optional.empty()
                : Optional.of(TimeConvolution.point(tensors, name + "cond", speaker, hidden));
        int kernel = config.positive("duration_predictor_kernel_size", 3);
        if (!isStochastic) {
            int filters = config.positive("duration_predictor_filter_channels", 256);
            before = TimeConvolution.same(tensors, name + "conv_1", hidden, filters, kernel, 1);
            second = TimeConvolution.same(tensors, name + "conv_2", filters, filters, kernel, 1);
            after = TimeConvolution.point(tensors, name + "proj", filters, 1);
            norms = new Weight[] {tensors.weight(name + "norm_1.weight", filters),
                tensors.weight(name + "norm_1.bias", filters), tensors.weight(name + "norm_2.weight", filters),
                tensors.weight(name + "norm_2.bias", filters)};
            middle = null;
            return;
        }
        if (config.positive("depth_separable_channels", 2) != 2) {
            throw config.error("depth_separable_channels", "is " + config.found("depth_separable_channels")
                    + ", expected 2, a duration and a second channel");
        }
        int count = config.positive("depth_separable_num_layers", 3);
        second = null;
        norms = new Weight[0];
        before = TimeConvolution.point(tensors, name + "conv_pre", hidden, hidden);
        after = TimeConvolution.point(tensors, name + "conv_proj", hidden, hidden);
        middle = new Separable(tensors, name + "conv_dds", count, kernel);
        logScale = tensors.values(name + "flows.0.log_scale", 2, 1);
        translation = tensors.values(name + "flows.0.translate", 2, 1);
        // The first of them is left out in generation, as the reference does.
        for (int i = 2; i <= config.positive("duration_predictor_num_flows", 4); i++) {
            String flow = name + "flows." + i;
            couplings.add(new Coupling(TimeConvolution.point(tensors, flow + ".conv_pre", 1, hidden),
                    new Separable(tensors, flow + ".conv_dds", count, kernel),
                    TimeConvolution.point(tensors, flow + ".conv_proj", hidden, 3 * bins - 1)));
        }
    }

    /// The natural logarithms of the durations of T tokens.
    ///
    /// @param noise `[2, T]`, scaled, of a stochastic predictor
    double[] logDurations(Ops ops, Tensor states, Optional<Tensor> speaker, float[] noise) {
        Tensor x = new Value(ops, states).detached().tensor();
        if (!isStochastic) {
            x = conditioned(ops, x, speaker);
            Tensor y = ops.layerNorm(ops.activate(before.of(ops, x), Activation.RELU), norms[0], norms[1], epsilon);
            y = ops.layerNorm(ops.activate(second.of(ops, y), Activation.RELU), norms[2], norms[3], epsilon);
            return new Value(ops, after.of(ops, y)).numbers();
        }
        Tensor condition = after.of(ops, middle.of(ops, conditioned(ops, before.of(ops, x), speaker)));
        int count = states.rows();
        double[] first = new double[count];
        double[] other = new double[count];
        for (int t = 0; t < count; t++) {
            first[t] = noise[t];
            other[t] = noise[count + t];
        }
        for (int i = couplings.size() - 1; i >= 0; i--) {
            double[] swapped = first;
            first = other;
            other = couple(ops, couplings.get(i), condition, first, swapped);
        }
        double[] logs = other;
        for (int t = 0; t < count; t++) {
            logs[t] = (logs[t] - translation[0]) * Math.exp(-logScale[0]);
        }
        return logs;
    }

    private Tensor conditioned(Ops ops, Tensor x, Optional<Tensor> speaker) {
        return speaker.isEmpty() || condition.isEmpty() ? x
                : new Value(ops, x).plus(new Value(ops, condition.get().of(ops, speaker.get()))).tensor();
    }

    private double[] couple(Ops ops, Coupling coupling, Tensor condition, double[] first, double[] second) {
        Tensor x = coupling.before.of(ops, Value.constant(ops, floats(first)).tensor());
        Tensor y = coupling.after.of(ops, coupling.middle.of(ops, ops.apply(new Sum(x, 1, condition, 1))));
        double scale = 1 / Math.sqrt(hidden);
        double[] all = new Value(ops, y).numbers();
        double[] inverse = new double[first.length];
        for (int t = 0; t < inverse.length; t++) {
            int at = t * y.cols();
            double[] widths = Arrays.copyOfRange(all, at, at + bins);
            double[] heights = Arrays.copyOfRange(all, at + bins, at + 2 * bins);
            for (int i = 0; i < bins; i++) {
                widths[i] *= scale;
                heights[i] *= scale;
            }
            inverse[t] = Spline.inverse(second[t], widths, heights, Arrays.copyOfRange(all, at + 2 * bins,
                    at + 3 * bins - 1), bound);
        }
        return inverse;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }
}
