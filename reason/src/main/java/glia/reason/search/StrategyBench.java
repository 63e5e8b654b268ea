package glia.reason.search;

import glia.engine.LanguageModel;
import glia.reason.reward.ContainedReward;
import glia.reason.reward.Reward;
import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/// Measures strategies: accuracy and tokens on the same questions.
public final class StrategyBench {
    /// What a strategy did with a question.
    ///
    /// @param isRight whether the verifier scored the chosen answer above one half
    /// @param completion the chosen answer with its thoughts
    public record Outcome(String id, boolean isRight, Optional<String> finalAnswer, String completion,
            Search.TokenUse tokens) { }

    /// @param id its name
    public record Item(String id, Search.Question question) { }

    /// The outcomes of a strategy.
    ///
    /// @param seconds of all questions, which are answered side by side
    public record Result(Strategy strategy, List<Outcome> outcomes, double seconds) {
        public Result {
            outcomes = List.copyOf(outcomes);
        }

        /// The number of right answers.
        public long numRight() {
            return outcomes.stream().filter(Outcome::isRight).count();
        }

        /// The share of right answers.
        public double accuracy() {
            return (double) numRight() / outcomes.size();
        }

        /// The mean of generated tokens for a question.
        public double meanTokens() {
            return outcomes.stream().mapToLong(outcome -> outcome.tokens().generated()).average().orElse(0);
        }

        /// The most generated tokens for a question.
        public long mostTokens() {
            return outcomes.stream().mapToLong(outcome -> outcome.tokens().generated()).max().orElse(0);
        }

        /// All tokens.
        public Search.TokenUse tokens() {
            return outcomes.stream().map(Outcome::tokens).reduce(Search.TokenUse.NONE, Search.TokenUse::plus);
        }
    }

    private static final double RIGHT = 0.5;

    private final LanguageModel model;
    private final SearchOptions options;
    private final Reward verifier;
    private final int parallel;

    /// @param verifier scores chosen answers
    /// @param parallel the most questions that are answered at a time
    public StrategyBench(LanguageModel model, SearchOptions options, Reward verifier, int parallel) {
        this.model = model;
        this.options = options;
        this.verifier = verifier;
        this.parallel = parallel;
    }

    /// Answers all questions. The seed of a question is a function of `seed` and its place.
    ///
    /// @param progress receives the number of answered questions
    /// @throws IllegalArgumentException if there are no questions, or the strategy does not suit the model
    public Result run(Strategy strategy, List<Item> items, long seed, IntConsumer progress) {
        if (items.isEmpty()) {
            throw new IllegalArgumentException("there are no questions to measure " + strategy.text() + " with");
        }
        long start = System.nanoTime();
        List<Outcome> outcomes = new ArrayList<>();
        try (ContainedReward contained = new ContainedReward(verifier);
                ExecutorService threads = Executors.newFixedThreadPool(parallel, Thread.ofVirtual().factory())) {
            List<Future<Outcome>> running = new ArrayList<>();
            for (int i = 0; i < items.size(); i++) {
                Item item = items.get(i);
                long own = Hash.of(seed, i);
                running.add(threads.submit(() -> outcome(strategy, item, own, contained)));
            }
            for (Future<Outcome> one : running) {
                try {
                    outcomes.add(one.get());
                } catch (ExecutionException | InterruptedException e) {
                    threads.shutdownNow();
                    throw failure(e);
                }
                progress.accept(outcomes.size());
            }
        }
        return new Result(strategy, outcomes, (System.nanoTime() - start) / 1e9);
    }

    private Outcome outcome(Strategy strategy, Item item, long seed, Reward contained) {
        Search.Result found = new Search(model, options).answer(strategy, item.question(), seed);
        OptionalDouble score = contained.score(item.question().sample(found.chosen()));
        return new Outcome(item.id(), score.isPresent() && score.getAsDouble() > RIGHT, found.finalAnswer(),
                found.chosen().completion(), found.tokens());
    }

    private static RuntimeException failure(Exception e) {
        if (e instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return new IllegalStateException("interrupted", e);
        }
        if (e.getCause() instanceof Error error) {
            throw error;
        }
        return e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
    }
}
