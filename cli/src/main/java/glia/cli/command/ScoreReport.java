package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.run.WilsonInterval;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// The results of `glia tasks score`, by split and level and together.
final class ScoreReport {
    private static final int MAX_SHOWN = 20;

    /// Counts of completions, and the prompts of which one completion is right at least.
    private static final class Counts {
        long completions;
        long answered;
        long right;
        final Set<String> problems = new HashSet<>();
        final Set<String> solved = new HashSet<>();

        void add(String prompt, boolean isAnswered, boolean isRight) {
            completions++;
            answered += isAnswered ? 1 : 0;
            right += isRight ? 1 : 0;
            problems.add(prompt);
            if (isRight) {
                solved.add(prompt);
            }
        }

        /// Completions of a prompt depend on it together, so prompts are what intervals count.
        WilsonInterval interval() {
            return WilsonInterval.of((double) right / completions * problems.size(), problems.size());
        }
    }

    private final String task;
    private final String file;
    private final Map<String, Counts> groups = new TreeMap<>();
    private final Counts all = new Counts();
    private final List<String> errors = new ArrayList<>();

    ScoreReport(String task, String file) {
        this.task = task;
        this.file = file;
    }

    /// @param id `TASK/LEVEL/SPLIT/SEED/INDEX`
    void add(String id, String prompt, boolean isAnswered, boolean isRight) {
        String[] parts = id.split("/");
        groups.computeIfAbsent(parts[2] + "/" + parts[1], _ -> new Counts()).add(prompt, isAnswered, isRight);
        all.add(prompt, isAnswered, isRight);
    }

    void addError(String message) {
        errors.add(message);
    }

    int numErrors() {
        return errors.size();
    }

    void print(boolean asJson, Console console) {
        for (String error : errors.subList(0, Math.min(errors.size(), MAX_SHOWN))) {
            console.err().println("glia: " + error);
        }
        if (errors.size() > MAX_SHOWN) {
            console.err().println("glia: " + (errors.size() - MAX_SHOWN) + " further lines cannot be scored");
        }
        if (asJson) {
            Json.print(console, document());
        } else {
            table().print(console);
            if (!errors.isEmpty()) {
                console.out().println(Units.counted(errors.size(), "line") + " not scored");
            }
        }
    }

    private Table table() {
        Table table = new Table("lrrrrrrr").head("split", "level", "completions", "answered", "right", "accuracy",
                "95 % interval", "solved problems");
        groups.forEach((name, counts) -> row(table, name.substring(0, name.indexOf('/')),
                name.substring(name.indexOf('/') + 1), counts));
        if (groups.size() != 1) {
            row(table, "all", "", all);
        }
        return table;
    }

    private static void row(Table table, String split, String level, Counts counts) {
        Optional<WilsonInterval> interval = counts.completions == 0 ? Optional.empty()
                : Optional.of(counts.interval());
        table.row(split, level, counts.completions, counts.answered, counts.right,
                interval.map(i -> number(i.share())).orElse(""),
                interval.map(i -> number(i.low()) + " to " + number(i.high())).orElse(""),
                counts.solved.size() + " of " + counts.problems.size());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    private Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("task", task);
        document.put("file", file);
        put(document, all);
        List<Map<String, Object>> list = new ArrayList<>();
        groups.forEach((name, counts) -> {
            Map<String, Object> group = new LinkedHashMap<>();
            group.put("split", name.substring(0, name.indexOf('/')));
            group.put("level", name.substring(name.indexOf('/') + 1));
            put(group, counts);
            list.add(group);
        });
        document.put("groups", list);
        document.put("errors", errors);
        return document;
    }

    /// Leaves accuracy and interval out where nothing was scored.
    private static void put(Map<String, Object> object, Counts counts) {
        object.put("completions", counts.completions);
        object.put("answered", counts.answered);
        object.put("right", counts.right);
        if (counts.completions > 0) {
            WilsonInterval interval = counts.interval();
            object.put("accuracy", interval.share());
            object.put("low", interval.low());
            object.put("high", interval.high());
        }
        object.put("problems", counts.problems.size());
        object.put("solved_problems", counts.solved.size());
    }
}
