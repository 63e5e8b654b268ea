package glia.reason.run;

import glia.reason.environment.Environment.Step;
import glia.reason.environment.Environment;
import glia.reason.environment.EpisodeTurns;
import glia.reason.reward.Sample;
import glia.reason.rollout.TurnSource;
import glia.reason.task.Problem;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/// The episodes of an environment, whose rewards are a column. Their calls are contained like rewards: one that throws,
/// hangs or returns no number is a failure of the column and ends the episode without a reward.
final class EnvironmentTurns implements TurnFactory {
    private static final String CALL = "call";

    private final Environment environment;
    private final Function<String, int[]> encode;
    private final Tokenizer tokenizer;
    private final RewardColumn column;

    /// @param encode the tokens of an observation
    EnvironmentTurns(String name, double weight, Environment environment, Function<String, int[]> encode,
            Tokenizer tokenizer) {
        this.environment = environment;
        this.encode = encode;
        this.tokenizer = tokenizer;
        column = RewardColumn.of(name, weight,
                sample -> OptionalDouble.of(((DoubleSupplier) sample.fields().get(CALL)).getAsDouble()));
    }

    /// The column of the episodes' rewards.
    RewardColumn column() {
        return column;
    }

    @Override
    public TurnSource begin(List<ProblemSource.PromptProblem> problems, int group) {
        List<Environment.Episode> episodes = new ArrayList<>();
        for (ProblemSource.PromptProblem problem : problems) {
            for (int i = 0; i < group; i++) {
                episodes.add(new Contained(new Problem("", problem.text(), problem.fields(), "")));
            }
        }
        return new EpisodeTurns(episodes, ids -> RolloutScoring.text(tokenizer, ids), encode);
    }

    /// An episode that begins with its first step.
    private final class Contained implements Environment.Episode {
        private final Problem problem;
        private Environment.Episode episode;

        Contained(Problem problem) {
            this.problem = problem;
        }

        @Override
        public String prompt() {
            return problem.prompt();
        }

        @Override
        public Step step(String text) {
            AtomicReference<Step> answer = new AtomicReference<>();
            DoubleSupplier call = () -> {
                if (episode == null) {
                    episode = environment.start(problem);
                }
                Step step = Objects.requireNonNull(episode.step(text), "the step of an episode is null");
                answer.set(step);
                return switch (step) {
                    case Step.Observation(String observation) -> Objects.requireNonNull(observation).length();
                    case Step.End end -> end.reward();
                };
            };
            boolean isDone = column.reward().score(new Sample(problem.prompt(), text, 0, true, Map.of(CALL, call)))
                    .isPresent();
            return isDone ? answer.get() : new Step.End(0, Step.Reason.FAILED);
        }
    }
}
