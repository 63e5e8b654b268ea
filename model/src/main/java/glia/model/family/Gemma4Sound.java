package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Conformer;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Stage;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/// The tower of sounds of Gemma 4: two convolutions that halve times and frequencies, conformer layers with local
/// attention, whose maps have stored clamps. Checked against `Gemma4AudioModel`.
final class Gemma4Sound {
    static final String TYPE = "gemma4_audio";
    /// Frequencies and frames of 30 s of its processor.
    private static final int BINS = 128;
    private static final int FRAMES = 3000;
    private static final List<Role> ATTENTION = List.of(Role.QUERY, Role.KEY, Role.VALUE, Role.OUTPUT);

    private Gemma4Sound() { }

    static Tower tower(Config config, int width) throws CheckpointException {
        Config audio = config.child("audio_config");
        int hidden = audio.positive("hidden_size", 1024);
        int heads = audio.positive("num_attention_heads", 8);
        if (hidden % heads != 0 || hidden % 2 != 0) {
            throw audio.error("num_attention_heads", "found " + heads + ", expected a divisor of " + hidden
                    + ", which must be even");
        }
        float eps = Standard.epsilon(audio, "rms_norm_eps", 1e-6);
        float half = (float) audio.real("residual_weight", 0.5);
        Norm norm = new Norm.Rms(eps, 0);
        Activation activation = Activations.read(audio, "hidden_act", "silu");
        boolean clipped = audio.flag("use_clipped_linears", true);
        Conformer.ClippedMlp mlp = new Conformer.ClippedMlp(4 * hidden, activation, clipped);
        Conformer.LocalAttention attention = new Conformer.LocalAttention(heads, hidden / heads,
                audio.positive("attention_context_left", 13) - 1, audio.integer("attention_context_right", 0),
                (float) audio.real("attention_logit_cap", 50), clipped);
        Conformer.ClippedConvolution convolution = new Conformer.ClippedConvolution(hidden,
                audio.positive("conv_kernel_size", 5), activation, eps, clipped);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; i < Numbers.layers(audio, "num_hidden_layers"); i++) {
            sublayers.add(new Sublayer(i, norm, mlp, norm, new Residual.Add(half)));
            sublayers.add(new Sublayer(i, norm, attention, norm, Residual.PLAIN));
            sublayers.add(new Sublayer(i, norm, convolution));
            sublayers.add(new Sublayer(i, norm, mlp, norm, new Residual.Closed(half, norm)));
        }
        int[] channels = audio.has("subsampling_conv_channels") ? audio.integers("subsampling_conv_channels")
                : new int[] {128, 32};
        List<Stage> stages = new ArrayList<>();
        int inputs = 1;
        // The first norm's length is not in the config; nor are the frequencies, which are those of the processor.
        int bins = audio.positive("num_mel_bins", BINS);
        int first = bins;
        for (int outputs : channels) {
            Stage.Halved halved = new Stage.Halved(first, inputs, outputs, 1, true, false);
            first = halved.binsOut();
            inputs = outputs;
            stages.addAll(List.of(halved, new Stage.NormedApart(first, new Norm.UnbiasedLayer(eps)),
                    new Stage.Activated(Activation.RELU)));
        }
        stages.add(new Stage.Convolved(hidden, 1, 1, 0, false));
        ModelSpec body = TowerFamily.body(TYPE, 0, hidden, new Embedding(new Positions.None(), 1, 0, new Norm.None())
                .with(Embedding.Features.signal(bins, stages)), sublayers, new Norm.None());
        return new Tower(body, List.of(new Tower.Step.Linear(audio.positive("output_proj_dims", 1536), true),
                new Tower.Step.Normed(new Norm.UnitRms(eps)), new Tower.Step.Linear(width, false)),
                config.positive("audio_token_id", 258_881), 1, Tower.Axes.TEXT, Tower.Sight.CAUSAL)
                .with(new Tower.Chunks(FRAMES, 1, false));
    }

    private static Source.Stored tower(String name) {
        return TowerFamily.stored("audio_tower." + name);
    }

    static Source source(Tower tower, Parameter p) {
        if (p.sublayer() < 0) {
            return outside(tower, p);
        }
        String layer = "layers." + p.sublayer() / 4 + ".";
        int part = p.sublayer() % 4;
        String mlp = layer + "feed_forward" + (part == 0 ? 1 : 2) + ".";
        String attention = layer + "self_attn.";
        String convolution = layer + "lconv1d.";
        List<String> maps = part == 1 ? List.of("q_proj", "k_proj", "v_proj", "post")
                : part == 2 ? List.of("linear_start", "linear_end") : List.of("ffw_layer_1", "ffw_layer_2");
        String place = part == 1 ? attention : part == 2 ? convolution : mlp;
        String linear = ".linear.weight";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> tower(part == 1 ? layer + "norm_pre_attn.weight" : place + "pre_layer_norm.weight");
            case AFTER_WEIGHT -> tower(part == 1 ? layer + "norm_post_attn.weight" : place + "post_layer_norm.weight");
            case FINAL_WEIGHT -> tower(layer + "norm_out.weight");
            case CLIP -> TowerFamily.shaped(tower(place + maps.get(p.expert() / 4)
                    + List.of(".input_min", ".input_max", ".output_min", ".output_max").get(p.expert() % 4)),
                    List.of(1L));
            case UP, INPUT -> tower(place + maps.getFirst() + linear);
            case QUERY, KEY, VALUE -> tower(place + maps.get(ATTENTION.indexOf(p.role())) + linear);
            case DOWN, OUTPUT -> tower(place + maps.getLast() + linear);
            case QUERY_SCALE -> tower(attention + "per_dim_scale");
            case POSITION_KEY -> tower(attention + "relative_k_proj.weight");
            case CONVOLUTION -> tower(convolution + "depthwise_conv1d.weight");
            case GATED_NORM -> tower(convolution + "conv_norm.weight");
            default -> throw TowerFamily.unknown(p.role());
        };
    }

    private static Source outside(Tower tower, Parameter p) {
        if (p.role() != Role.STAGE) {
            return p.place().branch() == 1 ? tower("output_proj" + TowerFamily.suffix(p))
                    : TowerFamily.stored("embed_audio.embedding_projection.weight");
        }
        int number = p.place().branch() - 1;
        String stage = "subsample_conv_projection.layer" + number / 3;
        return switch (tower.features().stages().get(number)) {
            case Stage.Halved h -> TowerFamily.shaped(tower(stage + ".conv.weight"), List.of((long) h.outputs(),
                    9L * h.inputs()), (long) h.outputs(), (long) h.inputs(), 3L, 3L);
            case Stage.NormedApart _ -> tower(stage + ".norm.weight");
            default -> tower("subsample_conv_projection.input_proj_linear.weight");
        };
    }
}
