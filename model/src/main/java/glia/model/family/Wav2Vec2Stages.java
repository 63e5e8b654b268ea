package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.spec.Norm;
import glia.model.spec.Stage;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// What wav2vec 2.0 computes of samples before its layers: convolutions with norms, a linear map, positions from a
/// convolution in groups. https://arxiv.org/abs/2006.11477, section 2
final class Wav2Vec2Stages {
    private static final List<Integer> KERNELS = List.of(10, 3, 3, 3, 3, 2, 2);
    private static final List<Integer> STRIDES = List.of(5, 2, 2, 2, 2, 2, 2);

    private Wav2Vec2Stages() { }

    static List<Stage> read(Config config, int hidden, Norm norm) throws CheckpointException {
        Activation activation = Activations.read(config, "feat_extract_activation", "gelu");
        List<Integer> widths = sizes(config, "conv_dim", Collections.nCopies(KERNELS.size(), 512));
        List<Integer> kernels = sizes(config, "conv_kernel", KERNELS);
        List<Integer> strides = sizes(config, "conv_stride", STRIDES);
        String kind = config.text("feat_extract_norm", "group");
        if (kernels.size() != widths.size() || strides.size() != widths.size()) {
            throw config.error("conv_kernel", "found " + kernels + " and strides " + strides + ", expected "
                    + widths.size() + " of each, as of conv_dim");
        }
        if (!List.of("group", "layer").contains(kind)) {
            throw config.error("feat_extract_norm", "found '" + kind + "', expected group or layer");
        }
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < widths.size(); i++) {
            stages.add(new Stage.Convolved(widths.get(i), kernels.get(i), strides.get(i), 0,
                    config.flag("conv_bias", false)));
            if (kind.equals("layer")) {
                stages.add(new Stage.Normed(new Norm.Layer(Stage.TimeNormed.EPS)));
            } else if (i == 0) {
                stages.add(new Stage.TimeNormed(widths.get(i)));
            }
            stages.add(new Stage.Activated(activation));
        }
        stages.add(new Stage.Normed(norm));
        stages.add(new Stage.Convolved(hidden, 1, 1, 0, true));
        stages.add(new Stage.Located(config.positive("num_conv_pos_embeddings", 128),
                config.positive("num_conv_pos_embedding_groups", 16), activation));
        return stages;
    }

    private static List<Integer> sizes(Config config, String key, List<Integer> otherwise) throws CheckpointException {
        return config.has(key) ? Arrays.stream(config.integers(key)).boxed().toList() : otherwise;
    }
}
