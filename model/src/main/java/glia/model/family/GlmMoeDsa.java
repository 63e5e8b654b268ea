package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.LatentExperts.Method;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.LatentGguf;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Optional;

/// GLM-5 (https://arxiv.org/abs/2602.15763): DeepSeek V3.2's layers with another RoPE layout in the indexer; some
/// layers reuse the selection of an earlier indexer. Checked against the class `GlmMoeDsaForCausalLM`.
final class GlmMoeDsa implements LatentFamily {
    private static final LatentConfig SIZES = new LatentConfig(2048, 192, 256);
    private static final LatentExperts EXPERTS =
            new LatentExperts(3, 256, 1, 2048, 1, 1, Method.NOAUX_TC, true, 2.5);

    @Override
    public List<String> modelTypes() {
        return List.of("glm_moe_dsa");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        LatentAttention full = SIZES.attention(config, LatentConfig.indexed(config, 32, Layout.INTERLEAVED));
        LatentAttention shared = SIZES.attention(config, new KeyChoice.AsBefore());
        boolean[] shares = shares(config);
        if (shares[0]) {
            throw config.error("indexer_types", "layer 0 shares the keys of an indexer before it, but there is none");
        }
        return Standard.spec(config, 202_752, false, Standard.epsilon(config, "rms_norm_eps", 1e-5),
                layer -> layer < shares.length && shares[layer] ? shared : full, EXPERTS.read(config));
    }

    /// The layers without an indexer: a list, a pattern of letters, or a period.
    static boolean[] shares(Config config) throws CheckpointException {
        boolean[] shares = new boolean[Numbers.layers(config, "num_hidden_layers")];
        String key = config.has("indexer_types") ? "indexer_types" : "index_topk_pattern";
        if (config.has(key)) {
            String[] types = config.isList(key) ? config.strings(key) : config.text(key).split("");
            if (types.length != shares.length) {
                throw config.error(key, "names " + types.length + " layers of " + shares.length);
            }
            for (int i = 0; i < shares.length; i++) {
                shares[i] = switch (types[i]) {
                    case "full", "F" -> false;
                    case "shared", "S" -> true;
                    default -> throw config.error(key, "layer " + i + " is '" + types[i]
                            + "'; known are full and shared");
                };
            }
        } else {
            int period = config.positive("index_topk_freq", 1);
            int offset = Numbers.count(config, "index_skip_topk_offset", 2);
            for (int i = 0; i < shares.length; i++) {
                shares[i] = Math.max(i - offset + 1, 0) % period != 0;
            }
        }
        return shares;
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new LatentGguf("glm-dsa", "glm_moe_dsa"));
    }
}
