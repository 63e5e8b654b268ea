package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Chameleon (https://arxiv.org/abs/2405.09818): one vocabulary for texts and for the codes of pictures, layer norms of
/// each query and key head; the larger model has norms after each mixer instead of before it. Texts never go on with
/// tokens of pictures. Checked against `ChameleonForConditionalGeneration`.
final class Chameleon implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("chameleon");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.HeadLayers(1e-5f, false, true));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        boolean after = config.flag("swin_norm", false);
        Config map = config.child("vocabulary_map", Map.of());
        List<Integer> pictures = new ArrayList<>();
        for (String name : map.keys()) {
            if (name.startsWith("IMGIMG")) {
                pictures.add(Numbers.token(map, name, config.positive("vocab_size")));
            }
        }
        Collections.sort(pictures);
        Head head = Standard.head(config, false);
        return Standard.model(config, 4096, Padding.read(config, Embedding.PLAIN), Standard.layers(
                Numbers.layers(config, "num_hidden_layers"), after ? new Norm.None() : norm,
                after ? norm : new Norm.None(), Residual.PLAIN, layer -> attention, layer -> mlp), norm,
                pictures.isEmpty() ? head : head.with(new Head.Logits.Masked(pictures)));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case QUERY_NORM, KEY_NORM, QUERY_NORM_BIAS, KEY_NORM_BIAS -> Cohere.byHead(spec, p);
            case AFTER_WEIGHT -> StandardNames.inLayer(spec, p, spec.mixer(p.place()) instanceof Attention
                    ? "input_layernorm.weight" : "post_attention_layernorm.weight");
            default -> StandardNames.source(spec, p);
        };
    }

    /// The codec of pictures.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("model.vqmodel.") || name.startsWith("vqmodel.");
    }
}
