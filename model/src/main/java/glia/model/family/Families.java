package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufMetadata;
import glia.model.family.config.PerLayerConfig;
import glia.model.layout.GgufForm;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The registry of all model families.
public final class Families {
    private static final int MOST_NAMED = 5;

    private static final List<Family> ALL = List.of(
            new Afmoe(),
            new Apertus(),
            new Albert(),
            new Arcee(),
            new BailingHybrid(),
            new Bamba(),
            new Bart(),
            new Bert(),
            new BitNet(),
            new Bloom(),
            new Blt(),
            new Chameleon(),
            new Cohere(),
            new Dbrx(),
            new Deberta(),
            new DeepseekV2(),
            new DeepseekV3(),
            new DeepseekV32(),
            new DeepseekV4(),
            new DiffLlama(),
            new DiffusionGemma(),
            new DistilBert(),
            new Dots1(),
            new Dream(),
            new Electra(),
            new Ernie45(),
            new Exaone(),
            new Exaone4(),
            new Falcon(),
            new FalconH1(),
            new Gemma(),
            new Gemma2(),
            new Gemma3(),
            new Gemma3n(),
            new Gemma4(),
            new Glm(),
            new Glm4Moe(),
            new Glm4MoeLite(),
            new Glm5Next(),
            new GlmMoeDsa(),
            new Gpt2(),
            new GptBigCode(),
            new GptJ(),
            new GptNeo(),
            new GptNeoX(),
            new GptOss(),
            new Granite(),
            new GraniteMoeHybrid(),
            new HandWritten(),
            new Helium(),
            new HrmText(),
            new Hunyuan(),
            new HunyuanV3(),
            new Inkling2Loop(),
            new Jamba(),
            new JetMoe(),
            new KimiLinear(),
            new Lfm2(),
            new Lfm3(),
            new Llada(),
            new Llama(),
            new Llama4(),
            new LongcatFlash(),
            new Mamba(),
            new Mamba2(),
            new MiMoV2Flash(),
            new MiniCpm3(),
            new MiniMax(),
            new MiniMaxM2(),
            new MiniMaxM3(),
            new Ministral(),
            new Ministral3(),
            new Mistral(),
            new Mistral4(),
            new MistralLarge4(),
            new Mixtral(),
            new ModernBert(),
            new Mpt(),
            new NanoChat(),
            new Nemotron(),
            new NemotronH(),
            new Olmo(),
            new Olmo2(),
            new OlmoHybrid(),
            new Olmoe(),
            new OpenAiGpt(),
            new Opt(),
            new Persimmon(),
            new Phi(),
            new Phi3(),
            new PhiMoe(),
            new Qwen2(),
            new Qwen2Moe(),
            new Qwen3(),
            new Qwen35(),
            new Qwen3Moe(),
            new Qwen3Next(),
            new Qwen4Exp(),
            new RecurrentGemma(),
            new Rwkv(),
            new Roberta(),
            new SeedOss(),
            new SmolLm3(),
            new StableLm(),
            new Starcoder2(),
            new T5(),
            new Whisper(),
            new Moonshine(),
            new Parakeet(),
            new Wav2Vec2(),
            new Xlstm(),
            new Zamba2());

    private Families() { }

    private static Stream<Family> all() {
        return Stream.concat(ALL.stream(), MultimodalFamilies.ALL.stream());
    }

    /// The family of a `model_type`.
    public static Optional<Family> ofModelType(String modelType) {
        return all().filter(f -> f.modelTypes().contains(modelType)).findFirst();
    }

    /// The family of a config.
    ///
    /// @throws CheckpointException if its `model_type` is missing or of no family
    public static Family of(Config config) throws CheckpointException {
        String type = config.text("model_type");
        Family family = ofModelType(type).orElseThrow(() -> config.error("model_type", "the family '" + type
                + "' is not supported" + similar(type, modelTypes())));
        return SequenceClassifier.describes(config) ? new SequenceClassifier(family)
                : LateInteraction.describes(config) ? new LateInteraction(family) : family;
    }

    /// The spec of a config, read by its family.
    ///
    /// @throws CheckpointException whatever is wrong with the config
    public static ModelSpec spec(Config config) throws CheckpointException {
        return spec(config, Set.of());
    }

    /// The spec of a new model of a config, with its towers.
    ///
    /// @throws CheckpointException whatever is wrong with the config
    public static ModelSpec ofNew(Config config) throws CheckpointException {
        return spec(config, of(config).newTensors());
    }

    /// The same for a checkpoint with these tensors.
    public static ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        try {
            PerLayerConfig.requireSupported(config);
            return of(config).spec(config, tensors);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CheckpointException(config.origin(), "", "does not describe a model: " + e.getMessage(), e);
        }
    }

    /// The GGUF form of a `general.architecture`.
    public static Optional<GgufForm> ofGguf(String architecture) {
        return all().flatMap(f -> f.gguf().stream()).filter(g -> g.architectures().contains(architecture))
                .findFirst();
    }

    /// The form of the files with a GGUF architecture.
    ///
    /// @throws CheckpointException if no family has one
    public static GgufForm ofGguf(GgufMetadata metadata) throws CheckpointException {
        String architecture = metadata.string("general.architecture");
        return ofGguf(architecture).orElseThrow(() -> new CheckpointException(metadata.origin(),
                "metadata key general.architecture", "the family '" + architecture + "' is not supported"
                + similar(architecture, architectures())));
    }

    /// All values of `model_type`, sorted.
    public static List<String> modelTypes() {
        return all().flatMap(f -> f.modelTypes().stream()).sorted().toList();
    }

    /// All values of `general.architecture`, sorted.
    public static List<String> architectures() {
        return all().flatMap(f -> f.gguf().stream()).flatMap(g -> g.architectures().stream()).distinct().sorted()
                .toList();
    }

    /// A part of a message: supported names that start with the same letters.
    private static String similar(String name, List<String> supported) {
        String letters = name.replaceFirst("[^A-Za-z].*", "").toLowerCase(Locale.ROOT);
        List<String> found = supported.stream().filter(s -> !letters.isEmpty() && s.startsWith(letters))
                .limit(MOST_NAMED).toList();
        return (found.isEmpty() ? "" : "; similar ones are " + String.join(", ", found))
                + "; docs/families.md lists all " + supported.size();
    }
}
