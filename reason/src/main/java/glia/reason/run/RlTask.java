package glia.reason.run;

import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.engine.training.TrainingOptions;
import glia.io.CheckpointException;
import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.Aggregation;
import glia.reason.policy.KlController;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GreedyBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.correction.RolloutCorrection;
import glia.reason.reward.Reward;
import glia.reason.reward.Rewards;
import glia.reason.rollout.RolloutOptions;
import glia.reason.run.PolicyTraining.ValueHead;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.reason.task.TaskMix;
import glia.reason.task.TaskSet;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.FrozenModel;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import glia.train.run.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/// A run of `task: rl`.
final class RlTask implements TaskRun {
    private static final int MIB = 20;
    private static final int PROBED_PROMPTS = 256;
    private static final int PROBED_COMPLETIONS = 16;
    private static final int PROBED_TOKENS = 8;

    /// The longest answer to a problem that a message names.
    private static final int MAX_SHOWN = 40;

    private final TaskContext context;
    private final Engine engine;
    private final ProblemSource problems;
    private final List<RewardColumn> rewards;
    private final RolloutSettings settings;
    private final RolloutOptions options;
    private final PolicyTraining training;
    private final List<String> notes;
    private final Optional<ToolTurns> tools;
    private Map<String, Tensor> state = Map.of();

    private RlTask(TaskContext context, Engine engine, ProblemSource problems, List<RewardColumn> rewards,
            RolloutSettings settings, RolloutOptions options, PolicyTraining training, Optional<ToolTurns> tools,
            List<String> notes) {
        this.context = context;
        this.engine = engine;
        this.problems = problems;
        this.rewards = rewards;
        this.settings = settings;
        this.options = options;
        this.training = training;
        this.tools = tools;
        this.notes = notes;
    }

    static RlTask open(TaskContext context) throws IOException {
        Recipe recipe = context.recipe();
        RlMethod method = RlMethod.of(recipe);
        PromptEncoder plain = encoder(context);
        Optional<ToolTurns> tools = tools(context, plain);
        PromptEncoder encoder = tools.map(ToolTurns::encoder).orElse(plain);
        List<TaskSet> sets = taskSets(recipe);
        List<String> notes = new ArrayList<>();
        ProblemSource problems = problems(context, sets, encoder, notes);
        RolloutSettings settings = settings(recipe, method);
        RolloutOptions options = options(context);
        List<RewardColumn> rewards = rewards(recipe, sets);
        Kernels kernels = recipe.get(RlKeys.INVARIANT) ? context.kernels().batchInvariant() : context.kernels();
        Optional<PolicyTraining.Critic> critic = method.estimator().orElse(null) instanceof GeneralizedAdvantage
                ? Optional.of(new PolicyTraining.Critic(ValueHead.create(context.model().spec().hiddenSize()),
                        new ValueLoss(recipe.get(RlKeys.VALUE_CLIP), new Aggregation.TokenMean()),
                        recipe.get(RlKeys.VALUE_COEFFICIENT))) : Optional.empty();
        RolloutCorrection correction = RlControls.correction(recipe);
        Optional<AdaptiveEntropy> adaptiveEntropy = RlControls.entropy(recipe);
        Optional<KlController> adaptiveKl = RlControls.kl(recipe, method.objective().kl());
        Optional<FrozenModel> reference = !method.objective().kl().isActive() ? Optional.empty()
                : Optional.of(recipe.has(RlKeys.REFERENCE) ? context.frozen(RlKeys.REFERENCE) : context.reference());
        Engine engine = new Engine(context.model(), kernels, Precision.EXACT, recipe.get(RlKeys.CACHE) << MIB,
                context.context());
        return new RlTask(context, engine, problems, rewards, settings, options,
                new PolicyTraining(method.estimator(), method.objective(), reference, critic,
                        correction, adaptiveKl, adaptiveEntropy), tools, notes);
    }

    private static PromptEncoder encoder(TaskContext context) throws CheckpointException {
        Recipe recipe = context.recipe();
        return new PromptEncoder(context.tokenizer(), recipe.get(RlKeys.CHAT) ? context.template() : Optional.empty(),
                recipe.get(RlKeys.SYSTEM), recipe.get(RlKeys.BEFORE), recipe.get(RlKeys.AFTER), "",
                Optional.of(context.pictures()));
    }

