package glia.reason.run;

import static glia.train.recipe.RecipeKey.flag;
import static glia.train.recipe.RecipeKey.integer;
import static glia.train.recipe.RecipeKey.number;
import static glia.train.recipe.RecipeKey.text;
import static glia.train.recipe.RecipeKey.texts;
import static glia.train.recipe.RecipeKey.word;

import glia.reason.policy.PolicyMethod;
import glia.train.recipe.RecipeKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The keys of `task: rl`.
final class RlKeys {
    private static final int MAX = Integer.MAX_VALUE;
    /// Supervised learning of the best completions.
    static final String REJECTION = "rejection";

    /// Where the KL penalty is added.
    enum KlPlacement { LOSS, LOSS_TIMES_RATIO, REWARD }

    /// How tokens become one number.
    enum AggregationName { TOKEN_MEAN, SEQUENCE_MEAN, SEQUENCE_SUM, FIXED_LENGTH }

    static final RecipeKey<List<String>> PROBLEMS = texts("problems.task",
            "task sets as TASK, TASK:LEVEL or TASK:MIN-MAX, such as countdown:1-4; of several, problems come in turns;"
            + " glia tasks lists them");
    static final RecipeKey<List<String>> FILES = texts("problems.files",
            "in place of a task set: JSONL files, each line with a prompt and what its rewards need, such as answer");
    static final RecipeKey<List<String>> HELD_OUT = texts("problems.held_out", "JSONL files of held-out problems");
    static final RecipeKey<Double> HELD_OUT_SHARE = number("problems.held_out_share", 0, false, 0.9,
            "share of the lines of files that is held out, if there are no files for it").or(0.1);
    static final RecipeKey<Long> PROBLEM_SEED = integer("problems.seed", 0, Long.MAX_VALUE,
            "random seed of the task set's problems").or(0L);
    static final RecipeKey<String> PICTURES = word("problems.pictures", List.of("own", "shuffled"),
            "shuffled: problems of training have the pictures of others, as a control").or("own");
    static final RecipeKey<Boolean> CHAT = flag("problems.chat", true,
            "prompts are messages of the user, if the model has a chat template; else they are plain text");
    static final RecipeKey<String> SYSTEM = text("problems.system", "system prompt of chats").or("");
    static final RecipeKey<String> BEFORE = text("problems.before", "text before each prompt").or("");
    static final RecipeKey<String> AFTER = text("problems.after", "text after each prompt").or("");

