package glia.reason.preference.run;

import glia.io.CheckpointException;
import glia.train.recipe.KeyConditions.KeyCondition;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys of recipes for preferences.
final class PreferenceKeys {
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    static final RecipeKey<List<String>> LOSS = RecipeKey.texts("preference.loss", "losses by name: dpo: one or more of"
            + " sigmoid (default), hinge, ipo, sigmoid_norm, exo_pair, nca_pair, robust, bco_pair, sppo_hard, aot,"
            + " aot_unpaired, apo_zero, apo_down, discopop, sft; kto: kto or apo_zero_unpaired; cpo: sigmoid, hinge,"
            + " ipo or simpo").only("dpo", "kto", "cpo");
    static final RecipeKey<List<Double>> LOSS_WEIGHTS = new RecipeKey<>("preference.loss_weights", "list of numbers",
            Optional.empty(), "for several losses of dpo, the weight of each (default: 1)", PreferenceKeys::numbers)
            .only("dpo");
    static final RecipeKey<Double> BETA = RecipeKey.number("preference.beta", 0, true, 1e6, "β: how strongly the policy"
            + " is held to the reference model, or the weight of the odds ratio of orpo").or(0.1)
            .only("dpo", "kto", "bco", "cpo", "orpo");
    static final RecipeKey<Double> SMOOTHING = RecipeKey.number("preference.label_smoothing", 0, false, 0.9999, "share"
            + " of wrong labels, for exo_pair, robust, aot, and sigmoid and simpo of cpo").or(0.0).only("dpo", "cpo");
    static final RecipeKey<String> DIVERGENCE = RecipeKey.word("preference.divergence", List.of("reverse_kl",
            "forward_kl", "js_divergence", "alpha_divergence"), "f-divergence from the reference model, for losses of"
            + " margins").or("reverse_kl").only("dpo");
    static final RecipeKey<Double> DIVERGENCE_ALPHA = RecipeKey.number("preference.divergence_alpha", -100, false, 100,
            "α of the alpha divergence").or(0.5).only("dpo");
    static final RecipeKey<Double> TAIL = RecipeKey.number("preference.tail_weight", 0, false, 1, "weight of tokens"
            + " beyond the shorter completion of a pair (LD-DPO)").or(1.0).only("dpo");
    static final RecipeKey<Boolean> WEIGHTED = RecipeKey.flag("preference.weighted", false, "weight pairs by how"
            + " probable the policy finds them (WPO)").only("dpo");
    static final RecipeKey<Double> DISCOPOP = RecipeKey.number("preference.discopop_temperature", 0, true, 1e6,
            "temperature of discopop").or(0.05).only("dpo");
    static final RecipeKey<Boolean> PRECOMPUTE = RecipeKey.flag("preference.precompute", false, "compute the reference"
            + " model's log-probabilities once before training: less time in several epochs, and no second model in"
            + " memory").only("dpo", "kto", "bco");
    static final RecipeKey<Double> DESIRABLE = RecipeKey.number("preference.desirable_weight", 0, false, INFINITY,
            "weight of desirable answers").or(1.0).only("kto");
    static final RecipeKey<Double> UNDESIRABLE = RecipeKey.number("preference.undesirable_weight", 0, false, INFINITY,
            "weight of undesirable answers").or(1.0).only("kto");
    static final RecipeKey<Double> MARGIN = RecipeKey.number("preference.margin", 0, false, 1e6, "γ: the margin that"
            + " rewards should have, for simpo").or(0.5).only("cpo");
    static final RecipeKey<Double> ALPHA = RecipeKey.number("preference.alpha", -100, false, 100, "α of AlphaPO, for"
            + " cpo; 0: log-probabilities").or(0.0).only("cpo");
    static final RecipeKey<Double> CROSS_ENTROPY = RecipeKey.number("preference.cross_entropy_weight", 0, false,
            INFINITY, "weight of the cross-entropy of chosen answers, for cpo (default: 1, for simpo 0)").only("cpo");
    static final RecipeKey<Boolean> MATCH_PROMPTS = RecipeKey.flag("preference.match_prompts", false, "weight"
            + " undesirable answers by how likely their prompt has a desirable one").only("bco");
    static final RecipeKey<Double> LEAST_RATIO = RecipeKey.number("preference.least_ratio", 0, false, INFINITY, "least"
            + " such weight").or(0.5).only("bco");
    static final RecipeKey<Double> MOST_RATIO = RecipeKey.number("preference.most_ratio", 0, true, INFINITY, "largest"
            + " such weight").or(10.0).only("bco");
    static final RecipeKey<String> SEPARATOR = RecipeKey.text("process.separator", "text after each step, whose last"
            + " token has the label").or("\n").only("prm");
    static final RecipeKey<Boolean> LAST_ONLY = RecipeKey.flag("process.last_step_only", false, "train on the last step"
            + " of each solution only").only("prm");
    static final RecipeKey<Long> MAX_COMPLETION = RecipeKey.integer("process.max_completion", 1, Integer.MAX_VALUE,
            "most tokens of all steps of a solution").only("prm");

    private PreferenceKeys() { }

    private static List<Double> numbers(Object value) {
        List<Double> numbers = new ArrayList<>();
        for (Object each : value instanceof List<?> list ? list : List.of(value)) {
            if (!(each instanceof Number n)) {
                throw new IllegalArgumentException();
            }
            numbers.add(n.doubleValue());
        }
        return numbers;
    }

    /// What keys need to have an effect. Losses of dpo refuse a smoothing that they do not take.
    static List<KeyCondition> conditions() {
        return List.of(
                new KeyCondition(List.of(SMOOTHING), List.of(LOSS), "preference.loss: sigmoid or simpo",
                        r -> r.get(RecipeKeys.TASK).equals("dpo") || has(r, "sigmoid") || has(r, "simpo")),
                new KeyCondition(List.of(MARGIN), List.of(LOSS), "preference.loss: simpo", r -> has(r, "simpo")),
                new KeyCondition(List.of(DISCOPOP), List.of(LOSS), "preference.loss: discopop",
                        r -> has(r, "discopop")),
                KeyCondition.of(List.of(DIVERGENCE_ALPHA), DIVERGENCE, "alpha_divergence"),
                KeyCondition.of(List.of(LEAST_RATIO, MOST_RATIO), MATCH_PROMPTS, true),
                new KeyCondition(List.of(RecipeKeys.TRUNCATE), List.of(RecipeKeys.TASK), "another task than prm",
                        r -> !r.get(RecipeKeys.TASK).equals("prm")));
    }

    private static boolean has(Recipe recipe, String loss) throws CheckpointException {
        return recipe.find(LOSS).orElse(List.of("sigmoid")).contains(loss);
    }

    static List<RecipeKey<?>> all() {
        return List.of(LOSS, LOSS_WEIGHTS, BETA, SMOOTHING, DIVERGENCE, DIVERGENCE_ALPHA, TAIL, WEIGHTED, DISCOPOP,
                PRECOMPUTE, DESIRABLE, UNDESIRABLE, MARGIN, ALPHA, CROSS_ENTROPY, MATCH_PROMPTS, LEAST_RATIO,
                MOST_RATIO, SEPARATOR, LAST_ONLY, MAX_COMPLETION);
    }
}