    private static Optional<ToolTurns> tools(TaskContext context, PromptEncoder encoder) throws CheckpointException {
        Recipe recipe = context.recipe();
        if (!recipe.has(RlKeys.TOOLS)) {
            if (recipe.has(RlKeys.TURNS)) {
                throw recipe.error(RlKeys.TURNS, "is set, but rl.tools names no tool to call between turns");
            }
            return Optional.empty();
        }
        try {
            return Optional.of(new ToolTurns(recipe.get(RlKeys.TOOLS), Math.toIntExact(recipe.get(RlKeys.TURNS)),
                    encoder, context.tokenizer()));
        } catch (IllegalArgumentException e) {
            throw recipe.error(RlKeys.TOOLS, "cannot be used: " + e.getMessage());
        }
    }

    private static List<TaskSet> taskSets(Recipe recipe) throws CheckpointException {
        List<TaskSet> sets = new ArrayList<>();
        for (String spec : recipe.find(RlKeys.PROBLEMS).orElse(List.of())) {
            try {
                sets.add(TaskSet.of(spec, recipe.get(RlKeys.PROBLEM_SEED)));
            } catch (IllegalArgumentException e) {
                throw recipe.error(RlKeys.PROBLEMS, e.getMessage());
            }
        }
        return sets;
    }

    private static ProblemSource problems(TaskContext context, List<TaskSet> sets, PromptEncoder encoder,
            List<String> notes) throws IOException {
        Recipe recipe = context.recipe();
        if (sets.isEmpty() != recipe.has(RlKeys.FILES)) {
            throw recipe.error(RlKeys.PROBLEMS, sets.isEmpty() ? "is missing, and so is problems.files"
                    : "is set, and so is problems.files: remove one of them");
        }
        if (!sets.isEmpty() && !recipe.has(RecipeKeys.STEPS)) {
            throw recipe.error(RecipeKeys.STEPS, "is missing; the problems of a task set are endless, so epochs says "
                    + "nothing");
        }
        if (context.tokenizer().endOfGeneration().isEmpty()) {
            notes.add("the tokenizer has no end token, so all completions have " + recipe.get(RlKeys.MAX_TOKENS)
                    + " tokens (rl.max_tokens)");
        }
        if (!sets.isEmpty()) {
            return new ProblemSource.TaskProblems(new TaskMix(sets), recipe.get(RlKeys.PICTURES).equals("shuffled"),
                    problem -> encoder.encode(problem.prompt(), problem.pictures()));
        }
        PromptFiles files = PromptFiles.read(context.files(RlKeys.FILES), recipe.has(RlKeys.HELD_OUT)
                ? context.files(RlKeys.HELD_OUT) : List.of(), recipe.get(RlKeys.HELD_OUT_SHARE), encoder,
                context.context() - 1, context.seed());
        notes.addAll(files.notes());
        return files;
    }

    private static RolloutSettings settings(Recipe recipe, RlMethod method) throws CheckpointException {
        long minibatches = recipe.get(RlKeys.MINIBATCHES);
        if (minibatches > recipe.get(RlKeys.PROMPTS)) {
            throw recipe.error(RlKeys.MINIBATCHES, "is " + minibatches + ", more than the groups of a batch (rl.prompts"
                    + "), of which there are " + recipe.get(RlKeys.PROMPTS));
        }
        boolean comparesCompletions = switch (method.estimator().orElse(null)) {
            case GroupRelative relative -> relative.lone() == Lone.ZERO;
            case LeaveOneOut relative -> relative.lone() == Lone.ZERO;
            case null, default -> false;
        };
        if (comparesCompletions && recipe.get(RlKeys.GROUP) == 1) {
            throw recipe.error(RlKeys.GROUP, "is 1, but the method " + recipe.get(RlKeys.METHOD)
                    + " learns by comparing the completions of a prompt; expected 2 or more");
        }
        return new RolloutSettings(recipe.get(RecipeKeys.SEED),
                Math.toIntExact(recipe.get(RlKeys.PROMPTS)), Math.toIntExact(recipe.get(RlKeys.GROUP)),
                recipe.get(RlKeys.TEMPERATURE), Math.toIntExact(recipe.get(RlKeys.ITERATIONS)),
                (int) minibatches, Math.toIntExact(recipe.get(RlKeys.RESAMPLING)),
                Math.toIntExact(recipe.get(RlKeys.LAG)), recipe.get(RlKeys.MASK_TRUNCATED),
                method.estimator().orElse(null) instanceof GreedyBaseline,
                Math.toIntExact(recipe.get(RlKeys.BATCH_TOKENS)));
    }

