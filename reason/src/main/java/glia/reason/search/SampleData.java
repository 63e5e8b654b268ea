package glia.reason.search;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.reason.search.Search.Question;
import glia.reason.search.StrategyBench.Item;
import glia.reason.task.RandomStream;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import glia.train.data.ChatLine;
import glia.train.recipe.DataWords;
import glia.train.recipe.RecipeExtension.DataGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
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
    private static final int MAX_NUMBER = 10_000_000;
    private static final int MAX_TEMPERATURE = 100;

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
        Wanted wanted = wanted(DataWords.parse(text, first -> WORDS));
        Chats chats = new Chats(wanted);
        return new Lines("samples-" + wanted.set().name(), (long) wanted.questions() * wanted.keep(), chats::line);
    }

    private static Wanted wanted(DataWords words) {
        String expected = "=, expected such as task=countdown:4 count=1000";
        String task = words.required("task", "task" + expected);
        words.required("count", "count" + expected);
        if (words.first().isEmpty()) {
            throw new IllegalArgumentException("found no model, expected a folder, a file or a name after the colon");
        }
        long seed = words.integer("seed", 0, 1L << 52, 0);
        return new Wanted(words.first(), TaskSet.of(task, seed), integer(words, "count", 1),
                integer(words, "samples", 4), integer(words, "keep", 1), number(words, "direct", 0, 1),
                number(words, "temperature", 1, MAX_TEMPERATURE), integer(words, "max_tokens", 512), seed);
    }

    private static int integer(DataWords words, String name, int initial) {
        return (int) words.integer(name, 1, MAX_NUMBER, initial);
    }

    /// A number from 0 to `max`.
    private static double number(DataWords words, String name, double initial, int max) {
        String text = words.settings().get(name);
        if (text == null) {
            return initial;
        }
        if (text.matches("\\d{1,16}(\\.\\d{1,9})?") && Double.parseDouble(text) <= max) {
            return Double.parseDouble(text);
        }
        throw new IllegalArgumentException("found " + name + "=" + text + ", expected a number from 0 to " + max);
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
                lines.add(JsonMapper.shared().writeValueAsString(ChatLine.of(kept.item().question().prompt(),
                        isDirect && end >= 0 ? completion.substring(end + END.length()).strip() : completion)));
            }
        }
        return lines;
    }
}
