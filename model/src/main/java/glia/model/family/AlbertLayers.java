package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// The layers of ALBERT, which share their weights in groups (https://arxiv.org/abs/1909.11942).
final class AlbertLayers {
    private AlbertLayers() { }

    /// Layer i runs all inner layers of group ⌊i · groups / layers⌋.
    static List<Sublayer> of(Config config, BertLayers layers) throws CheckpointException {
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        int groups = config.positive("num_hidden_groups", 1);
        int inner = config.positive("inner_group_num", 1);
        if (groups > numLayers) {
            throw config.error("num_hidden_groups", "found " + groups + ", expected at most the " + numLayers
                    + " layers");
        }
        if ((long) numLayers * inner > Short.MAX_VALUE) {
            throw config.error("inner_group_num", "found " + inner + " in each of " + numLayers
                    + " layers, expected fewer");
        }
        List<Sublayer> sublayers = new ArrayList<>();
        int[] firsts = new int[groups];
        for (int layer = 0; layer < numLayers; layer++) {
            int group = (int) (layer / ((double) numLayers / groups));
            boolean isFirst = layer == 0 || group > (int) ((layer - 1) / ((double) numLayers / groups));
            int from = sublayers.size();
            firsts[group] = isFirst ? from : firsts[group];
            for (int i = 0; i < inner; i++) {
                sublayers.add(Sublayer.postNorm(layer, layers.attention(), layers.norm()));
                sublayers.add(Sublayer.postNorm(layer, layers.mlp(), layers.norm()));
            }
            for (int i = from; i < sublayers.size() && !isFirst; i++) {
                sublayers.set(i, sublayers.get(i).sharing(firsts[group] + i - from));
            }
        }
        return sublayers;
    }
}