    private static RolloutOptions options(TaskContext context) throws CheckpointException {
        Recipe recipe = context.recipe();
        Tokenizer tokenizer = context.tokenizer();
        int sequences = Math.toIntExact(recipe.get(RlKeys.SEQUENCES));
        return new RolloutOptions(recipe.get(RlKeys.TEMPERATURE), Math.toIntExact(recipe.get(RlKeys.MAX_TOKENS)),
                context.context(), Math.min(tokenizer.vocabSize(), context.model().spec().vocabSize()),
                tokenizer.endOfGeneration()::contains).withMaxSequences(sequences);
    }

    private static List<RewardColumn> rewards(Recipe recipe, List<TaskSet> sets) throws CheckpointException {
        List<Map<String, Object>> named = recipe.find(RlKeys.REWARDS).orElse(List.of(Map.of("name", "task")));
        List<RewardColumn> columns = new ArrayList<>();
        for (Map<String, Object> each : named) {
            Map<String, Object> values = new LinkedHashMap<>(each);
            String name = (String) values.remove("name");
            Object weight = values.remove("weight");
            if (weight != null && !(weight instanceof Number)) {
                throw recipe.error(RlKeys.REWARDS, "gives " + name + " the weight '" + weight + "', expected a number");
            }
            if (name.equals("task") && sets.isEmpty()) {
                throw recipe.error(RlKeys.REWARDS, (recipe.has(RlKeys.REWARDS) ? "names 'task'" : "is missing")
                        + ", but there is no problems.task with a verifier; name a reward such as math");
            }
            if (name.equals("task") && !values.isEmpty()) {
                throw recipe.error(RlKeys.REWARDS, "gives task the options " + values.keySet()
                        + ", but it has none except weight");
            }
            try {
                Reward reward = name.equals("task") ? new TaskMix(sets).verifier()
                        : Rewards.named(name, located(recipe, name, values));
                columns.add(RewardColumn.of(name, weight == null ? 1 : ((Number) weight).doubleValue(), reward));
            } catch (IllegalArgumentException e) {
                throw recipe.error(RlKeys.REWARDS, e.getMessage());
            }
        }
        return columns;
    }

    /// The options of a reward with the path of a reward model relative to the recipe.
    private static Map<String, Object> located(Recipe recipe, String name, Map<String, Object> options)
            throws CheckpointException {
        if (name.equals("model") && options.get("path") instanceof String written) {
            Path path = recipe.path(RlKeys.REWARDS, written);
            options.put("path", Files.exists(path) ? path.toString() : written);
        }
        return options;
    }

    @Override
    public Objective objective(UnaryOperator<Loss> change) throws CheckpointException {
        Recipe recipe = context.recipe();
        RolloutTraining building = new RolloutTraining(engine, context.tokenizer(), problems).settings(settings)
                .generation(options).policy(training).rightFrom(recipe.get(RlKeys.RIGHT_FROM))
                .overlongBuffer(Math.toIntExact(recipe.get(RlKeys.OVERLONG)))
                .evaluate(Math.toIntExact(recipe.get(RlKeys.EVALUATED)), recipe.get(RlKeys.EVALUATION_TEMPERATURE))
                .computeOldLogProbs(context.options().precision() != Precision.EXACT
                        || context.options().linear() != TrainingOptions.Linear.PLAIN)
                .words(words(recipe)).change(change).show(Math.toIntExact(recipe.get(RlKeys.SHOW_EVERY)),
                        Math.toIntExact(recipe.get(RlKeys.SHOW)));
        rewards.forEach(building::reward);
        tools.ifPresent(building::tools);
        state = building.state();
        return building.objective();
    }

    @Override
    public Map<String, Weight.Stored> weights() {
        return training.value().isPresent() ? training.value().get().head().weights() : Map.of();
    }

