package glia.plan.choose;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/// What a user needs. Empty or infinite: no bound.
///
/// @param task what the model is for
/// @param prompt tokens of a prompt, on average
/// @param output tokens of an answer, on average, thinking included
/// @param rate requests per second
/// @param firstToken seconds to the first token, for 95 % of the requests
/// @param betweenTokens seconds from one token to the next, for 95 % of the tokens
/// @param context tokens that the model must be able to read
/// @param floors the least score by benchmark
/// @param licence whether weights must be free to use commercially
/// @param devices names of devices that are allowed; empty for all that have a price
/// @param budget USD a month
/// @param priceOfHour USD for an hour of one device, in place of published prices
/// @param models ids of the catalogue that are considered; empty for all decoders
/// @param cacheBytes bytes of a cached number: 2 for BF16, 1 for FP8
/// @param isPrivate whether the data must not be sent to services
public record Needs(Task task, double prompt, double output, double rate, double firstToken, double betweenTokens,
        double context, Map<String, Double> floors, Licence licence, List<String> devices, double budget,
        OptionalDouble priceOfHour, List<String> models, double cacheBytes, boolean isPrivate) {
    /// Tasks, each with the benchmark that comes nearest.
    public enum Task {
        /// Conversation.
        CHAT("IFEval"),
        /// Mathematics and logic.
        REASONING("AIME 2025"),
        /// Programs.
        CODE("LiveCodeBench"),
        /// Long documents.
        DOCUMENTS("RULER"),
        /// Questions of knowledge.
        KNOWLEDGE("MMLU-Pro");

        private final String benchmark;

        Task(String benchmark) {
            this.benchmark = benchmark;
        }

        /// The benchmark.
        public String benchmark() {
            return benchmark;
        }
    }

    /// What a licence of weights must allow.
    public enum Licence {
        /// Any licence, also research only.
        ANY,
        /// Commercial use, perhaps under conditions.
        COMMERCIAL,
        /// A licence without conditions on use, such as Apache 2.0 and MIT.
        OPEN
    }

    /// @throws IllegalArgumentException if a number makes no sense
    public Needs {
        floors = Map.copyOf(floors);
        devices = List.copyOf(devices);
        models = List.copyOf(models);
        require(prompt >= 0 && output >= 1, "a prompt has at least 0 tokens and an answer at least 1");
        require(rate > 0, "the rate of requests must be above 0");
        require(firstToken > 0 && betweenTokens > 0, "bearable times must be above 0");
        require(budget > 0, "the budget must be above 0");
        require(context >= 0, "the context must not be negative");
        require(cacheBytes > 0 && cacheBytes <= 4, "a cached number has 1, 2 or 4 bytes");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /// The benchmarks by which models are judged: that of the task, and those with a floor.
    public List<String> benchmarks() {
        return Stream.concat(Stream.of(task.benchmark()), floors.keySet().stream()).distinct().toList();
    }

    /// Tokens of context that a request needs.
    public double length() {
        return Math.max(context, prompt + output);
    }
}
