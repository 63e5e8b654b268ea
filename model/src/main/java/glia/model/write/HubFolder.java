package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.HandWritten;
import glia.model.fresh.NewModels;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.DType;
import glia.text.tokenizer.GgufTokenizerFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/// Writes a model of a GGUF file, or one that was created, in the hub's layout: with the config of the metadata, the
/// given one, or one that holds the spec ([HandWritten]), and the family's tensor names. If config.json cannot describe
/// the model, nothing is written.
final class HubFolder implements ModelWriter.Hub {
    private final Model model;
    private final Config config;
    private final Map<String, TensorContent> tensors = new LinkedHashMap<>();

    private HubFolder(Model model, Config config) {
        this.model = model;
        this.config = config;
    }

    static HubFolder of(Model model, Weights weights, Optional<DType> type) throws CheckpointException {
        Config config = ScaledConfig.of(model.checkpoint() instanceof GgufCheckpoint gguf ? ofGguf(model, gguf)
                : model.config().orElseGet(() -> HandWritten.config(model.spec())),
                model.ropeChange());
        Family family = Families.of(config);
        ModelSpec from = model.spec().withDrafts(List.of());
        ModelSpec to = (from.towers().isEmpty() ? Families.spec(config) : Families.ofNew(config)).withHead(from.head());
        Optional<String> difference = SpecDifference.find(LayoutConversions.of(from, to), to);
        if (difference.isPresent()) {
            throw new CheckpointException(config.origin(), "", "cannot be written in the hub's layout: config.json of "
                    + "the family '" + to.modelType() + "' has no key for what this model needs: " + difference.get());
        }
        HubFolder hub = new HubFolder(model, config);
        Places places = Places.of(to, family::source);
        StoredAs stored = new StoredAs(places, new LayoutConversion(from, to, weights),
                name -> places.isTable(name) ? Optional.of(DType.I64) : type, TypeCast.PLAIN, StoredAs.PLAIN,
                (p, shape) -> shape.length > 1 || type.isEmpty());
        stored.places().names().forEach(name -> hub.tensors.put(name, stored.content(name)));
        return hub;
    }

    /// The config of a file. RoPE divisors become Llama 3's scaling.
    private static Config ofGguf(Model model, GgufCheckpoint gguf) throws CheckpointException {
        GgufForm form = Families.ofGguf(gguf.metadata());
        Config config = HubKeys.of(Config.of(gguf.metadata().origin(), form.config(gguf.metadata(), gguf)));
        Optional<Map<String, ?>> scaling = DividedRope.scaling(model.spec());
        return scaling.isPresent() ? config.with("rope_scaling", scaling.get()) : config;
    }

    @Override
    public Map<String, TensorContent> tensors() {
        return tensors;
    }

