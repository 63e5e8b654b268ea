package glia.reason.trace;

import glia.reason.search.SampleData;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import glia.train.recipe.DataWords;
import glia.train.recipe.RecipeExtension.DataGenerator;
import glia.train.recipe.RecipeExtension;
import glia.train.recipe.ShippedRecipes.Shipped;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/// The recipes of the model `reasoner` and of the stages of DeepSeek-R1, its chat template, and traces and samples as
/// training data.
public final class ReasonerRecipes implements RecipeExtension {
    private static final String TEMPLATE = "reasoner.jinja";

    /// For [java.util.ServiceLoader].
    public ReasonerRecipes() { }

    @Override
    public List<Shipped> recipes() {
        return Stream.of("reasoner", "reasoner-drills", "reasoner-traces", "reasoner-rejection", "reasoner-rl",
                "r1", "r1-cold-start", "r1-reasoning", "r1-rejection", "r1-preferences").map(name -> Shipped.read(name,
                ReasonerRecipes.class.getResourceAsStream("/glia/reason/recipes/" + name + ".yaml"))).toList();
    }

    @Override
    public Map<String, String> data() {
        return Map.of(TEMPLATE, "chat template with a switch for thinking, for tokenizer.chat_template");
    }

    @Override
    public InputStream openData(String name) {
        return ReasonerRecipes.class.getResourceAsStream("/glia/reason/data/" + name);
    }

    @Override
    public List<DataGenerator> generators() {
        return List.of(new TraceData(), new SampleData());
    }

    /// Solver traces and drills as training data of recipes, the lines that `glia tasks traces` writes:
    ///
    /// ```yaml
    /// data:
    ///   train:
    ///     - "traces:countdown:4 count=150000 quality=random:3,pruned:2"
    ///     - "traces:drills:2 count=20000"
    /// ```
    static final class TraceData implements DataGenerator {
        private static final String DRILLS = "drills";
        private static final List<String> WORDS = List.of("count", "quality", "verify", "slips", "attempts", "split",
                "seed", "start");
        private static final List<String> DRILL_WORDS = List.of("count", "seed", "start");
        private static final long MAX_COUNT = 100_000_000;

        @Override
        public String prefix() {
            return "traces";
        }

        @Override
        public String form() {
            return "traces:TASK count=N";
        }

        @Override
        public String summary() {
            return "chats with solver traces of a task, or of drills, such as traces:countdown:4; also quality=, "
                    + "verify=, slips=, attempts=, split=, seed=, start= as the options of glia tasks traces";
        }

        @Override
        public Lines parse(String text) {
            DataWords words = DataWords.parse(text, first -> isDrills(first) ? DRILL_WORDS : WORDS);
            words.required("count", "count=N, expected the number of chats, such as count=10000");
            long count = words.integer("count", 1, MAX_COUNT, 1);
            long seed = words.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE, 0);
            long start = words.integer("start", 0, 999_999_999_999_999L, 0);
            LongFunction<Map<String, Object>> chats = isDrills(words.first()) ? drills(words.first(), seed)
                    : traces(words, seed);
            return new Lines("traces-" + words.first().replace(':', '-'), count,
                    i -> JsonMapper.shared().writeValueAsString(chats.apply(start + i)));
        }

        private static boolean isDrills(String first) {
            return first.equals(DRILLS) || first.startsWith(DRILLS + ":");
        }

        private static LongFunction<Map<String, Object>> drills(String spec, long seed) {
            String level = spec.equals(DRILLS) ? "1" : spec.substring(DRILLS.length() + 1);
            if (!level.matches("\\d")) {
                throw new IllegalArgumentException("found the level '" + level + "' of drills, expected 1 to "
                        + Drills.LEVELS);
            }
            return new Drills(Integer.parseInt(level), seed)::chat;
        }

        private static LongFunction<Map<String, Object>> traces(DataWords words, long seed) {
            TraceOptions mixed = TraceOptions.MIXED;
            TraceOptions options = mixed.with(number(words, "verify", mixed.verify()),
                    number(words, "slips", mixed.slips()),
                    (int) words.integer("attempts", 1, 10_000, mixed.attempts()));
            String quality = words.settings().get("quality");
            TraceSet set = new TraceSet(TaskSet.of(words.first(), seed), quality == null ? options
                    : options.withQuality(quality));
            Split split = Split.of(words.settings().getOrDefault("split", Split.TRAIN.word()));
            return index -> set.trace(split, index).chat();
        }

        private static double number(DataWords words, String name, double initial) {
            String text = words.settings().get(name);
            if (text == null) {
                return initial;
            }
            if (!text.matches("\\d{0,3}(\\.\\d{1,9})?") || text.isEmpty()) {
                throw new IllegalArgumentException("found " + name + "=" + text + ", expected a share from 0 to 1");
            }
            // As an option of glia tasks traces, so that the lines are the same.
            return Float.parseFloat(text);
        }
    }
}
