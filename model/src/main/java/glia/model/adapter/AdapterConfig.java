package glia.model.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The configuration of a low-rank adapter, with the meaning that PEFT gives to the keys of `adapter_config.json`.
///
/// @param rank r, the inner size of `B · A`
/// @param alpha α; the scale is `α / r`
/// @param dropout dropout of the adapter's input in training
/// @param variant how the product is scaled and decomposed
/// @param targets the modules with an adapter
/// @param excluded modules that have none although `targets` names them
/// @param layers the indices of layers with an adapter, empty for all
/// @param layersPatterns names of the list of layers, empty for any
/// @param ranks ranks that differ, by the end of a module's name or an expression for it
/// @param alphas values of α that differ, in the same way
/// @param modulesToSave modules that are trained and saved as a whole
/// @param biases the biases of the model that are trained, too
/// @param tied whether a tied head shares the adapter of the embedding
/// @param base the name of the base model
/// @param task PEFT's name of the kind of model, such as `SEQ_CLS`; empty for that of the model
/// @param parameters names of single parameters with an adapter, or the ends of names, such as
///     `mlp.experts.gate_up_proj`: stacked experts, which are no modules in the models of Transformers
public record AdapterConfig(int rank, double alpha, double dropout, Variant variant, ModuleNames targets,
        ModuleNames excluded, List<Integer> layers, List<String> layersPatterns, Map<String, Integer> ranks,
        Map<String, Double> alphas, List<String> modulesToSave, Biases biases, boolean tied, Optional<String> base,
        Optional<String> task, List<String> parameters) {
    /// The largest rank.
    public static final int MAX_RANK = 1 << 16;

    /// How a product is scaled and decomposed.
    ///
    /// @param rankStabilized the scale is `α / √r` (rsLoRA, https://arxiv.org/abs/2312.03732)
    /// @param decomposed rows have learned magnitudes (DoRA, https://arxiv.org/abs/2402.09353)
    /// @param bias B has a bias
    public record Variant(boolean rankStabilized, boolean decomposed, boolean bias) {
        /// LoRA, https://arxiv.org/abs/2106.09685
        public static final Variant LORA = new Variant(false, false, false);
        /// Rank-stabilized LoRA.
        public static final Variant RSLORA = new Variant(true, false, false);
        /// Weight-decomposed LoRA.
        public static final Variant DORA = new Variant(false, true, false);

        public Variant {
            if (decomposed && bias) {
                throw new IllegalArgumentException("an adapter with magnitudes (use_dora) has no bias of B"
                        + " (lora_bias)");
            }
        }
    }

    /// Which biases of the model are trained.
    public enum Biases {
        NONE, ALL,
        /// Those of modules with an adapter.
        LORA_ONLY;

        /// The name in config files.
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @throws IllegalArgumentException if a number is out of range, an expression is invalid, or layers are given with
    ///     an expression for modules
    public AdapterConfig {
        requireRank(rank);
        requireAlpha(alpha);
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("a dropout of " + dropout + "; expected 0 or more and less than 1");
        }
        layers = List.copyOf(layers);
        layersPatterns = List.copyOf(layersPatterns);
        ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
        alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
        modulesToSave = List.copyOf(modulesToSave);
        parameters = List.copyOf(parameters);
        if (!parameters.isEmpty() && (variant.decomposed() || variant.bias() || dropout > 0)) {
            throw new IllegalArgumentException("an adapter of parameters (target_parameters) has no "
                    + (dropout > 0 ? "dropout (lora_dropout)" : variant.bias() ? "bias of B (lora_bias)"
                            : "magnitudes (use_dora)"));
        }
        ranks.values().forEach(AdapterConfig::requireRank);
        alphas.values().forEach(AdapterConfig::requireAlpha);
        if (!layers.isEmpty() && targets instanceof ModuleNames.Matching) {
            throw new IllegalArgumentException("layers_to_transform needs a list of target_modules, not a regular"
                    + " expression");
        }
    }

    private static void requireRank(int rank) {
        if (rank < 1 || rank > MAX_RANK) {
            throw new IllegalArgumentException("a rank of " + rank + "; expected 1 to " + MAX_RANK);
        }
    }

    private static void requireAlpha(double alpha) {
        if (!Double.isFinite(alpha) || !Float.isFinite((float) alpha)) {
            throw new IllegalArgumentException("lora_alpha is " + alpha + ", expected a finite number");
        }
    }

    /// LoRA of rank 8 with α 16 for all linear modules.
    public static AdapterConfig defaults() {
        return new AdapterConfig(8, 16, 0, Variant.LORA, new ModuleNames.AllLinear(), ModuleNames.NONE, List.of(),
                List.of(), Map.of(), Map.of(), List.of(), Biases.NONE, false, Optional.empty(),
                Optional.empty(), List.of());
    }

    /// A copy with another rank and α.
    public AdapterConfig withRank(int r, double newAlpha) {
        return new AdapterConfig(r, newAlpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy of another variant.
    public AdapterConfig with(Variant other) {
        return new AdapterConfig(rank, alpha, dropout, other, targets, excluded, layers, layersPatterns, ranks, alphas,
                modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy for other modules.
    public AdapterConfig withTargets(ModuleNames names) {
        return new AdapterConfig(rank, alpha, dropout, variant, names, excluded, layers, layersPatterns, ranks, alphas,
                modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy without some modules.
    public AdapterConfig withExcluded(ModuleNames names) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, names, layers, layersPatterns, ranks, alphas,
                modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy for some layers; none for all.
    public AdapterConfig withLayers(List<Integer> some) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, some, layersPatterns, ranks, alphas,
                modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy with other ranks and values of α for some modules.
    public AdapterConfig withPatterns(Map<String, Integer> newRanks, Map<String, Double> newAlphas) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, newRanks,
                newAlphas, modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy for single parameters, such as stacked experts, besides the modules.
    public AdapterConfig withParameters(List<String> names) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, tied, base, task, names);
    }

    /// A copy with modules that are trained as a whole.
    public AdapterConfig withModulesToSave(List<String> names) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, names, biases, tied, base, task, parameters);
    }

    /// A copy with trained biases of the model.
    public AdapterConfig withBiases(Biases which) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, which, tied, base, task, parameters);
    }

    /// A copy with another dropout.
    public AdapterConfig withDropout(double probability) {
        return new AdapterConfig(rank, alpha, probability, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, tied, base, task, parameters);
    }

    /// A copy that says whether a tied head shares the adapter of the embedding.
    public AdapterConfig withTying(boolean isTied) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, isTied, base, task, parameters);
    }

    /// A copy with the name of the base model.
    public AdapterConfig withBase(String name) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, tied, Optional.of(name), task, parameters);
    }

    /// A copy with PEFT's name of the kind of model.
    public AdapterConfig withTask(String name) {
        return new AdapterConfig(rank, alpha, dropout, variant, targets, excluded, layers, layersPatterns, ranks,
                alphas, modulesToSave, biases, tied, base, Optional.of(name), parameters);
    }
}
