package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Stage;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The subsampling of fast conformers (https://arxiv.org/abs/2305.05084).
public final class Subsampling {
    private Subsampling() {}

    /// Convolutions that halve times and frequencies: the first of all channels, then each channel apart and a map.
    public static List<Stage> stages(Config encoder, int hidden) throws CheckpointException {
        int channels = encoder.positive("subsampling_conv_channels", 256);
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
}
