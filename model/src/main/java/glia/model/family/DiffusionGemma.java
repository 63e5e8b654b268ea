package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Standard;
import glia.model.family.config.TextConfig;
import glia.model.family.hub.Gemma4Names;
import glia.model.layout.Source;
import glia.model.spec.Diffusion;
import glia.model.spec.Embedding;
import glia.model.spec.Encoder;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// Diffusion Gemma, text: blocks of tokens are denoised by Gemma 4's layers with experts, which see a whole canvas; an
/// encoder with the same weights, but for the learned scales of its layers, reads what stands before it. Checked
/// against the class `DiffusionGemmaForBlockDiffusion`.
final class DiffusionGemma implements Family {
    private static final float LOGIT_CAP = 30;
    private static final String DECODER = "model.decoder.";

    @Override
    public List<String> modelTypes() {
        return List.of("diffusion_gemma");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config text = TextConfig.read(config, "diffusion_gemma_text").with("model_type", "diffusion_gemma")
                .with("attention_k_eq_v", true).with("enable_moe_block", true).with("hidden_size_per_layer_input", 0)
                .with("num_kv_shared_layers", 0);
        if (text.text("use_bidirectional_attention", "vision").equals("all")) {
            throw text.error("use_bidirectional_attention", "found all: an encoder that looks ahead is not supported");
        }
        if (config.mentions("tie_word_embeddings")) {
            text = text.with("tie_word_embeddings", config.flag("tie_word_embeddings", true));
        }
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(text, "rms_norm_eps", 1e-6), 0);
        List<Sublayer> layers = Gemma4Layers.read(text, norm);
        Embedding embedding = GemmaBody.embedding(text);
        List<Sublayer> decoder = new ArrayList<>();
        List<Sublayer> encoder = new ArrayList<>();
        decoder.add(new Sublayer(0, new Norm.None(), new Diffusion.SelfConditioning(text.positive("intermediate_size"),
                Activations.read(text, "hidden_activation", "gelu_pytorch_tanh"), embedding.scale(), norm.eps()),
                new Norm.None(), new Residual.PostNorm(new Norm.UnitRms(norm.eps()))));
        for (Sublayer s : layers) {
            boolean scaled = s.residual() instanceof Residual.Scaled;
            encoder.add((scaled ? s.with(new Residual.ScaledApart(true)) : s).sharing(decoder.size()));
            Sublayer own = scaled ? s.with(new Residual.ScaledApart(false)) : s;
            decoder.add(own.mixer() instanceof NormedAttention a ? own.withMixer(new Diffusion.CanvasAttention(a,
                    Place.of(1 + layers.size() + encoder.size() - 1))) : own);
        }
        Head head = GemmaBody.head(text, LOGIT_CAP);
        return Standard.model(text, 131_072, embedding, decoder, norm, head)
                .with(new Encoder(encoder, new Norm.None(), 0))
                .with(new Diffusion.Uniform(config.positive("canvas_length")));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.role() == Role.ENCODER_LAYER_SCALE) {
            return new Source.Stored("model.encoder.language_model.layers." + spec.sublayer(p).layer()
                    + ".layer_scalar");
        }
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Diffusion.SelfConditioning) {
            return new Source.Stored(DECODER + "self_conditioning." + switch (p.role()) {
                case GATE -> "gate_proj.weight";
                case UP -> "up_proj.weight";
                case DOWN -> "down_proj.weight";
                default -> "pre_norm.weight";
            });
        }
        return Gemma4Names.source(spec, p).renamed(name -> List.of(name.replaceFirst("^model\\.", DECODER)));
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("model.encoder.vision_tower.") || name.startsWith("model.encoder.embed_vision.");
    }
}
