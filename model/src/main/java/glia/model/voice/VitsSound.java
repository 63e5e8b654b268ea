package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// From the prior's frames to sound: a normalizing flow of couplings by WaveNets, then HiFi-GAN
/// (https://arxiv.org/abs/2010.05646).
final class VitsSound {
    private static final double LAST_SLOPE = 0.01;
    private static final int ENDS = 7;

    /// A WaveNet (https://arxiv.org/abs/1609.03499): gated dilated convolutions whose outputs are summed.
    private final class WaveNet {
        private final List<TimeConvolution> in = new ArrayList<>();
        private final List<TimeConvolution> out = new ArrayList<>();
        private final Optional<TimeConvolution> condition;

        WaveNet(Config config, VoiceTensors tensors, String name, int count, int speaker) throws CheckpointException {
            int dilation = 1;
            int kernel = config.positive("wavenet_kernel_size", 5);
            for (int i = 0; i < count; i++) {
                in.add(TimeConvolution.same(tensors, name + ".in_layers." + i, hidden, 2 * hidden, kernel, dilation));
                out.add(TimeConvolution.point(tensors, name + ".res_skip_layers." + i, hidden,
                        i + 1 < count ? 2 * hidden : hidden));
                dilation *= config.positive("wavenet_dilation_rate", 1);
            }
            condition = speaker == 0 ? Optional.empty()
                    : Optional.of(TimeConvolution.point(tensors, name + ".cond_layer", speaker, 2 * hidden * count));
        }

        Tensor of(Ops ops, Tensor start, Optional<Tensor> speaker) {
            Optional<Tensor> conditions = condition.isEmpty() ? Optional.empty()
                    : speaker.map(row -> condition.get().of(ops, row));
            Tensor x = start;
            Tensor sum = null;
            for (int i = 0; i < in.size(); i++) {
                Value both = new Value(ops, in.get(i).of(ops, x));
                if (conditions.isPresent()) {
                    both = both.plus(new Value(ops, ops.apply(SliceColumns.of(conditions.get(), 2 * hidden * i,
                            2 * hidden))));
                }
                Value value = new Value(ops, ops.activate(ops.apply(SliceColumns.of(both.tensor(), 0, hidden)),
                        Activation.TANH));
                Value gate = new Value(ops, ops.apply(SliceColumns.of(both.tensor(), hidden, hidden))).logSigmoid()
                        .exp();
                Tensor y = out.get(i).of(ops, value.times(gate).tensor());
                boolean isLast = i + 1 == in.size();
                if (!isLast) {
                    x = ops.apply(new Sum(x, 1, ops.apply(SliceColumns.of(y, 0, hidden)), 1));
                }
                Tensor kept = isLast ? y : ops.apply(SliceColumns.of(y, hidden, hidden));
                sum = sum == null ? kept : ops.apply(new Sum(sum, 1, kept, 1));
            }
            return sum;
        }
    }

    private record Coupling(TimeConvolution before, WaveNet net, TimeConvolution after) { }

    /// Convolutions of one kernel, in pairs: dilated and not.
    private record Branch(List<TimeConvolution> first, List<TimeConvolution> second) { }

    private record Stage(TimeConvolution up, List<Branch> branches) { }

    private final int hidden;
    private final int flow;
    private final double slope;
    private final List<Coupling> couplings = new ArrayList<>();
    private final TimeConvolution before;
    private final TimeConvolution after;
    private final Optional<TimeConvolution> condition;
    private final List<Stage> stages = new ArrayList<>();
    private final int hop;
    private final int context;

