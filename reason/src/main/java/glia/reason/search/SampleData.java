package glia.reason.search;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.io.Suggestions;
import glia.reason.search.StrategyBench.Item;
import glia.reason.task.RandomStream;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import glia.train.recipe.DataGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;

/// A model's own right answers as training data of recipes ([RejectionSampling]), the chats that `glia reason sample`
/// writes:
///
/// ```yaml
/// data:
///   train: "samples:runs/r1-reasoning/model task=countdown:4 count=1000 samples=4"
/// ```
///
/// The model is read when the data are made, once for a run.
public final class SampleData implements DataGenerator {
    private static final List<String> WORDS = List.of("task", "count", "samples", "keep", "direct", "temperature",
            "max_tokens", "seed");
    private static final long DIRECT_PLACE = 0x646972656374L;
    private static final String END = "</think>";
    private static final int PARALLEL = 64;

    /// What is sampled.
    ///
    /// @param questions number of problems of the train split
    /// @param samples answers of a problem
    /// @param keep most answers that are kept of a problem
    /// @param direct share of the chats that have the answer alone
    private record Wanted(String model, TaskSet set, int questions, int samples, int keep, double direct,
            double temperature, int maxTokens, long seed) { }

    /// For [glia.train.recipe.RecipeExtension#generators].
    public SampleData() { }

    @Override
    public String prefix() {
        return "samples";
    }

    @Override
    public String form() {
        return "samples:MODEL task=TASK count=N";
    }

    @Override
    public String summary() {
        return "a model's own right answers to N problems of a task; also samples=, keep=, direct=, temperature=, "
                + "max_tokens=, seed= as the options of glia reason sample";
    }

    @Override
    public Lines parse(String text) {
        Wanted wanted = wanted(text.strip().split("\\s+"));
        Chats chats = new Chats(wanted);
        return new Lines("samples-" + wanted.set().name(), (long) wanted.questions() * wanted.keep(), chats::line);
    }

    private static Wanted wanted(String[] words) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String name = equals < 0 ? words[i] : words[i].substring(0, equals);
            if (!WORDS.contains(name) || equals < 0) {
                throw new IllegalArgumentException("found '" + words[i] + "', expected one of "
                        + String.join("=, ", WORDS) + "=." + Suggestions.sentence(name, WORDS));
            }
            if (values.put(name, words[i].substring(equals + 1)) != null) {
                throw new IllegalArgumentException("found " + name + "= twice");
            }
        }
        for (String needed : List.of("task", "count")) {
            if (!values.containsKey(needed)) {
                throw new IllegalArgumentException("found no " + needed + "=, expected such as task=countdown:4 "
                        + "count=1000");
            }
        }
        if (words[0].isEmpty()) {
            throw new IllegalArgumentException("found no model, expected a folder, a file or a name after the colon");
        }
        long seed = (long) number(values, "seed", 0, 0, 1L << 52);
        return new Wanted(words[0], TaskSet.of(values.get("task"), seed), integer(values, "count", 1),
                integer(values, "samples", 4), integer(values, "keep", 1), number(values, "direct", 0, 0, 1),
                number(values, "temperature", 1, 0, 100), integer(values, "max_tokens", 512), seed);
    }

    private static int integer(Map<String, String> values, String name, int initial) {
        double number = number(values, name, initial, 1, 10_000_000);
        if (number != Math.rint(number)) {
            throw new IllegalArgumentException("found " + name + "=" + values.get(name) + ", expected a whole number");
        }
        return (int) number;
    }

    private static double number(Map<String, String> values, String name, double initial, double min, double max) {
        String text = values.get(name);
        if (text == null) {
            return initial;
        }
        if (text.matches("\\d{1,16}(\\.\\d{1,9})?")) {
            double number = Double.parseDouble(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException("found " + name + "=" + text + ", expected a number from "
                + JsonMapper.shared().writeValueAsString(min) + " to " + JsonMapper.shared().writeValueAsString(max));
    }

    /// The chats as lines, sampled when the first is read. There may be fewer than lines: the rest are empty.
    private static final class Chats {
        private final Wanted wanted;
        private List<String> lines;

        Chats(Wanted wanted) {
            this.wanted = wanted;
        }

        synchronized String line(long index) {
            if (lines == null) {
                lines = sample();
            }
            return index < lines.size() ? lines.get((int) index) : "";
        }

        private List<String> sample() {
            List<Item> items = IntStream.range(0, wanted.questions())
                    .mapToObj(i -> wanted.set().problem(Split.TRAIN, i))
                    .map(problem -> new Item(problem.id(), new Question(problem.prompt(), problem.fields()))).toList();
            try (LanguageModel model = LanguageModel.load(wanted.model())) {
                SearchOptions options = new SearchOptions(SamplingOptions.neutral().withTemperature(
                        (float) wanted.temperature()), wanted.maxTokens(), wanted.maxTokens(),
                        wanted.set().task()::finalAnswer);
                StrategyBench bench = new StrategyBench(model, options, wanted.set().verifier(), PARALLEL);
                RejectionSampling.Result result = new RejectionSampling(bench, Strategy.parse("single")).run(items,
                        wanted.samples(), wanted.keep(), wanted.seed(), done -> { });
                return lines(result, wanted.direct(), wanted.seed());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// The chats of kept answers, as lines of JSON.
    ///
    /// @param direct share of the chats that have the answer alone, without its thoughts
    public static List<String> lines(RejectionSampling.Result result, double direct, long seed) {
        List<String> lines = new ArrayList<>();
        for (RejectionSampling.Kept kept : result.kept()) {
            for (String completion : kept.completions()) {
                boolean isDirect = new RandomStream(DIRECT_PLACE, seed, lines.size()).chance(direct);
                int end = completion.indexOf(END);
                lines.add(JsonMapper.shared().writeValueAsString(RejectionSampling.chat(kept.item(),
                        isDirect && end >= 0 ? completion.substring(end + END.length()).strip() : completion)));
            }
        }
        return lines;
    }
}
