package glia.reason.search;

import glia.engine.LanguageModel;
import glia.engine.thinking.ThinkingOptions;
import glia.reason.reward.Sample;
import glia.tensor.Hash;
import glia.text.thinking.Effort;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Answers questions by a [Strategy] within a budget of tokens.
///
/// ```java
/// var options = new SearchOptions(SamplingOptions.neutral(), 4000, 1000, FinalAnswer::of);
/// Search.Result found = new Search(model, options).answer(Strategy.parse("majority:8"), new Question("2+2?"), seed);
/// ```
/// The result is a function of the model, the question, the options and the seed. For any threads.
public final class Search {
    /// The beginning of the prompt for the last answer of parallel thinking.
    private static final String MERGE = "Several answers to one question follow. Some may be wrong. Compare them, and "
            + "write the right final answer in the form that the question requires.\n\nQuestion: ";

    private final LanguageModel model;
    private final SearchOptions options;

    public Search(LanguageModel model, SearchOptions options) {
        this.model = model;
        this.options = options;
    }

    /// Answers a question.
    ///
    /// @throws IllegalArgumentException if the question does not fit the context, or the strategy has an effort and the
    ///     model does not think
    public Result answer(Strategy strategy, Question question, long seed) {
        Continuations continuations = new Continuations(model, options, question.prompt(), strategy.thinking(),
                answerTokens(strategy), seed);
        return switch (strategy) {
            case Strategy.Single one -> result(continuations.answers(1, 0), 0, continuations.used());
            case Strategy.Majority majority -> {
                List<Candidate> answers = continuations.answers(majority.samples(), 0);
                yield result(answers, mostFrequent(answers), continuations.used());
            }
            case Strategy.Best best -> {
                List<Candidate> answers = continuations.answers(best.samples(), 0);
                yield result(answers, best(question, answers), continuations.used());
            }
            case Strategy.Beam beam -> {
                List<Candidate> ended = new StepSearch(continuations, options, question).beam(beam);
                yield result(ended, best(question, ended), continuations.used());
            }
            case Strategy.Tree tree -> {
                List<Candidate> ended = new StepSearch(continuations, options, question).tree(tree);
                yield result(ended, best(question, ended), continuations.used());
            }
            case Strategy.Parallel parallel -> merged(parallel, question, continuations, seed);
        };
    }

    /// The tokens of the budget for one answer.
    private int answerTokens(Strategy strategy) {
        return Math.clamp(options.maxTokens() / strategy.answers(), 1, options.answerTokens());
    }

    private Result result(List<Candidate> candidates, int chosen, TokenUse used) {
        Candidate candidate = candidates.get(chosen);
        return new Result(candidate, finalAnswer(candidate), candidates, used);
    }

    private Optional<String> finalAnswer(Candidate candidate) {
        return options.reader().apply(candidate.completion());
    }

    /// The first candidate with the most frequent final answer. Of equally frequent ones the first to appear counts,
    /// and without any final answer the first candidate.
    private int mostFrequent(List<Candidate> candidates) {
        Map<String, Integer> counts = new HashMap<>();
        for (Candidate candidate : candidates) {
            finalAnswer(candidate).ifPresent(answer -> counts.merge(answer, 1, Integer::sum));
        }
        int chosen = 0;
        int most = 0;
        for (int i = 0; i < candidates.size(); i++) {
            int count = finalAnswer(candidates.get(i)).map(counts::get).orElse(0);
            if (count > most) {
                most = count;
                chosen = i;
            }
        }
        return chosen;
    }

    /// The candidate with the highest score, finished ones first.
    private int best(Question question, List<Candidate> candidates) {
        int chosen = 0;
        double highest = Double.NEGATIVE_INFINITY;
        boolean anyFinished = candidates.stream().anyMatch(Candidate::isFinished);
        for (int i = 0; i < candidates.size(); i++) {
            double score = options.scorer().score(question, candidates.get(i));
            if (score > highest && (!anyFinished || candidates.get(i).isFinished())) {
                highest = score;
                chosen = i;
            }
        }
        return chosen;
    }

    /// Writes a last answer from several. It does not think where the model has a choice.
    private Result merged(Strategy.Parallel parallel, Question question, Continuations continuations, long seed) {
        int reserve = options.maxTokens() / (parallel.samples() + 1);
        List<Candidate> answers = new ArrayList<>(continuations.answers(parallel.samples(), reserve));
        StringBuilder text = new StringBuilder(MERGE).append(question.prompt());
        for (int i = 0; i < answers.size(); i++) {
            text.append("\n\nAnswer ").append(i + 1).append(": ").append(answers.get(i).answer().strip());
        }
        ThinkingOptions thinking = model.thinking().format().isPresent() ? ThinkingOptions.of(Effort.INSTANT)
                : ThinkingOptions.DEFAULT;
        int left = continuations.left();
        int length = model.tokenizer().encodePlain(text.toString(), true).length;
        if (left == 0 || length + Math.min(left, options.answerTokens()) > model.contextLength()) {
            return result(answers, mostFrequent(answers), continuations.used());
        }
        Continuations last = new Continuations(model, options.withMaxTokens(left), text.toString(), thinking,
                left, Hash.of(seed, -1));
        answers.addAll(last.answers(1, 0));
        return result(answers, answers.size() - 1, continuations.used().plus(last.used()));
    }

    /// An answer, or the beginning of one.
    ///
    /// @param tokens its tokens after the prompt, the end token included
    /// @param thinking the text of its thinking
    /// @param answer the text of its answer, without the thinking
    /// @param completion both as one text, with the thinking between `<think>` and `</think>`
    /// @param logProbability the sum of the log-probabilities of its sampled tokens
    /// @param isFinished whether the model ended it by an end token
    public record Candidate(int[] tokens, String thinking, String answer, String completion, double logProbability,
            boolean isFinished) {
        /// The mean log-probability of a token; 0 without tokens.
        public double meanLogProbability() {
            return tokens.length == 0 ? 0 : logProbability / tokens.length;
        }
    }

    /// What a search found.
    ///
    /// @param chosen the answer
    /// @param finalAnswer its final answer in normal form; empty if it has none
    /// @param candidates all answers that were considered, finished or not
    /// @param tokens the tokens that were spent
    public record Result(Candidate chosen, Optional<String> finalAnswer, List<Candidate> candidates,
            TokenUse tokens) {
        public Result {
            candidates = List.copyOf(candidates);
        }
    }

    /// The tokens of a search.
    ///
    /// @param generated tokens that were generated
    /// @param computed prompt tokens that were computed
    /// @param reused prompt tokens that the KV cache held: those of shared prefixes
    public record TokenUse(long generated, long computed, long reused) {
        /// No tokens.
        public static final TokenUse NONE = new TokenUse(0, 0, 0);

        /// The sum of two.
        public TokenUse plus(TokenUse other) {
            return new TokenUse(generated + other.generated, computed + other.computed, reused + other.reused);
        }
    }

    /// A question to a model.
    ///
    /// @param prompt the text of the question
    /// @param fields what a verifier needs, such as `answer`; the model does not see them
    public record Question(String prompt, Map<String, Object> fields) {
        public Question {
            fields = Map.copyOf(fields);
        }

        /// A question without a verifier.
        public Question(String prompt) {
            this(prompt, Map.of());
        }

        Sample sample(Search.Candidate candidate) {
            return new Sample(prompt, candidate.completion(), candidate.tokens().length, candidate.isFinished(),
                    fields);
        }
    }
}
