package glia.reason.run;

import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.reason.environment.Environment;
import glia.reason.policy.PolicyMethod;
import glia.reason.reward.Reward;
import glia.reason.rollout.RolloutOptions;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// Builds the objective of reinforcement learning without a recipe.
///
/// ```java
/// RolloutObjective objective = new RolloutTraining(engine, tokenizer, ProblemSource.of(TaskSet.of("arithmetic:1", 0),
///         text -> tokenizer.encode(text + "\n", true)))
///         .reward("right", 1, set.verifier())
///         .method(PolicyMethod.named("grpo", 64))
///         .maxTokens(64)
///         .objective();
/// new Trainer(pass, optimizer, objective, new TrainerOptions(200, 1e-4, schedule)).run();
/// ```
public final class RolloutTraining {
    private static final int MAX_TOKENS = 256;

    private final Engine engine;
    private final Tokenizer tokenizer;
    private final ProblemSource problems;
    private final List<RewardColumn> rewards = new ArrayList<>();
    private RolloutSettings settings = RolloutSettings.of(1);
    private RolloutOptions options;
    private PolicyTraining training = PolicyTraining.of(PolicyMethod.named("grpo", MAX_TOKENS));
    private double rightFrom = 1;
    private int overlongBuffer;
    private int evaluated;
    private double evaluationTemperature;
    private boolean computesOld;
    private TurnFactory turns = TurnFactory.NONE;
    private Optional<ToolTurns> tools = Optional.empty();
    private Optional<EnvironmentTurns> environment = Optional.empty();
    private UnaryOperator<Loss> change = UnaryOperator.identity();
    private ReflectionWords words = ReflectionWords.DEFAULT;
    private Optional<RunNumbers> numbers = Optional.empty();
    private RolloutDisplay display = new RolloutDisplay(0, 0);

    /// @param engine of the model that is trained
    public RolloutTraining(Engine engine, Tokenizer tokenizer, ProblemSource problems) {
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.problems = problems;
        options = new RolloutOptions(1, MAX_TOKENS, engine.model().spec().contextLength(),
                Math.min(tokenizer.vocabSize(), engine.model().spec().vocabSize()),
                tokenizer.endOfGeneration()::contains);
    }

    /// Adds a reward. The first counts for accuracy. A reward that throws, hangs or returns no number is counted and
    /// does not apply.
    public RolloutTraining reward(String name, double weight, Reward reward) {
        return reward(RewardColumn.of(name, weight, reward));
    }

    RolloutTraining reward(RewardColumn column) {
        rewards.add(column);
        return this;
    }

    /// Sets the method, without reference model and value head.
    public RolloutTraining method(PolicyMethod method) {
        return policy(PolicyTraining.of(method));
    }

    /// Sets the method with its models.
    public RolloutTraining policy(PolicyTraining policy) {
        training = policy;
        numbers = Optional.empty();
        return this;
    }

    /// Sets prompts, groups, updates and temperature.
    public RolloutTraining settings(RolloutSettings other) {
        settings = other;
        options = options.withTemperature(other.temperature());
        return this;
    }

    /// Sets the most tokens of a completion.
    public RolloutTraining maxTokens(int tokens) {
        options = options.withMaxTokens(tokens);
        return this;
    }

    /// Sets how rollouts are generated; the temperature is that of the settings.
    public RolloutTraining generation(RolloutOptions other) {
        options = other.withTemperature(settings.temperature());
        return this;
    }

    /// Adds an environment: its episodes answer the model's turns, and their final rewards are a reward of this name.
    /// An episode that throws, hangs or ends with no number is counted and ends without a reward, and so does one that
    /// a limit of tokens cuts; [the reward `finished`][glia.reason.reward.Rewards] may count those. Other rewards see
    /// the text of all turns.
    ///
    /// ```java
    /// PromptEncoder encoder = PromptEncoder.of(tokenizer, template);
    /// new RolloutTraining(engine, tokenizer, ProblemSource.of(set, encoder::encode))
    ///         .environment("solved", 1, environment, encoder::continuation)
    /// ```
    /// @param environment whose episodes begin with the prompts of the problems; [Environment.Episode#prompt] is not
    ///     read
    /// @param encode the tokens of an observation, with what the chat template writes around it
    public RolloutTraining environment(String name, double weight, Environment environment,
            Function<String, int[]> encode) {
        EnvironmentTurns episodes = new EnvironmentTurns(name, weight, environment, encode, tokenizer);
        this.environment = Optional.of(episodes);
        return reward(episodes.column()).turns(episodes);
    }

