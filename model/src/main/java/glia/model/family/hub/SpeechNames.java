package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Conformer;
import glia.model.spec.CrossAttention;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Stage;
import glia.model.spec.Tower;
import java.util.List;

/// The names of the tensors of models that read speech.
public final class SpeechNames {
    /// The ends of the names of a map's clamps, in the order of their parameters.
    public static final List<String> CLAMPS = List.of(".input_min", ".input_max", ".output_min", ".output_max");
    private SpeechNames() { }

    /// Those of Whisper: layers have BART's names.
    public static Source whisper(ModelSpec spec, Parameter p) {
        String conv = "encoder.conv" + (p.place().branch() + 1) / 2;
        return switch (p.role()) {
            case EMBEDDING -> named("decoder.embed_tokens.weight");
            case HEAD -> new Source.Stored("proj_out.weight");
            case STAGE -> convolution(spec.encoder().orElseThrow().embedding().orElseThrow(), p,
                    named(conv + ".weight"));
            case STAGE_BIAS -> named(conv + ".bias");
            case FINAL_WEIGHT -> named("decoder.layer_norm.weight");
            case FINAL_BIAS -> named("decoder.layer_norm.bias");
            case ENCODER_FINAL_WEIGHT -> named("encoder.layer_norm.weight");
            case ENCODER_FINAL_BIAS -> named("encoder.layer_norm.bias");
            default -> BartNames.source(spec, p);
        };
    }