    private static ReflectionWords words(Recipe recipe) throws CheckpointException {
        List<String> verification = recipe.get(RlKeys.VERIFICATION);
        List<String> backtracking = recipe.get(RlKeys.BACKTRACKING);
        try {
            return ReflectionWords.of(verification, backtracking);
        } catch (IllegalArgumentException e) {
            throw recipe.error(recipe.has(RlKeys.VERIFICATION) ? RlKeys.VERIFICATION : RlKeys.BACKTRACKING,
                    e.getMessage());
        }
    }

    @Override
    public Map<String, Tensor> state() {
        return state;
    }

    /// A few short completions with one update, whatever the rewards: rollouts of a whole step may take
    /// minutes.
    @Override
    public Optional<Probe> probe() {
        int group = Math.min(PROBED_COMPLETIONS, settings.group());
        int prompts = Math.min(PROBED_COMPLETIONS / group, settings.prompts());
        RolloutSettings small = new RolloutSettings(settings.seed(), prompts, group, settings.temperature(), 1, 1, 0, 0,
                false, settings.greedyBaseline(), settings.batchTokens());
        Objective part = new RolloutTraining(engine, context.tokenizer(), problems).settings(small)
                .generation(options.withMaxTokens(Math.min(PROBED_TOKENS, options.maxTokens()))).policy(training)
                .reward("any", 1, sample -> OptionalDouble.of(1)).objective();
        long completions = (long) settings.prompts() * settings.group();
        long trained = completions * (longest() - longestPrompt()) + completions * longest() * settings.iterations();
        return Optional.of(new Probe(part, Math.max(1, trained / settings.updates())));
    }

    private int longestPrompt() {
        int prompt = 1;
        for (int i = 0; i < Math.min(PROBED_PROMPTS, problems.size()); i++) {
            prompt = Math.max(prompt, problems.training(i).ids().length);
        }
        return prompt;
    }

    /// The most tokens of a prompt with its completion.
    private int longest() {
        return tools.isPresent() ? options.maxContext()
                : (int) Math.min(options.maxContext(), (long) longestPrompt() + options.maxTokens());
    }

    /// Micro-batches hold at most `rl.batch_tokens` tokens, and completions have at most `rl.max_tokens`.
    @Override
    public Optional<BatchMemory> batchMemory() {
        int prompt = longestPrompt();
        int length = longest();
        int rollouts = Math.ceilDiv(settings.prompts(), settings.minibatches()) * settings.group();
        long generation = RolloutMemory.cacheBytes(engine, tools.isPresent() ? options.withMaxTokens(length) : options,
                prompt, settings.prompts(), settings.group());
        if (training.reference().isPresent() && context.adapters().isEmpty()) {
            generation += training.reference().get().model().weights().all().values().stream().distinct()
                    .mapToLong(Weight::sizeBytes).sum();
        }
        return Optional.of(new BatchMemory(Math.clamp(settings.batchTokens() / length, 1, rollouts), length, generation,
                "rl.batch_tokens, rl.max_tokens or rl.cache_mib"));
    }

    @Override
    public long rowsInEpoch() {
        return problems.size();
    }

    @Override
    public boolean sharesRows() {
        return true;
    }

    @Override
    public long rowsOfUpdate() {
        return Math.max(1, settings.prompts() / settings.updates());
    }

    @Override
    public long tokensInEpoch() {
        return 0;
    }

    /// The first held-out problem, or the first of training.
    @Override
    public Optional<Question> question() {
        try {
            Recipe recipe = context.recipe();
            PromptProblem problem = problems.numHeldOut() > 0 ? problems.heldOut(0) : problems.training(0);
            if (!problem.pictures().isEmpty()) {
                return Optional.empty();
            }
            String prompt = recipe.get(RlKeys.BEFORE) + problem.text() + recipe.get(RlKeys.AFTER);
            Object answer = problem.fields().get("answer");
            String expected = answer instanceof Collection || answer instanceof Map || answer == null
                    || answer.toString().length() > MAX_SHOWN || problems.numHeldOut() == 0 ? "" : answer.toString();
            return Optional.of(new Question(prompt, recipe.get(RlKeys.SYSTEM), !recipe.get(RlKeys.CHAT)
                    && context.template().isPresent(), expected));
        } catch (CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public void close() {
        rewards.forEach(r -> r.reward().close());
        engine.close();
        training.reference().ifPresent(FrozenModel::close);
    }
}