    static final RecipeKey<String> METHOD = word("rl.method", methods(), "method of policy optimization; rejection:"
            + " supervised learning of the best right completion of each group").or("grpo");
    static final RecipeKey<List<Map<String, Object>>> REWARDS = new RecipeKey<>("rl.rewards",
            "list of names or mappings with name, weight and options", Optional.empty(), "rewards; the first counts for"
            + " accuracy; task: the verifier of the task set (default: task)", RlKeys::rewards);
    static final RecipeKey<Double> RIGHT_FROM = number("rl.right_from", -1e9, false, 1e9,
            "least value of the first reward for a right answer").or(1.0);
    static final RecipeKey<Long> PROMPTS = integer("rl.prompts", 1, 1 << 20, "prompts of a batch of rollouts").or(16L);
    static final RecipeKey<Long> GROUP = integer("rl.group", 1, 1 << 16, "completions of each prompt").or(8L);
    static final RecipeKey<Double> TEMPERATURE = number("rl.temperature", 0, true, 1e3,
            "sampling temperature of rollouts; the loss takes log-probabilities at it, too").or(1.0);
    static final RecipeKey<Long> MAX_TOKENS = integer("rl.max_tokens", 1, 1 << 24, "most tokens of a completion")
            .or(256L);
    static final RecipeKey<List<String>> TOOLS = texts("rl.tools", "tools that the model may call in turns: calculator,"
            + " python; rewards see the last turn");
    static final RecipeKey<Long> TURNS = integer("rl.turns", 1, 1000, "most turns of the model with tools").or(4L);
    static final RecipeKey<Long> SEQUENCES = integer("rl.sequences", 1, 1 << 16,
            "most sequences that are generated together").or(128L);
    static final RecipeKey<Long> CACHE = integer("rl.cache_mib", 1, 1 << 24, "most memory of the KV cache in MiB")
            .or(1024L);
    static final RecipeKey<Boolean> INVARIANT = flag("rl.batch_invariant", false,
            "compute rollouts so that they have the same bits in any batch; slower");
    static final RecipeKey<Long> ITERATIONS = integer("rl.iterations", 1, 1 << 16, "passes over a batch of rollouts")
            .or(1L);
    static final RecipeKey<Long> MINIBATCHES = integer("rl.minibatches", 1, 1 << 16,
            "updates of one pass, each on its share of the groups").or(1L);
    static final RecipeKey<Long> BATCH_TOKENS = integer("rl.batch_tokens", 1, MAX,
            "most tokens of a micro-batch of an update, which bounds its memory").or(16384L);
    static final RecipeKey<Long> RESAMPLING = integer("rl.resampling", 0, 1 << 10,
            "dynamic sampling: most rounds of further prompts in place of groups of equal rewards").or(0L);
    static final RecipeKey<Long> OVERLONG = integer("rl.overlong_buffer", 0, 1 << 24,
            "tokens before max_tokens over which a penalty grows from 0 to 1; 0: none").or(0L);
    static final RecipeKey<Boolean> MASK_TRUNCATED = flag("rl.mask_truncated", false,
            "completions that max_tokens cut have no loss");
    static final RecipeKey<Long> LAG = integer("rl.lag", 0, 1 << 16, "one-step asynchronous: so many batches in a row"
            + " have rollouts of the weights before the batch ahead of them; 0: current weights").or(0L);
    static final RecipeKey<Double> CLIP_LOW = number("rl.clip_low", 0, false, 1e6,
            "how far probability ratios may fall below 1 (default: the method's)");
    static final RecipeKey<Double> CLIP_HIGH = number("rl.clip_high", 0, false, 1e6,
            "how far probability ratios may rise above 1 (default: the method's)");
    static final RecipeKey<AggregationName> AGGREGATION = RecipeKey.choice("rl.aggregation", AggregationName.class,
            "how the losses of tokens become one number (default: the method's)");
    static final RecipeKey<Double> ENTROPY = number("rl.entropy", -1e3, false, 1e3, "coefficient of the entropy bonus")
            .or(0.0);
    static final RecipeKey<Double> ENTROPY_TARGET = number("rl.entropy_target", 0, false, 1e3, "mean entropy in nats"
            + " that the coefficient of the entropy bonus follows, from rl.entropy on (default: it is fixed)");
    static final RecipeKey<Double> ENTROPY_STEP = number("rl.entropy_step", 0, true, 1e3,
            "change of that coefficient in each update").or(0.005);
    static final RecipeKey<Double> ENTROPY_MIN = number("rl.entropy_min", -1e3, false, 1e3, "least coefficient")
            .or(0.0);
    static final RecipeKey<Double> ENTROPY_MAX = number("rl.entropy_max", -1e3, false, 1e3, "largest coefficient")
            .or(1.0);
    static final RecipeKey<Double> TOP_ENTROPY = number("rl.top_entropy", 0, false, 1,
            "share of the tokens of highest entropy that learn").or(1.0);
    static final RecipeKey<Double> KL = number("rl.kl", 0, false, 1e6,
            "coefficient of the KL penalty; 0: no reference model (default: the method's)");
    static final RecipeKey<Double> KL_TARGET = number("rl.kl_target", 0, true, 1e6, "mean KL that the coefficient of"
            + " the KL penalty follows, from rl.kl on (default: it is fixed)");
    static final RecipeKey<Double> KL_HORIZON = number("rl.kl_horizon", 0, true, 1e12,
            "completions over which that coefficient changes").or(10000.0);
    static final RecipeKey<String> KL_ESTIMATOR = word("rl.kl_estimator",
            List.of("k1", "abs", "k2", "k3", "k3-unclamped", "k1+", "k3+"), "estimator of the KL penalty (default: the"
            + " method's)");
    static final RecipeKey<KlPlacement> KL_PLACEMENT = RecipeKey.choice("rl.kl_placement", KlPlacement.class,
            "where the KL penalty is added (default: the method's)");
    static final RecipeKey<String> REFERENCE = text("rl.reference",
            "reference model of the KL penalty: folder, .gguf file or hub name (default: the model before training)");
    static final RecipeKey<String> CORRECTION = word("rl.sampler_correction", List.of("none", "token_truncate",
            "token_mask", "sequence_truncate", "sequence_mask", "token", "sequence"), "importance weights for the"
            + " difference between the sampler's log-probabilities and those of training, as precision: bf16 has")
            .or("none");
    static final RecipeKey<Double> CORRECTION_BOUND = number("rl.sampler_bound", 1, false, Double.POSITIVE_INFINITY,
            "largest importance weight").or(3.0);
    static final RecipeKey<String> CORRECTION_BOUNDS = text("rl.sampler_bounds", "for token and sequence: largest"
            + " weight such as 2.0, or a range such as 0.5_2.0 outside of which weights are 0").or("2.0");
    static final RecipeKey<Boolean> CORRECTION_NORMALIZES = flag("rl.sampler_normalize", false,
            "for token and sequence: divide weights by their mean over the batch");
    static final RecipeKey<String> REJECTION_RULES = text("rl.rejection", "reject tokens or completions on which"
            + " sampler and training differ too much: token_k1, seq_mean_k3 and others, with commas between");
    static final RecipeKey<String> REJECTION_BOUNDS = text("rl.rejection_bounds", "largest divergence of each rule, or"
            + " one for all; of k1 the range of ratios such as 0.7_1.4");
    static final RecipeKey<Double> VALUE_COEFFICIENT = number("rl.value_coefficient", 0, true, 1e3,
            "coefficient of the value loss, for ppo").or(0.1);
    static final RecipeKey<Double> VALUE_CLIP = number("rl.value_clip", 0, false, Double.POSITIVE_INFINITY,
            "how far values may move from those at generation, for ppo").or(0.2);
    static final RecipeKey<Double> GAMMA = number("rl.gamma", 0, true, 1, "discount of later rewards, for ppo").or(1.0);
    static final RecipeKey<Double> LAMBDA = number("rl.lambda", 0, false, 1, "λ of GAE, for ppo").or(0.95);
    static final RecipeKey<List<String>> VERIFICATION = texts("rl.verification_words",
            "words of verification: the share of completions with one is a figure; verif* may go on as in verifying")
            .or(ReflectionWords.VERIFICATION);
    static final RecipeKey<List<String>> BACKTRACKING = texts("rl.backtracking_words",
            "the same for words of backtracking").or(ReflectionWords.BACKTRACKING);
    static final RecipeKey<Long> SHOW_EVERY = integer("rl.show_every", 0, MAX,
            "batches between rollouts that the report shows; 0: none").or(25L);
    static final RecipeKey<Long> SHOW = integer("rl.show", 1, 1000, "rollouts that it shows").or(8L);

