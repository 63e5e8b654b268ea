package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
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