    VitsSound(Config config, VoiceTensors tensors) throws CheckpointException {
        hidden = config.positive("hidden_size", 192);
        flow = config.positive("flow_size", 192);
        slope = config.real("leaky_relu_slope", 0.1);
        int speaker = config.integer("speaker_embedding_size", 0);
        for (int i = 0; i < config.positive("prior_encoder_num_flows", 4); i++) {
            String name = "flow.flows." + i;
            couplings.add(new Coupling(TimeConvolution.point(tensors, name + ".conv_pre", flow / 2, hidden),
                    new WaveNet(config, tensors, name + ".wavenet", config.positive(
                            "prior_encoder_num_wavenet_layers", 4), speaker),
                    TimeConvolution.point(tensors, name + ".conv_post", hidden, flow / 2)));
        }
        int channels = config.positive("upsample_initial_channel", 512);
        int[] rates = config.has("upsample_rates") ? config.integers("upsample_rates") : new int[] {8, 8, 2, 2};
        int[] kernels = config.has("upsample_kernel_sizes") ? config.integers("upsample_kernel_sizes")
                : new int[] {16, 16, 4, 4};
        int[] branches = config.has("resblock_kernel_sizes") ? config.integers("resblock_kernel_sizes")
                : new int[] {3, 7, 11};
        int[][] dilations = config.has("resblock_dilation_sizes") ? config.integerLists("resblock_dilation_sizes")
                : new int[][] {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}};
        if (rates.length != kernels.length || branches.length != dilations.length) {
            throw config.error("upsample_rates", "and upsample_kernel_sizes, or resblock_kernel_sizes and "
                    + "resblock_dilation_sizes, have different lengths");
        }
        before = TimeConvolution.same(tensors, "decoder.conv_pre", flow, channels, ENDS, 1);
        condition = speaker == 0 ? Optional.empty()
                : Optional.of(TimeConvolution.point(tensors, "decoder.cond", speaker, channels));
        int rate = 1;
        double reach = ENDS / 2;
        for (int i = 0; i < rates.length; i++) {
            int cut = (kernels[i] - rates[i]) / 2;
            TimeConvolution up = TimeConvolution.transposed(tensors, "decoder.upsampler." + i, channels, channels / 2,
                    1, new Taps(kernels[i], rates[i], 1, cut, cut));
            reach += (double) kernels[i] / rates[i] / rate;
            channels /= 2;
            rate *= rates[i];
            List<Branch> all = new ArrayList<>();
            int widest = 0;
            for (int b = 0; b < branches.length; b++) {
                Branch branch = new Branch(new ArrayList<>(), new ArrayList<>());
                String name = "decoder.resblocks." + (i * branches.length + b);
                int wide = 0;
                for (int d = 0; d < dilations[b].length; d++) {
                    branch.first.add(TimeConvolution.same(tensors, name + ".convs1." + d, channels, channels,
                            branches[b], dilations[b][d]));
                    branch.second.add(TimeConvolution.same(tensors, name + ".convs2." + d, channels, channels,
                            branches[b], 1));
                    wide += (dilations[b][d] + 1) * (branches[b] / 2);
                }
                widest = Math.max(widest, wide);
                all.add(branch);
            }
            reach += (double) widest / rate;
            stages.add(new Stage(up, all));
        }
        after = TimeConvolution.same(tensors, "decoder.conv_post", channels, 1, ENDS, 1);
        hop = rate;
        context = (int) Math.ceil(reach + (double) (ENDS / 2) / rate) + 1;
    }

    /// Samples of a frame.
    int hop() {
        return hop;
    }

    /// Frames before and after a frame that its samples depend on, at most.
    int context() {
        return context;
    }

    /// The channels of a frame.
    int channels() {
        return flow;
    }

    /// The frames of the decoder, of those of the prior: the flow in reverse.
    Tensor spectrogram(Ops ops, Tensor prior, Optional<Tensor> speaker) {
        Tensor x = prior;
        int half = flow / 2;
        int[] reversed = IntStream.range(0, prior.rows() * flow).map(i -> flow - 1 - i % flow).toArray();
        for (int i = couplings.size() - 1; i >= 0; i--) {
            Coupling coupling = couplings.get(i);
            Tensor flipped = new Value(ops, x).pick(reversed).tensor();
            Tensor first = ops.apply(SliceColumns.of(flipped, 0, half));
            Tensor shift = coupling.after.of(ops, coupling.net.of(ops, coupling.before.of(ops, first), speaker));
            Tensor second = ops.apply(new Sum(ops.apply(SliceColumns.of(flipped, half, half)), 1, shift, -1));
            x = ops.apply(new ConcatColumns(first, second, 1, false));
        }
        return x;
    }

    /// The samples of frames, `[F, C]` to `[F·hop, 1]`.
    Tensor waveform(Ops ops, Tensor frames, Optional<Tensor> speaker) {
        Tensor x = before.of(ops, frames);
        if (condition.isPresent() && speaker.isPresent()) {
            x = new Value(ops, x).plus(new Value(ops, condition.get().of(ops, speaker.get()))).tensor();
        }
        for (Stage stage : stages) {
            Tensor start = stage.up.of(ops, leaky(ops, x, slope));
            Tensor sum = null;
            for (Branch branch : stage.branches) {
                Tensor y = start;
                for (int i = 0; i < branch.first.size(); i++) {
                    Tensor inner = branch.first.get(i).of(ops, leaky(ops, y, slope));
                    y = ops.apply(new Sum(y, 1, branch.second.get(i).of(ops, leaky(ops, inner, slope)), 1));
                }
                sum = sum == null ? y : ops.apply(new Sum(sum, 1, y, 1));
            }
            x = ops.scale(sum, 1f / stage.branches.size());
        }
        return ops.activate(after.of(ops, leaky(ops, x, LAST_SLOPE)), Activation.TANH);
    }

    private static Tensor leaky(Ops ops, Tensor x, double slope) {
        return ops.apply(new ElementwiseMap(x, v -> v > 0 ? v : slope * v, v -> v > 0 ? 1 : slope));
    }
}