    static final RecipeKey<Long> EVALUATED = integer("evaluate.problems", 0, 1 << 24,
            "held-out problems of an evaluation, which validate.every schedules; 0: none").or(64L);
    static final RecipeKey<Double> EVALUATION_TEMPERATURE = number("evaluate.temperature", 0, false, 1e3,
            "sampling temperature of evaluations; 0 is greedy").or(0.0);

    static final List<RecipeKey<?>> ALL = List.of(PROBLEMS, FILES, HELD_OUT, HELD_OUT_SHARE, PROBLEM_SEED, PICTURES,
            CHAT, SYSTEM, BEFORE, AFTER, METHOD, REWARDS, RIGHT_FROM, PROMPTS, GROUP, TEMPERATURE, MAX_TOKENS, TOOLS,
            TURNS, SEQUENCES, CACHE, INVARIANT, ITERATIONS, MINIBATCHES, BATCH_TOKENS, RESAMPLING, OVERLONG,
            MASK_TRUNCATED, LAG, CLIP_LOW, CLIP_HIGH, AGGREGATION, ENTROPY, ENTROPY_TARGET, ENTROPY_STEP, ENTROPY_MIN,
            ENTROPY_MAX, TOP_ENTROPY, KL, KL_TARGET, KL_HORIZON, KL_ESTIMATOR, KL_PLACEMENT, REFERENCE, CORRECTION,
            CORRECTION_BOUND, CORRECTION_BOUNDS, CORRECTION_NORMALIZES, REJECTION_RULES, REJECTION_BOUNDS,
            VALUE_COEFFICIENT, VALUE_CLIP, GAMMA, LAMBDA, VERIFICATION, BACKTRACKING, SHOW_EVERY, SHOW, EVALUATED,
            EVALUATION_TEMPERATURE);

    private RlKeys() { }

    private static List<String> methods() {
        List<String> all = new ArrayList<>(PolicyMethod.names());
        all.add(REJECTION);
        return all;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> rewards(Object value) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Object each : value instanceof List<?> list ? list : List.of(value)) {
            if (each instanceof String name) {
                all.add(Map.of("name", name));
            } else if (each instanceof Map<?, ?> map && map.get("name") instanceof String) {
                all.add((Map<String, Object>) map);
            } else {
                throw new IllegalArgumentException("found '" + each + "', which has no name");
            }
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there is no reward");
        }
        return all;
    }
}