    /// Those of Moonshine: values are before gates in one matrix of the decoder's MLP.
    public static Source moonshine(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0) {
            return moonshineLayer(spec, p);
        }
        int branch = p.place().branch();
        String stage = "encoder." + (branch == 3 ? "groupnorm" : "conv" + Math.max(1, branch / 2));
        return switch (p.role()) {
            case EMBEDDING -> named("decoder.embed_tokens.weight");
            case HEAD -> new Source.Stored("proj_out.weight");
            case STAGE -> branch == 3 ? named(stage + ".weight") : convolution(spec.encoder().orElseThrow().embedding()
                    .orElseThrow(), p, named(stage + ".weight"));
            case STAGE_BIAS -> named(stage + ".bias");
            case FINAL_WEIGHT -> named("decoder.norm.weight");
            case ENCODER_FINAL_WEIGHT -> named("encoder.layer_norm.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source moonshineLayer(ModelSpec spec, Parameter p) {
        boolean decodes = p.sublayer() < spec.sublayers().size();
        String layer = (decodes ? "decoder" : "encoder") + ".layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        boolean isCross = mixer instanceof CrossAttention;
        String attention = layer + (isCross ? "encoder_attn." : "self_attn.");
        return switch (p.role()) {
            case QUERY -> named(attention + "q_proj.weight");
            case QUERY_BIAS -> named(attention + "q_proj.bias");
            case KEY -> named(attention + "k_proj.weight");
            case KEY_BIAS -> named(attention + "k_proj.bias");
            case VALUE -> named(attention + "v_proj.weight");
            case VALUE_BIAS -> named(attention + "v_proj.bias");
            case OUTPUT -> named(attention + "o_proj.weight");
            case BEFORE_WEIGHT -> named(layer + (mixer instanceof Attention ? "input_layernorm.weight"
                    : isCross || !decodes ? "post_attention_layernorm.weight" : "final_layernorm.weight"));
            case UP, GATE -> half(mixer, p, named(layer + "mlp.fc1.weight"));
            case UP_BIAS, GATE_BIAS -> half(mixer, p, named(layer + "mlp.fc1.bias"));
            case DOWN -> named(layer + "mlp.fc2.weight");
            case DOWN_BIAS -> named(layer + "mlp.fc2.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Those of wav2vec 2.0. Where norms are after sums, the one before a sublayer is that after the sublayer before.
    public static Source wav2vec2(ModelSpec spec, Parameter p) {
        String encoder = "wav2vec2.encoder.";
        boolean isPre = spec.embedding().norm() instanceof Norm.None;
        if (p.sublayer() >= 0) {
            int number = spec.sublayer(p).layer();
            boolean attends = spec.mixer(p.place()) instanceof Attention;
            String layer = encoder + "layers." + number + ".";
            String norm = isPre ? layer + (attends ? "" : "final_") : attends
                    ? encoder + "layers." + (number - 1) + ".final_" : layer;
            String mlp = layer + "feed_forward.";
            return new Source.Stored(switch (p.role()) {
                case BEFORE_WEIGHT -> norm + "layer_norm.weight";
                case BEFORE_BIAS -> norm + "layer_norm.bias";
                case QUERY -> layer + "attention.q_proj.weight";
                case QUERY_BIAS -> layer + "attention.q_proj.bias";
                case KEY -> layer + "attention.k_proj.weight";
                case KEY_BIAS -> layer + "attention.k_proj.bias";
                case VALUE -> layer + "attention.v_proj.weight";
                case VALUE_BIAS -> layer + "attention.v_proj.bias";
                case OUTPUT -> layer + "attention.out_proj.weight";
                case OUTPUT_BIAS -> layer + "attention.out_proj.bias";
                case UP -> mlp + "intermediate_dense.weight";
                case UP_BIAS -> mlp + "intermediate_dense.bias";
                case DOWN -> mlp + "output_dense.weight";
                case DOWN_BIAS -> mlp + "output_dense.bias";
                default -> throw StandardNames.unknown(p);
            });
        }
        String last = isPre ? encoder : encoder + "layers." + (spec.numLayers() - 1) + ".final_";
        return switch (p.role()) {
            case STAGE, STAGE_BIAS, STAGE_SCALE -> wav2vec2Stage(spec.embedding(), p);
            case EMBEDDING_NORM_WEIGHT -> new Source.Stored(encoder + "layer_norm.weight");
            case EMBEDDING_NORM_BIAS -> new Source.Stored(encoder + "layer_norm.bias");
            case FINAL_WEIGHT -> new Source.Stored(last + "layer_norm.weight");
            case FINAL_BIAS -> new Source.Stored(last + "layer_norm.bias");
            case HEAD -> new Source.Stored("lm_head.weight");
            case HEAD_BIAS -> new Source.Stored("lm_head.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source wav2vec2Stage(Embedding embedding, Parameter p) {
        List<Stage> stages = embedding.features().orElseThrow().stages();
        int number = p.place().branch() - 1;
        String end = p.role() == Role.STAGE ? ".weight" : ".bias";
        if (stages.get(number) instanceof Stage.Located located) {
            String conv = "wav2vec2.encoder.pos_conv_embed.conv";
            if (p.role() == Role.STAGE_BIAS) {
                return new Source.Stored(conv + end);
            }
            boolean isScale = p.role() == Role.STAGE_SCALE;
            Source stored = new Source.Stored(conv + (isScale ? ".weight_g" : ".weight_v"),
                    conv + ".parametrizations.weight.original" + (isScale ? 0 : 1));
            long taps = located.kernel();
            long width = ((Stage.Convolved) stages.get(number - 1)).outputs();
            long inputs = width / located.groups();
            return new Source.Shaped(stored, isScale ? List.of(1L, taps) : List.of(width, inputs * taps),
                    isScale ? List.of(1L, 1L, taps) : List.of(width, inputs, taps));
        }
        if (number >= stages.size() - 3) {
            return new Source.Stored("wav2vec2.feature_projection."
                    + (stages.get(number) instanceof Stage.Normed ? "layer_norm" : "projection") + end);
        }
        boolean isConvolution = stages.get(number) instanceof Stage.Convolved;
        long layer = stages.subList(0, number + (isConvolution ? 0 : -1)).stream()
                .filter(Stage.Convolved.class::isInstance).count();
        Source stored = new Source.Stored("wav2vec2.feature_extractor.conv_layers." + layer
                + (isConvolution ? ".conv" : ".layer_norm") + end);
        return isConvolution && p.role() == Role.STAGE ? convolution(embedding, p, stored) : stored;
    }

    /// Those of Parakeet.
    public static Source parakeet(ModelSpec spec, Parameter p) {
        long hidden = spec.hiddenSize();
        String end = p.role().name().endsWith("BIAS") ? ".bias" : ".weight";
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case STAGE, STAGE_BIAS -> subsampling(spec.embedding().features().orElseThrow().stages()
                        .get(p.place().branch() - 1), p.role() == Role.STAGE, p.place().branch() - 1);
                case HEAD -> new Source.Shaped(new Source.Stored("ctc_head.weight"), List.of((long) spec.vocabSize(),
                        hidden), List.of((long) spec.vocabSize(), hidden, 1L));
                case HEAD_BIAS -> new Source.Stored("ctc_head.bias");
                default -> throw StandardNames.unknown(p);
            };
        }
        String layer = "encoder.layers." + spec.sublayer(p).layer() + ".";
        String attention = layer + "self_attn.";
        String convolution = layer + "conv.";
        Mixer mixer = spec.mixer(p.place());
        boolean convolves = mixer instanceof Conformer.LightConvolution;
        String mlp = "feed_forward" + (p.sublayer() % 4 == 0 ? 1 : 2);
        Source named = new Source.Stored(switch (p.role()) {
            case BEFORE_WEIGHT, BEFORE_BIAS -> layer + "norm_" + (convolves ? "conv"
                    : mixer instanceof Conformer.PositionedAttention ? "self_att" : mlp) + end;
            case FINAL_WEIGHT, FINAL_BIAS -> layer + "norm_out" + end;
            case UP, UP_BIAS -> layer + mlp + ".linear1" + end;
            case DOWN, DOWN_BIAS -> layer + mlp + ".linear2" + end;
            case QUERY, QUERY_BIAS -> attention + "q_proj" + end;
            case KEY, KEY_BIAS -> attention + "k_proj" + end;
            case VALUE, VALUE_BIAS -> attention + "v_proj" + end;
            case POSITION_KEY -> attention + "relative_k_proj.weight";
            case CONTENT_BIAS -> attention + "bias_u";
            case DISTANCE_BIAS -> attention + "bias_v";
            case INPUT, INPUT_BIAS -> convolution + "pointwise_conv1" + end;
            case CONVOLUTION, CONVOLUTION_BIAS -> convolution + "depthwise_conv" + end;
            case GATED_NORM, GATED_NORM_BIAS -> convolution + "norm" + end;
            case GATED_NORM_MEAN -> convolution + "norm.running_mean";
            case GATED_NORM_VARIANCE -> convolution + "norm.running_var";
            case OUTPUT, OUTPUT_BIAS -> convolves ? convolution + "pointwise_conv2" + end : attention + "o_proj" + end;
            default -> throw StandardNames.unknown(p);
        });
        return switch (p.role()) {
            case CONTENT_BIAS, DISTANCE_BIAS -> {
                Conformer.PositionedAttention a = (Conformer.PositionedAttention) mixer;
                yield new Source.Shaped(named, List.of((long) a.size()), List.of((long) a.numHeads(),
                        (long) a.headSize()));
            }
            case INPUT -> new Source.Shaped(named, List.of(2 * hidden, hidden), List.of(2 * hidden, hidden, 1L));
            case OUTPUT -> convolves ? new Source.Shaped(named, List.of(hidden, hidden), List.of(hidden, hidden, 1L))
                    : named;
            default -> named;
        };
    }

    private static Source subsampling(Stage stage, boolean isWeight, int number) {
        Source layer = new Source.Stored("encoder.subsampling.layers." + number + (isWeight ? ".weight" : ".bias"));
        return switch (stage) {
            case Stage.Halved h when isWeight -> {
                long inputs = h.inputs() / h.groups();
                yield new Source.Shaped(layer, List.of((long) h.outputs(), inputs * 9), List.of((long) h.outputs(),
                        inputs, 3L, 3L));
            }
            case Stage.MappedApart m when isWeight -> new Source.Shaped(layer,
                    List.of((long) m.outputs(), (long) m.outputs()),
                    List.of((long) m.outputs(), (long) m.outputs(), 1L, 1L));
            case Stage.Mapped _ -> new Source.Stored("encoder.subsampling.linear" + (isWeight ? ".weight" : ".bias"));
            default -> layer;
        };
    }

    /// Those of the tower of sounds of Gemma 4.
    public static Source gemma4(Tower tower, Parameter p) {
        if (p.sublayer() < 0) {
            return gemma4Outside(tower, p);
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
            case CLIP -> new Source.Shaped(tower(place + maps.get(p.expert() / 4)
                    + CLAMPS.get(p.expert() % 4)),
                    List.of(1L), List.of());
            case UP, INPUT -> tower(place + maps.getFirst() + linear);
            case QUERY -> tower(place + "q_proj" + linear);
            case KEY -> tower(place + "k_proj" + linear);
            case VALUE -> tower(place + "v_proj" + linear);
            case DOWN, OUTPUT -> tower(place + maps.getLast() + linear);
            case QUERY_SCALE -> tower(attention + "per_dim_scale");
            case POSITION_KEY -> tower(attention + "relative_k_proj.weight");
            case CONVOLUTION -> tower(convolution + "depthwise_conv1d.weight");
            case GATED_NORM -> tower(convolution + "conv_norm.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source gemma4Outside(Tower tower, Parameter p) {
        if (p.role() != Role.STAGE) {
            String end = p.role() == Role.OUTPUT_BIAS ? ".bias" : ".weight";
            return p.place().branch() == 1 ? tower("output_proj" + end)
                    : named("embed_audio.embedding_projection.weight");
        }
        int number = p.place().branch() - 1;
        String stage = "subsample_conv_projection.layer" + number / 3;
        return switch (tower.features().stages().get(number)) {
            case Stage.Halved h -> new Source.Shaped(tower(stage + ".conv.weight"), List.of((long) h.outputs(),
                    9L * h.inputs()), List.of((long) h.outputs(), (long) h.inputs(), 3L, 3L));
            case Stage.NormedApart _ -> tower(stage + ".norm.weight");
            default -> tower("subsample_conv_projection.input_proj_linear.weight");
        };
    }

    private static Source.Stored tower(String name) {
        return new Source.Stored("model.audio_tower." + name, "audio_tower." + name);
    }

    private static Source half(Mixer mixer, Parameter p, Source both) {
        if (!(mixer instanceof Mixer.GatedMlp gated)) {
            return both;
        }
        int width = gated.intermediateSize();
        boolean isGate = p.role() == Role.GATE || p.role() == Role.GATE_BIAS;
        return new Source.Rows(both, isGate ? width : 0, width, 2 * width);
    }

    private static Source named(String name) {
        return new Source.Stored("model." + name, name);
    }

    /// The weight of a convolution, which is stored `[outputs, inputs, kernel]`.
    private static Source convolution(Embedding embedding, Parameter p, Source stored) {
        Embedding.Features features = embedding.features().orElseThrow();
        long inputs = features.size();
        for (Stage before : features.stages().subList(0, p.place().branch() - 1)) {
            inputs = before instanceof Stage.Convolved c ? c.outputs() : inputs;
        }
        Stage.Convolved own = (Stage.Convolved) features.stages().get(p.place().branch() - 1);
        return new Source.Shaped(stored, List.of((long) own.outputs(), inputs * own.kernel()),
                List.of((long) own.outputs(), inputs, (long) own.kernel()));
    }
}
