package glia.reason.trace;

import glia.io.Suggestions;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import glia.train.recipe.DataGenerator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tools.jackson.databind.json.JsonMapper;

/// Solver traces and drills as training data of recipes, the lines that `glia tasks traces` writes:
///
/// ```yaml
/// data:
///   train:
///     - "traces:countdown:4 count=150000 quality=random:3,pruned:2"
///     - "traces:drills:2 count=20000"
/// ```
final class TraceData implements DataGenerator {
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
        return "chats with solver traces of a task, or of drills, such as traces:countdown:4; also quality=, verify=, "
                + "slips=, attempts=, split=, seed=, start= as the options of glia tasks traces";
    }

    @Override
    public Lines parse(String text) {
        String[] words = text.strip().split("\\s+");
        boolean isDrills = words[0].equals(DRILLS) || words[0].startsWith(DRILLS + ":");
        Map<String, String> values = values(words, isDrills ? DRILL_WORDS : WORDS);
        if (!values.containsKey("count")) {
            throw new IllegalArgumentException("found no count=N, expected the number of chats, such as count=10000");
        }
        long count = integer(values, "count", 1, MAX_COUNT, 1);
        long seed = integer(values, "seed", Long.MIN_VALUE, Long.MAX_VALUE, 0);
        long start = integer(values, "start", 0, 999_999_999_999_999L, 0);
        LongFunction<Map<String, Object>> chats = isDrills ? drills(words[0], seed) : traces(words[0], seed, values);
        return new Lines("traces-" + words[0].replace(':', '-'), count,
                i -> JsonMapper.shared().writeValueAsString(chats.apply(start + i)));
    }

    private static Map<String, String> values(String[] words, List<String> known) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String name = equals < 0 ? words[i] : words[i].substring(0, equals);
            if (!known.contains(name) || equals < 0) {
                throw new IllegalArgumentException("found '" + words[i] + "', expected one of "
                        + String.join("=, ", known) + "=." + Suggestions.sentence(name, known));
            }
            if (values.put(name, words[i].substring(equals + 1)) != null) {
                throw new IllegalArgumentException("found " + name + "= twice");
            }
        }
        return values;
    }

    private static LongFunction<Map<String, Object>> drills(String spec, long seed) {
        String level = spec.equals(DRILLS) ? "1" : spec.substring(DRILLS.length() + 1);
        if (!level.matches("\\d")) {
            throw new IllegalArgumentException("found the level '" + level + "' of drills, expected 1 to "
                    + Drills.LEVELS);
        }
        return new Drills(Integer.parseInt(level), seed)::chat;
    }

    private static LongFunction<Map<String, Object>> traces(String spec, long seed, Map<String, String> values) {
        TraceOptions mixed = TraceOptions.MIXED;
        TraceOptions options = mixed.with(number(values, "verify", mixed.verify()),
                number(values, "slips", mixed.slips()),
                (int) integer(values, "attempts", 1, 10_000, mixed.attempts()));
        options = values.containsKey("quality") ? options.withQuality(values.get("quality")) : options;
        TraceSet set = new TraceSet(TaskSet.of(spec, seed), options);
        Split split = Split.of(values.getOrDefault("split", Split.TRAIN.word()));
        return index -> set.trace(split, index).chat();
    }

    private static long integer(Map<String, String> values, String name, long min, long max, long initial) {
        String text = values.get(name);
        if (text == null) {
            return initial;
        }
        if (text.matches("-?\\d{1,18}")) {
            long number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException("found " + name + "=" + text + ", expected a whole number"
                + (min == Long.MIN_VALUE ? "" : " from " + min + " to " + max));
    }

    private static double number(Map<String, String> values, String name, double initial) {
        String text = values.get(name);
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
