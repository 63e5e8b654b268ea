package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Norm;
import glia.model.spec.Stage;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The subsampling of conformers: that of fast ones (https://arxiv.org/abs/2305.05084) and of Gemma 4.
public final class Subsampling {
    private static final String CHANNELS = "subsampling_conv_channels";

    private Subsampling() { }

    /// The number of heads of a conformer.
    public static int heads(Config encoder, int hidden) throws CheckpointException {
        int heads = encoder.positive("num_attention_heads", 8);
        if (hidden % heads != 0 || hidden % 2 != 0) {
            throw encoder.error("num_attention_heads", "found " + heads + ", expected a divisor of " + hidden
                    + ", which must be even");
        }
        return heads;
    }

    /// Convolutions that halve times and frequencies: the first of all channels, then each channel apart and a map.
    public static List<Stage> stages(Config encoder, int hidden) throws CheckpointException {
        int channels = encoder.positive(CHANNELS, 256);
        int factor = encoder.positive("subsampling_factor", 8);
        for (Map.Entry<String, Integer> usual : Map.of("subsampling_conv_kernel_size", Stage.Halved.KERNEL,
                "subsampling_conv_stride", 2).entrySet()) {
            if (encoder.positive(usual.getKey(), usual.getValue()) != usual.getValue()) {
                throw encoder.error(usual.getKey(), "found " + encoder.positive(usual.getKey()) + ", supported is "
                        + usual.getValue());
            }
        }
        if (factor < 2 || Integer.bitCount(factor) != 1) {
            throw encoder.error("subsampling_factor", "found " + factor + ", expected a power of 2");
        }
        int bins = encoder.positive("num_mel_bins", 80);
        List<Stage> stages = new ArrayList<>();
        for (int left = factor; left > 1; left /= 2) {
            boolean isFirst = stages.isEmpty();
            Stage.Halved halved = new Stage.Halved(bins, isFirst ? 1 : channels, channels, isFirst ? 1 : channels,
                    true, true);
            stages.add(halved);
            bins = halved.binsOut();
            if (!isFirst) {
                stages.add(new Stage.MappedApart(bins, channels, true));
            }
            stages.add(new Stage.Activated(Activation.RELU));
        }
        stages.add(new Stage.Mapped(bins, hidden, true));
        stages.add(new Stage.Scaled(encoder.flag("scale_input", true) ? (float) Math.sqrt(hidden) : 1));
        return stages;
    }

    /// The frequencies that these convolutions read: as many as the first has channels, so that the width of the map
    /// after them is that of the reference.
    public static int bins(Config encoder) throws CheckpointException {
        return channels(encoder)[0];
    }

    /// Two convolutions that halve times and frequencies, each with a norm of the channels, and a map.
    public static List<Stage> normed(Config encoder, int hidden, float eps) throws CheckpointException {
        List<Stage> stages = new ArrayList<>();
        int left = bins(encoder);
        int inputs = 1;
        for (int outputs : channels(encoder)) {
            Stage.Halved halved = new Stage.Halved(left, inputs, outputs, 1, true, false);
            left = halved.binsOut();
            inputs = outputs;
            stages.addAll(List.of(halved, new Stage.NormedApart(left, new Norm.UnbiasedLayer(eps)),
                    new Stage.Activated(Activation.RELU)));
        }
        stages.add(new Stage.Convolved(hidden, 1, 1, 0, false));
        return stages;
    }

    private static int[] channels(Config encoder) throws CheckpointException {
        int[] channels = encoder.has(CHANNELS) ? encoder.integers(CHANNELS) : new int[] {128, 32};
        if (channels.length != 2 || channels[0] < 4 || channels[0] % 4 != 0 || channels[1] < 1) {
            throw encoder.error(CHANNELS, "found " + Arrays.toString(channels) + ", expected two sizes, the first a "
                    + "multiple of 4");
        }
        return channels;
    }
}
