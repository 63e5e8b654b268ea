package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.CrossAttention;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Stage;
import java.util.List;

/// The names of the tensors of models that read speech.
public final class SpeechNames {
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