    @Override
    public void writeOtherFiles(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), config.json() + "\n");
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            GgufTokenizerFolder.write(gguf.metadata(), folder);
            SamplingKeys.write(gguf.metadata(), folder);
            if (gguf.metadata().has(GgufModelWriter.SCOPE_KEY)) {
                Files.writeString(folder.resolve(GgufModelWriter.SCOPE_FILE),
                        gguf.metadata().string(GgufModelWriter.SCOPE_KEY));
            }
            SentenceTransformerKeys.write(gguf, folder);
        }
    }

    /// The parameters and shapes of the tensors of a checkpoint to be written.
    ///
    /// @param parameters the parameters in each tensor, by tensor name
    /// @param shapes the shape of each tensor
    record Places(Map<String, List<Parameter>> parameters, Map<Parameter, Source> sources, Map<String, long[]> shapes) {
        /// @param names the source of a parameter in the family or GGUF form; of several names the first is used
        static Places of(ModelSpec spec, BiFunction<ModelSpec, Parameter, Source> names) {
            return of(spec, names, p -> true);
        }

        /// The same of some parameters.
        static Places of(ModelSpec spec, BiFunction<ModelSpec, Parameter, Source> names, Predicate<Parameter> held) {
            Map<String, List<Parameter>> parameters = new LinkedHashMap<>();
            Map<Parameter, Source> sources = new LinkedHashMap<>();
            Map<String, long[]> shapes = new LinkedHashMap<>();
            Parameters.of(spec).forEach((p, shape) -> {
                if (!held.test(p)) {
                    return;
                }
                Source source = names.apply(spec, p).in(Set.of());
                String name = source.stored().names().getFirst();
                parameters.computeIfAbsent(name, n -> new ArrayList<>()).add(p);
                sources.put(p, source);
                shapes.put(name, source.storedShape(shape));
            });
            return new Places(Collections.unmodifiableMap(parameters), sources, shapes);
        }

        Set<String> names() {
            return parameters.keySet();
        }

        /// Whether a tensor holds the numbers of experts, which the hub's layout has as integers.
        boolean isTable(String name) {
            return parameters.get(name).getFirst().role() == Role.ROUTER_TABLE;
        }
    }

    /// Recovers Llama 3's RoPE scaling from the frequency divisors of GGUF files. The divisors do not determine the
    /// low and high frequency factors; they are taken to be 1 and 4, as in all published models.
    static final class DividedRope {
        private static final double LOW = 1;
        private static final double HIGH = 4;
        private static final int USUAL_CONTEXT = 8192;

        private DividedRope() { }

        /// The `rope_scaling` of config.json for a model with frequency divisors.
        static Optional<Map<String, ?>> scaling(ModelSpec spec) {
            return spec.sublayers().stream().map(s -> s.mixer()).filter(Attention.class::isInstance)
                    .map(m -> ((Attention) m).rope()).filter(Rope.Rotary.class::isInstance).map(Rope.Rotary.class::cast)
                    .filter(r -> r.scaling() instanceof RopeScaling.Divisors).findFirst()
                    .map(r -> scaling(r, ((RopeScaling.Divisors) r.scaling()).divisors()));
        }

        private static Map<String, ?> scaling(Rope.Rotary rope, List<Float> divisors) {
            double factor = divisors.stream().mapToDouble(Float::doubleValue).max().orElse(1);
            double least = 1;
            double most = Integer.MAX_VALUE;
            for (int i = 0; i < divisors.size(); i++) {
                double wavelength = 2 * Math.PI * Math.pow(rope.theta(), 2.0 * i / rope.rotatedSize());
                double kept = (1 / (double) divisors.get(i) - 1 / factor) / (1 - 1 / factor);
                double context = wavelength * (kept * (HIGH - LOW) + LOW);
                least = kept > 0 ? Math.max(least, Math.rint(context)) : least;
                most = kept < 1 ? Math.min(most, Math.rint(context)) : most;
            }
            int context = (int) Math.max(least, Math.min(most, USUAL_CONTEXT));
            return Map.of("rope_type", "llama3", "factor", factor, "low_freq_factor", LOW, "high_freq_factor", HIGH,
                    "original_max_position_embeddings", context);
        }
    }

    /// Rewrites the config of a GGUF file with the keys that Transformers reads: its class, the family's own key of the
    /// number of experts, sizes of heads layer by layer, and integers where it requires them.
    static final class HubKeys {
        private static final String CLASS = "architectures";
        private static final String EXPERTS = "num_experts";
        private static final String KEY_VALUE_HEADS = "num_key_value_heads";
        private static final String SIZES = "per_layer_config";
        private static final String FULL_SIZE = "global_head_dim";
        private static final String ATTENTION = "attn_config";
        private static final String ALIBI = "alibi_bias_max";
        private static final Set<String> ROUTED = Set.of("deepseek_v2", "deepseek_v3", "kimi_k2", "deepseek_v32",
                "glm4_moe", "glm_moe_dsa", "nemotron_h");
        private static final Set<String> LOCAL = Set.of("gpt_oss", "granitemoehybrid", "llama4_text", "minimax",
                "minimax_m2", "mixtral");

        private HubKeys() { }

        static Config of(Config config) throws CheckpointException {
            return architecture(integerAlibi(headSizes(latentHeads(experts(config)))));
        }

        /// The class of Transformers, by which servers choose their implementation.
        private static Config architecture(Config config) throws CheckpointException {
            String type = config.text("model_type");
            return config.has(CLASS) ? config : NewModels.families().stream().filter(f -> f.modelType().equals(type))
                    .findFirst().map(f -> config.with(CLASS, List.of(f.architecture()))).orElse(config);
        }

        /// Latent attention has as many key-value heads as heads, which Transformers does not conclude.
        private static Config latentHeads(Config config) throws CheckpointException {
            return config.has("kv_lora_rank") && !config.has(KEY_VALUE_HEADS)
                    ? config.with(KEY_VALUE_HEADS, config.integer("num_attention_heads")) : config;
        }

        private static Config experts(Config config) throws CheckpointException {
            String type = config.text("model_type");
            boolean isRouted = ROUTED.contains(type);
            if (!config.has(EXPERTS) || !isRouted && !LOCAL.contains(type)) {
                return config;
            }
            return config.without(EXPERTS).with(isRouted ? "n_routed_experts" : "num_local_experts",
                    config.integer(EXPERTS));
        }

        /// Transformers ignores the size of full layers beside settings of single layers.
        private static Config headSizes(Config config) throws CheckpointException {
            if (!config.has(SIZES) || !config.has(FULL_SIZE) || !config.has("layer_types")) {
                return config;
            }
            String[] types = config.strings("layer_types");
            Map<String, Object> layers = new TreeMap<>();
            for (int layer = 0; layer < types.length; layer++) {
                Map<String, Object> own = new TreeMap<>();
                config.child(SIZES).child("" + layer, Map.of()).values().forEach((key, value) ->
                        own.put((String) key, value));
                if (types[layer].equals("full_attention")) {
                    own.put("head_dim", config.integer(FULL_SIZE));
                }
                layers.put("" + layer, own);
            }
            return config.without(FULL_SIZE).with(SIZES, layers);
        }

        private static Config integerAlibi(Config config) throws CheckpointException {
            Config attention = config.child(ATTENTION, Map.of());
            boolean isInteger = attention.has(ALIBI) && attention.real(ALIBI) == Math.rint(attention.real(ALIBI));
            return isInteger ? config.with(ATTENTION, attention.with(ALIBI, (int) attention.real(ALIBI)).values())
                    : config;
        }
    }
}