    /// Sets the sources that answer the model's turns, in place of environments.
    public RolloutTraining turns(TurnFactory environments) {
        turns = environments;
        return this;
    }

    RolloutTraining tools(ToolTurns environments) {
        tools = Optional.of(environments);
        return turns(environments);
    }

    /// Sets the least value of the first reward for a right answer; 1 unless set.
    public RolloutTraining rightFrom(double reward) {
        rightFrom = reward;
        return this;
    }

    /// Adds a penalty for completions that come near the most tokens: it grows from 0 to 1 over the last `tokens`.
    public RolloutTraining overlongBuffer(int tokens) {
        overlongBuffer = tokens;
        return this;
    }

    /// Validates by the accuracy on held-out problems.
    ///
    /// @param count number of problems, at most as many as the source has
    /// @param temperature of sampling; 0 is greedy
    public RolloutTraining evaluate(int count, double temperature) {
        evaluated = (int) Math.min(count, problems.numHeldOut());
        evaluationTemperature = temperature;
        return this;
    }

    /// Takes old log-probabilities from the training pass in place of the sampler, for passes that are not in F32.
    public RolloutTraining computeOldLogProbs(boolean computes) {
        computesOld = computes;
        return this;
    }

    /// Sets the words of verification and backtracking whose shares are figures.
    public RolloutTraining words(ReflectionWords other) {
        words = other;
        return this;
    }

    /// Adds losses such as those of routers of experts.
    public RolloutTraining change(UnaryOperator<Loss> losses) {
        change = losses;
        return this;
    }

    /// Shows rollouts in reports.
    ///
    /// @param every batches between those that are shown
    /// @param count number of rollouts
    public RolloutTraining show(int every, int count) {
        display = new RolloutDisplay(every, count);
        return this;
    }

    /// The objective. It does not close what it was given.
    ///
    /// @throws IllegalArgumentException if there is no reward
    public RolloutObjective objective() {
        RolloutScoring scoring = scoring();
        RolloutCollector collector = new RolloutCollector(engine, options, problems, turns, scoring,
                settings);
        Optional<HeldOutEvaluation> evaluation = evaluated == 0 ? Optional.empty() : Optional.of(new HeldOutEvaluation(
                engine, options.withTemperature(evaluationTemperature), problems, turns, scoring,
                evaluated, settings.seed()));
        return new RolloutObjective(collector, new BatchPreparation(settings, training, scoring, computesOld,
                words, numbers()),
                evaluation, change, tokenizer, display);
    }

    private RunNumbers numbers() {
        numbers = Optional.of(numbers.orElseGet(() -> new RunNumbers(training.adaptiveKl(),
                training.adaptiveEntropy())));
        return numbers.get();
    }

    /// Numbers that checkpoints must hold besides weights, by name, for [glia.train.run.Trainer#keep]: with them a
    /// resumed run has the same figures.
    public Map<String, Tensor> state() {
        return numbers().state();
    }

    private RolloutScoring scoring() {
        if (rewards.isEmpty()) {
            throw new IllegalArgumentException("there is no reward to learn from");
        }
        return new RolloutScoring(List.copyOf(rewards), rightFrom, overlongBuffer, options.maxTokens(), tokenizer,
                tools, environment, new RewardWatch(List.copyOf(rewards), environment.isPresent()));
    }

    /// Which rollouts reports show.
    ///
    /// @param every batches between those that are shown; 0 for none
    /// @param count number of rollouts
    public record RolloutDisplay(int every, int count) { }
}
