package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.util.ArrayList;
import java.util.List;

/// ECAPA-TDNN (https://arxiv.org/abs/2005.07143): one row for the voice of a spectrogram, by convolutions whose
/// channels are gated and a mean and deviation of all frames.
final class SpeakerEncoder {
    private static final double TINY = 1e-12;

    /// A convolution with a rectifier. Before the start and after the end the sound is its mirror image.
    private record Filter(TimeConvolution convolution, int before, int after) {
        static Filter of(VoiceTensors tensors, String name, int inputs, int outputs, int kernel, int dilation)
                throws CheckpointException {
            int padding = dilation * (kernel - 1);
            return new Filter(TimeConvolution.of(tensors, name + ".conv", inputs, outputs, 1,
                    new Taps(kernel, 1, dilation, 0, 0)), padding / 2, padding - padding / 2);
        }

        Tensor of(Ops ops, Tensor x) {
            int last = x.rows() - 1;
            if (Math.max(before, after) > last) {
                throw new IllegalArgumentException("a voice of " + x.rows() + " frames, expected more than "
                        + Math.max(before, after));
            }
            Tensor wide = before + after == 0 ? x
                    : TimeConvolution.padded(ops, x, before, after, t -> last - Math.abs(last - Math.abs(t)));
            return ops.activate(convolution.of(ops, wide), Activation.RELU);
        }
    }

    /// Convolutions of parts of the channels, each with the result of the part before, and gates of all channels.
    private record Block(Filter first, List<Filter> parts, Filter last, TimeConvolution squeeze,
            TimeConvolution excite) {
        Tensor of(Ops ops, Tensor x) {
            Tensor wide = first.of(ops, x);
            int size = wide.cols() / (parts.size() + 1);
            Tensor part = ops.apply(SliceColumns.of(wide, 0, size));
            Tensor all = part;
            for (int i = 0; i < parts.size(); i++) {
                Tensor own = ops.apply(SliceColumns.of(wide, (i + 1) * size, size));
                part = parts.get(i).of(ops, i == 0 ? own : ops.apply(new Sum(own, 1, part, 1)));
                all = ops.apply(new ConcatColumns(all, part, 1, false));
            }
            Value y = new Value(ops, last.of(ops, all));
            Tensor mean = y.groupSums(new int[x.rows()], 1).times(1.0 / x.rows()).tensor();
            Tensor gate = excite.of(ops, ops.activate(squeeze.of(ops, mean), Activation.RELU));
            return y.times(new Value(ops, gate).logSigmoid().exp()).plus(new Value(ops, x)).tensor();
        }
    }

    private final Filter first;
    private final List<Block> blocks = new ArrayList<>();
    private final Filter joined;
    private final Filter attention;
    private final TimeConvolution scores;
    private final TimeConvolution last;

    SpeakerEncoder(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        int[] widths = config.integers("enc_channels");
        int[] kernels = config.integers("enc_kernel_sizes");
        int[] dilations = config.integers("enc_dilations");
        int scale = config.positive("enc_res2net_scale", 2);
        int squeezed = config.positive("enc_se_channels", 64);
        int count = widths.length - 1;
        if (kernels.length != widths.length || dilations.length != widths.length || count < 2) {
            throw config.error("enc_channels", "and enc_kernel_sizes and enc_dilations have different lengths, or less "
                    + "than 3 numbers");
        }
        first = Filter.of(tensors, prefix + "blocks.0", config.positive("mel_dim"), widths[0], kernels[0],
                dilations[0]);
        int all = 0;
        for (int i = 1; i < count; i++) {
            int width = widths[i];
            String name = prefix + "blocks." + i + ".";
            if (width % scale != 0 || width != widths[i - 1]) {
                throw config.error("enc_channels", "has " + width + " after " + widths[i - 1] + ", expected the same, "
                        + "a multiple of " + scale);
            }
            List<Filter> parts = new ArrayList<>();
            for (int p = 0; p + 1 < scale; p++) {
                parts.add(Filter.of(tensors, name + "res2net_block.blocks." + p, width / scale, width / scale,
                        kernels[i], dilations[i]));
            }
            blocks.add(new Block(Filter.of(tensors, name + "tdnn1", width, width, 1, 1), parts,
                    Filter.of(tensors, name + "tdnn2", width, width, 1, 1),
                    TimeConvolution.point(tensors, name + "se_block.conv1", width, squeezed),
                    TimeConvolution.point(tensors, name + "se_block.conv2", squeezed, width)));
            all += width;
        }
        int width = widths[count];
        int narrow = config.positive("enc_attention_channels", 64);
        joined = Filter.of(tensors, prefix + "mfa", all, width, kernels[count], dilations[count]);
        attention = Filter.of(tensors, prefix + "asp.tdnn", 3 * width, narrow, 1, 1);
        scores = TimeConvolution.point(tensors, prefix + "asp.conv", narrow, width);
        last = TimeConvolution.point(tensors, prefix + "fc", 2 * width, config.positive("enc_dim"));
    }

    /// The row of a spectrogram, `[T, bands]` to `[1, E]`.
    Tensor of(Ops ops, Tensor mel) {
        Tensor x = first.of(ops, mel);
        Tensor all = null;
        for (Block block : blocks) {
            x = block.of(ops, x);
            all = all == null ? x : ops.apply(new ConcatColumns(all, x, 1, false));
        }
        Value y = new Value(ops, joined.of(ops, all));
        int count = mel.rows();
        int[] one = new int[count];
        Tensor plain = statistics(y, y.times(0).plus(1.0 / count), one);
        Tensor seen = ops.apply(new ConcatColumns(y.tensor(), ops.select(plain, one, count), 1, false));
        Value logits = new Value(ops, scores.of(ops, ops.activate(attention.of(ops, seen), Activation.TANH)));
        Value shares = logits.minus(logits.groupMax(one, 1).detached()).exp();
        return last.of(ops, statistics(y, shares.dividedBy(shares.groupSums(one, 1)), one));
    }

    /// The weighted mean and deviation of each channel, `[1, 2C]`.
    private static Tensor statistics(Value x, Value shares, int[] one) {
        Value mean = shares.times(x).groupSums(one, 1);
        Value deviation = shares.times(x.minus(mean).square()).groupSums(one, 1).clamp(TINY, Float.MAX_VALUE).log()
                .times(0.5).exp();
        return mean.apply(m -> new ConcatColumns(m, deviation.tensor(), 1, false)).tensor();
    }
}
