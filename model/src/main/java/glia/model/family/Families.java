package glia.model.family;

import glia.model.layout.GgufForm;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// All families that Glia knows.
public final class Families {
    private static final List<Family> ALL = List.of(
            new Bamba(),
            new Bert(),
            new Bloom(),
            new DeepseekV2(),
            new DeepseekV3(),
            new DeepseekV32(),
            new FalconH1(),
            new Gemma2(),
            new Gemma3(),
            new Gemma4(),
            new Glm4Moe(),
            new GlmMoeDsa(),
            new Gpt2(),
            new GptOss(),
            new GraniteMoeHybrid(),
            new Jamba(),
            new Llama(),
            new Llama4(),
            new Mamba(),
            new Mamba2(),
            new MiniMax(),
            new MiniMaxM2(),
            new Ministral3(),
            new Mistral(),
            new Mixtral(),
            new ModernBert(),
            new Mpt(),
            new NemotronH(),
            new Qwen2(),
            new Qwen3(),
            new Qwen35(),
            new Qwen3Moe(),
            new Qwen3Next(),
            new SmolLm3(),
            new T5());

    private Families() { }

    private static Stream<Family> all() {
        return Stream.concat(ALL.stream(), TextParts.ALL.stream());
    }

    /// The family that answers to a `model_type`.
    public static Optional<Family> ofModelType(String modelType) {
        return all().filter(f -> f.modelTypes().contains(modelType)).findFirst();
    }

    /// The form of files with a GGUF `general.architecture`.
    public static Optional<GgufForm> ofGguf(String architecture) {
        return all().flatMap(f -> f.gguf().stream()).filter(g -> g.architectures().contains(architecture))
                .findFirst();
    }

    /// All model types, for messages.
    public static String known() {
        return all().flatMap(f -> f.modelTypes().stream()).sorted().collect(Collectors.joining(", "));
    }

    /// All GGUF architectures, for messages.
    public static String knownInGguf() {
        return all().flatMap(f -> f.gguf().stream()).flatMap(g -> g.architectures().stream()).distinct().sorted()
                .collect(Collectors.joining(", "));
    }
}
