package glia.plan.choose;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/// What a user needs. Empty or infinite: no bound.
///
/// @param task what the model is for
/// @param traffic requests that are answered
/// @param firstToken seconds to the first token, for 95 % of the requests
/// @param betweenTokens seconds from one token to the next, for 95 % of the tokens
/// @param context tokens that the model must be able to read
/// @param floors the least score by benchmark
/// @param licence whether weights must be free to use commercially
/// @param languages that the publisher must name, as ISO 639-1 codes
/// @param devices names of devices that are allowed; empty for all that have a price
/// @param budget USD a month
/// @param priceOfHour USD for an hour of one device, in place of published prices
/// @param models ids of the catalogue that are considered; empty for all that fit the task
/// @param isPrivate whether the data must not be sent to services
public record Needs(Task task, Traffic traffic, double firstToken, double betweenTokens, double context,
        Map<String, Double> floors, Licence licence, List<String> languages, List<String> devices, double budget,
        OptionalDouble priceOfHour, List<String> models, boolean isPrivate) {
    /// Tasks, each with the benchmark that comes nearest.
    public enum Task {
        /// Conversation.
        CHAT("IFEval", 1000, 300),
        /// Mathematics and logic.
        REASONING("AIME 2025", 1000, 300),
        /// Programs.
        CODE("LiveCodeBench", 1000, 300),
        /// Long documents.
        DOCUMENTS("RULER", 32_000, 300),
        /// Questions of knowledge.
        KNOWLEDGE("MMLU-Pro", 1000, 300),
        /// Questions about pictures, whose tokens count as tokens of the prompt.
        PICTURES("MMMU", 1500, 300),
        /// Vectors of texts, to compare and to sort them.
        EMBEDDING("MTEB", 300, 0),
        /// Vectors of texts that answer a question.
        RETRIEVAL("MTEB retrieval", 300, 0),
        /// Labels of texts, after fine-tuning.
        CLASSIFICATION("MNLI", 300, 0),
        /// Text of speech: 30 seconds are 1,500 positions of Whisper's encoder, and some 75 words.
        SPEECH("word accuracy", 1500, 100),
        /// Conversation of one person on a device that this person owns.
        DEVICE("IFEval", 1000, 300);

        private final String benchmark;
        private final int prompt;
        private final int output;

        Task(String benchmark, int prompt, int output) {
            this.benchmark = benchmark;
            this.prompt = prompt;
            this.output = output;
        }

        /// The benchmark.
        public String benchmark() {
            return benchmark;
        }

        /// Tokens of a usual prompt.
        public int usualPrompt() {
            return prompt;
        }

        /// Tokens of a usual answer; 0 if the answer is a vector or a label.
        public int usualOutput() {
            return output;
        }

        /// Requests a second of a usual load.
        public double usualRate() {
            return this == DEVICE ? 0.01 : 1;
        }

        /// Whether any model that writes text can be asked; other tasks need a model with a score in the benchmark.
        boolean isText() {
            return ordinal() <= KNOWLEDGE.ordinal() || this == DEVICE;
        }

        /// The name as users write it.
        public String text() {
            return name().toLowerCase(Locale.ROOT);
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
        languages = List.copyOf(languages);
        devices = List.copyOf(devices);
        models = List.copyOf(models);
        require(firstToken > 0 && betweenTokens > 0, "bearable times must be above 0");
        require(budget > 0, "the budget must be above 0");
        require(context >= 0, "the context must not be negative");
        require((traffic.output() > 0) == (task.usualOutput() > 0), "an answer for the task " + task.text()
                + (task.usualOutput() > 0 ? " has at least 1 token" : " is a vector or a label and has 0 tokens"));
    }

    static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /// The same needs for other requests per second.
    Needs at(double rate) {
        return new Needs(task, traffic.at(rate), firstToken, betweenTokens, context, floors, licence, languages,
                devices, budget, priceOfHour, models, isPrivate);
    }

    /// Tokens of a prompt, on average.
    public double prompt() {
        return traffic.prompt();
    }

    /// Requests per second.
    public double rate() {
        return traffic.rate();
    }

    /// The benchmarks by which models are judged: that of the task, and those with a floor.
    public List<String> benchmarks() {
        return Stream.concat(Stream.of(task.benchmark()), floors.keySet().stream()).distinct().toList();
    }

    /// Tokens of context that a request with an answer of some tokens needs.
    public double length(double output) {
        return Math.max(context, traffic.longest() + output + traffic.longer());
    }
}
