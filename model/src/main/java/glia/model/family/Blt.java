package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Standard;
import glia.model.family.hub.BltNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.BytePatches;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Byte latent transformer (https://arxiv.org/abs/2412.09871): bytes with embeddings of their n-grams, patches of them
/// where the next byte is uncertain, a large transformer over patches. Checked against the class `BltForCausalLM`.
final class Blt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("blt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        if (!config.flag("patch_in_forward", true)) {
            throw config.error("patch_in_forward", "is false; only patches by the entropy of the model's own patcher "
                    + "are supported");
        }
        Config encoder = BltLayers.part(config, "encoder_config", 1024, 16, 1, 0);
        Config decoder = BltLayers.part(config, "decoder_config", 1024, 16, 9, 2816);
        Config large = BltLayers.part(config, "global_config", 2048, 16, 25, 5632);
        Config patcher = BltLayers.part(config, "patcher_config", 768, 12, 14, 2048).with("hidden_act", "silu");
        int hidden = encoder.positive("hidden_size");
        if (decoder.positive("hidden_size") != hidden) {
            throw decoder.error("hidden_size", "found " + decoder.positive("hidden_size") + ", expected the "
                    + hidden + " of the encoder");
        }
        for (Config part : List.of(encoder, patcher)) {
            int vocab = part.positive("vocab_size", 260);
            if (vocab != config.positive("vocab_size", 260)) {
                throw part.error("vocab_size", "found " + vocab + ", expected the " + config.positive("vocab_size", 260)
                        + " of the model");
            }
        }
        Span window = config.isNull("local_attention_window_len") ? new Span.Causal()
                : new Span.Sliding(config.positive("local_attention_window_len", 512));
        BytePatches.Reading reading = BltLayers.reading(decoder);
        BytePatches patches = BltLayers.patches(config, encoder, large, patcher, reading);
        List<Sublayer> all = new ArrayList<>();
        all.add(new Sublayer(0, new Norm.None(), BltLayers.hashes(config)));
        all.addAll(BltLayers.layers(encoder, 0, BltLayers.attention(encoder).with(window)));
        int first = encoder.positive("num_hidden_layers");
        boolean readsOften = decoder.flag("cross_attn_all_layers", true);
        for (Sublayer s : BltLayers.layers(decoder, first, BltLayers.attention(decoder).with(window))) {
            if (s.mixer() instanceof Attention && (s.layer() == first || readsOften)) {
                all.add(new Sublayer(s.layer(), new Norm.None(), s.layer() == first ? patches : reading));
            }
            all.add(s);
        }
        return Standard.model(config.with("hidden_size", hidden).with("vocab_size",
                config.positive("vocab_size", 260)), 4096, Embedding.PLAIN, all, BltLayers.norm(decoder),
                Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BltNames.source(spec, p);
    }
}
