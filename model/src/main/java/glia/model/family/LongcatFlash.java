package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.config.Synonyms;
import glia.model.family.hub.LongcatNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.KeyChoice;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Residual.Shortcut.Part;
import glia.model.spec.Streams;
import glia.model.spec.Sublayer;
import glia.tensor.ops.expert.Router;
import java.util.ArrayList;
import java.util.List;

/// LongCat-Flash (https://arxiv.org/abs/2509.01322): layers of two latent attentions and two MLPs, with experts beside
/// them that read what the first MLP reads; some experts return their input. Checked against the class
/// `LongcatFlashForCausalLM`. Multi-token-prediction layers are ignored.
final class LongcatFlash implements Family {
    private static final LatentConfig SIZES = new LatentConfig(1536, 128, 128);

    @Override
    public List<String> modelTypes() {
        return List.of("longcat_flash");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = Synonyms.orElse(Synonyms.read(given, "moe_topk", "num_experts_per_tok", "ffn_hidden_size",
                "intermediate_size", "expert_ffn_hidden_size", "moe_intermediate_size", "n_routed_experts",
                "num_local_experts"), "rope_theta", 1e7);
        Standard.only(config, "zero_expert_type", "identity");
        for (String flag : List.of("mla_scale_q_lora", "mla_scale_kv_lora")) {
            if (!config.flag(flag, true)) {
                throw config.error(flag, "is false, but this family scales its latents");
            }
        }
        int hidden = config.positive("hidden_size");
        Mixer attention = SIZES.attention(config, new KeyChoice.All()).scaled(
                Math.sqrt(hidden / (double) config.positive("q_lora_rank", 1536)),
                Math.sqrt(hidden / (double) config.positive("kv_lora_rank", 512)));
        Mixer mlp = Standard.mlp(config, "ffn_hidden_size", Bias.NONE);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        List<Sublayer> all = new ArrayList<>();
        // The other key counts attentions.
        int numLayers = config.has("num_layers") || !config.has("num_hidden_layers")
                ? Numbers.layers(config, "num_layers") : Math.max(1, Numbers.layers(config, "num_hidden_layers") / 2);
        for (int layer = 0; layer < numLayers; layer++) {
            all.add(sublayer(layer, norm, attention, Part.BESIDE));
            all.add(sublayer(layer, norm, mlp, Part.FORK));
            all.add(sublayer(layer, new Norm.None(), experts(config), Part.APART));
            all.add(sublayer(layer, norm, attention, Part.BESIDE));
            all.add(sublayer(layer, norm, mlp, Part.JOIN));
        }
        return Standard.model(config, 131_072, Padding.read(config, Embedding.PLAIN), all, norm,
                Standard.head(config, false)).with(new Streams.Shortcut());
    }

    private static Sublayer sublayer(int layer, Norm norm, Mixer mixer, Part part) {
        return new Sublayer(layer, norm, mixer, new Norm.None(), new Residual.Shortcut(part));
    }

    private static Experts experts(Config config) throws CheckpointException {
        Router router = new Router(config.positive("moe_topk", 12), Router.Score.SOFTMAX, Router.Correction.LEARNED,
                new Router.Groups.All(), Router.Share.AS_IS,
                (float) Numbers.real(config, "routed_scaling_factor", NumberRange.FACTOR, 6));
        int zero = config.isNull("zero_expert_num") ? 0 : Numbers.count(config, "zero_expert_num", 256);
        return ExpertConfig.gated(config, config.positive("n_routed_experts", 512),
                config.positive("expert_ffn_hidden_size", 2048), router, new Experts.Shared.None(), zero);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return LongcatNames.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return LongcatNames.isUnread(spec, name);
    }
}
