package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.Experts.Shared;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.NumberRange;
import glia.tensor.ops.expert.Router.Correction;
import glia.tensor.ops.expert.Router.Groups;
import glia.tensor.ops.expert.Router.Score;
import glia.tensor.ops.expert.Router.Share;
import glia.tensor.ops.expert.Router;

/// The MLPs and experts of DeepSeek's models and their successors: the first layers are dense, the others have
/// fine-grained experts, optionally routed within groups, and shared experts (https://arxiv.org/abs/2401.06066).
///
/// @param numDense the family's default for `first_k_dense_replace`
/// @param numExperts likewise for `n_routed_experts`
/// @param numShared likewise for `n_shared_experts`
/// @param width likewise for `moe_intermediate_size`
/// @param numGroups likewise for `n_group`
/// @param numKept likewise for `topk_group`
/// @param method likewise for `topk_method`
/// @param normalized likewise for `norm_topk_prob`
/// @param scale likewise for `routed_scaling_factor`
record LatentExperts(int numDense, int numExperts, int numShared, int width, int numGroups, int numKept, Method method,
        boolean normalized, double scale) {
    static final LatentExperts DEEPSEEK_V3 =
            new LatentExperts(3, 256, 1, 2048, 8, 4, Method.NOAUX_TC, true, 2.5);

    /// The routing method.
    enum Method {
        /// Among all experts; in the groups with the best expert; in the groups with the two best experts by corrected
        /// scores; the same by softmax scores without a correction.
        GREEDY, GROUP_LIMITED_GREEDY, NOAUX_TC, SOFTMAX_BEST_TWO
    }

    /// Reads the MLP or experts of each layer, without biases.
    Standard.FeedForwards read(Config config) throws CheckpointException {
        return read(config, Bias.NONE);
    }

    /// Reads the MLP or experts of each layer.
    ///
    /// @param bias the biases of dense MLPs and shared experts
    Standard.FeedForwards read(Config config, Bias bias) throws CheckpointException {
        boolean isListed = config.has("moe_layer_freq") && !config.isNumber("moe_layer_freq");
        if (config.has("moe_layer_freq") && !isListed && config.positive("moe_layer_freq") != 1) {
            throw config.error("moe_layer_freq", "found " + config.positive("moe_layer_freq")
                    + ", but experts in some of the later layers only are not supported");
        }
        Mixer dense = new GatedMlp(config.positive("intermediate_size"),
                Activations.read(config, "hidden_act", "silu"), bias);
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        int first = Numbers.count(config, "first_k_dense_replace", numDense);
        if (config.has("mlp_layer_types")) {
            boolean[] sparse = sparse(config, numLayers);
            Mixer experts = first < numLayers || anyOf(sparse) ? experts(config, bias) : dense;
            return layer -> layer >= numLayers || sparse[layer] ? experts : dense;
        }
        if (isListed) {
            int[] sparse = config.integers("moe_layer_freq");
            if (sparse.length != numLayers) {
                throw config.error("moe_layer_freq", "has " + sparse.length + " entries for " + numLayers + " layers");
            }
            Mixer experts = experts(config, bias);
            return layer -> layer >= numLayers || sparse[layer] != 0 ? experts : dense;
        }
        Mixer experts = first < numLayers ? experts(config, bias) : dense;
        return layer -> layer >= first ? experts : dense;
    }

    private static boolean anyOf(boolean[] flags) {
        for (boolean flag : flags) {
            if (flag) {
                return true;
            }
        }
        return false;
    }

    private static boolean[] sparse(Config config, int numLayers) throws CheckpointException {
        String[] types = config.strings("mlp_layer_types");
        if (types.length != numLayers) {
            throw config.error("mlp_layer_types", "names " + types.length + " layers of " + numLayers);
        }
        boolean[] sparse = new boolean[numLayers];
        for (int i = 0; i < numLayers; i++) {
            sparse[i] = switch (types[i]) {
                case "sparse" -> true;
                case "dense" -> false;
                default -> throw config.error("mlp_layer_types", "layer " + i + " is '" + types[i]
                        + "'; known are dense and sparse");
            };
        }
        return sparse;
    }

    private Experts experts(Config config, Bias bias) throws CheckpointException {
        int each = config.positive("moe_intermediate_size", width);
        int shared = Numbers.count(config, "n_shared_experts", numShared);
        return ExpertConfig.gated(config, ExpertConfig.numExperts(config, numExperts), each, router(config),
                shared == 0 ? new Shared.None() : new Shared.Plain(Math.multiplyExact(shared, each), bias));
    }

    private Router router(Config config) throws CheckpointException {
        Method chosen = method(config);
        String scoring = config.text("scoring_func", chosen == Method.NOAUX_TC ? "sigmoid" : "softmax");
        Score score = switch (scoring) {
            case "sigmoid" -> Score.SIGMOID;
            case "softmax" -> Score.SOFTMAX;
            default -> throw config.error("scoring_func", "found '" + scoring + "', expected sigmoid or softmax");
        };
        // The reference of models whose choice is never corrected does not look at it.
        boolean dividing = config.flag("norm_topk_prob", normalized)
                && (divides(chosen) || method == Method.NOAUX_TC);
        if (dividing && !divides(chosen)) {
            throw config.error("norm_topk_prob", "is true, but this choice of experts does not divide their weights");
        }
        return new Router(config.positive("num_experts_per_tok", 8), score,
                chosen == Method.NOAUX_TC ? Correction.LEARNED : Correction.NONE, groups(config, chosen),
                dividing ? Share.NORMALIZED : Share.AS_IS,
                (float) Numbers.real(config, "routed_scaling_factor", NumberRange.FACTOR, scale));
    }

    private static boolean divides(Method method) {
        return method == Method.NOAUX_TC || method == Method.SOFTMAX_BEST_TWO;
    }

    private Method method(Config config) throws CheckpointException {
        if (!config.has("topk_method")) {
            return method;
        }
        return switch (config.text("topk_method")) {
            case "greedy" -> Method.GREEDY;
            case "group_limited_greedy" -> Method.GROUP_LIMITED_GREEDY;
            case "noaux_tc" -> Method.NOAUX_TC;
            default -> throw config.error("topk_method", "found '" + config.text("topk_method")
                    + "'; known are greedy, group_limited_greedy and noaux_tc");
        };
    }

    private Groups groups(Config config, Method chosen) throws CheckpointException {
        int count = config.positive("n_group", numGroups);
        int kept = config.positive("topk_group", numKept);
        if (kept > count) {
            throw config.error("topk_group", "keeps " + kept + " of " + count + " groups");
        }
        return chosen == Method.GREEDY || kept == count ? new Groups.All()
                : new Groups.Best(count, kept, divides(chosen) ? Router.By.BEST_TWO : Router.By.BEST);
    }
}
