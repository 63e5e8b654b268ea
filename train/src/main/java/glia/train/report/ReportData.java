package glia.train.report;

import static glia.train.report.PageJson.object;

import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a report shows, in bounded memory, as the JSON that the page reads. The page is a list of sections; each has a
/// `kind` that its script can draw: `curves`, `heatmap`, `samples`, `rollouts`, `notes` or `table`. Groups of figures
/// without a title here get a section of their own, so that a new kind of training needs no change here.
final class ReportData {
    private static final int MAX_SCORED = 16;
    private static final int MAX_SCORED_TOKENS = 1000;
    private static final int MAX_SAMPLE_CHARS = 2000;
    private static final int MAX_WARNINGS = 200;
    private static final int MAX_CURVES = 200;
    private static final Map<String, String> TITLES = Map.of(
            "reward", "Reward", "response_length", "Response length", "accuracy", "Accuracy", "kl", "KL divergence",
            "experts/load", "Expert load", "loss", "Parts of the loss", "weight_norm", "Weight norms", "gradient_norm",
            "Gradient norms");

    private static final Pattern LAYER = Pattern.compile("\\b(sub)?layers?[ ._]?\\d+( [a-z][a-z ]*$)?");

    private final RunDescription run;
    private final Map<String, Map<String, Curve>> curves = new LinkedHashMap<>();
    private final Map<String, Heatmap> heatmaps = new LinkedHashMap<>();
    private final TextHistory<Map<String, String>> samples = new TextHistory<>();
    private final TextHistory<List<ScoredText>> scored = new TextHistory<>();
    private final Deque<Warning> warnings = new ArrayDeque<>();
    private long numWarnings;
    private int numCurves;
    private long step;
    private long tokensSeen;
    private double seconds;
    private double recentSpeed;
    private double bestLoss = Double.NaN;
    private long bestStep;

    private record Warning(long step, String message) { }

    ReportData(RunDescription run) {
        this.run = run;
        // The order of the first sections. The loss of reinforcement learning says little.
        List<String> first = "rl".equals(run.recipe().get("task")) ? List.of("Reward", "Accuracy") : List.of();
        first.forEach(s -> curves.put(s, new LinkedHashMap<>()));
        List.of("Loss", "Learning rate", "Gradient norm", "Speed").forEach(s -> curves.put(s, new LinkedHashMap<>()));
    }

    long step() {
        return step;
    }

    void step(StepFigures figures) {
        step = figures.step();
        tokensSeen = figures.tokensSeen();
        double speed = figures.tokens() / figures.seconds();
        seconds += figures.seconds();
        recentSpeed = recentSpeed == 0 ? speed : 0.95 * recentSpeed + 0.05 * speed;
        add("Loss", "train", figures.loss());
        add("Learning rate", "learning rate", figures.learningRate());
        add("Gradient norm", "gradient norm", figures.gradientNorm());
        add("Speed", "tokens/s", speed);
        addFigures(step, figures.parts());
    }

    private void addFigures(long at, Map<String, Double> figures) {
        new TreeMap<>(figures).forEach((name, value) -> {
            FigureName place = FigureName.of(name);
            if (place.table().isEmpty()) {
                curve(title(place.group()), name).ifPresent(c -> c.add(at, value));
            } else {
                heatmap(place.table()).add(at, place.row(), value);
            }
        });
    }

    void evaluated(long at, Map<String, Double> figures) {
        addFigures(at, figures);
    }

    void validated(long at, double loss, boolean best) {
        curve("Loss", "validation").ifPresent(c -> c.add(at, loss));
        if (best) {
            bestLoss = loss;
            bestStep = at;
        }
    }

    private Optional<Curve> curve(String section, String name) {
        Map<String, Curve> group = curves.computeIfAbsent(section, _ -> new LinkedHashMap<>());
        if (!group.containsKey(name)) {
            if (numCurves == MAX_CURVES) {
                return Optional.empty();
            }
            numCurves++;
            group.put(name, new Curve(name));
        }
        return Optional.of(group.get(name));
    }

    private void add(String section, String name, double value) {
        curve(section, name).ifPresent(c -> c.add(step, value));
    }

    private Heatmap heatmap(String name) {
        return heatmaps.computeIfAbsent(name, Heatmap::new);
    }

    void measured(long at, Map<String, Double> values) {
        Map<String, Map<String, Double>> squares = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            int slash = name.indexOf('/');
            if (slash < 0) {
                curve(title(name), name).ifPresent(c -> c.add(at, value));
                return;
            }
            String table = name.substring(0, slash);
            String row = name.substring(slash + 1);
            heatmap(table).add(at, row, value);
            if (table.endsWith("_norm")) {
                squares.computeIfAbsent(table, _ -> new LinkedHashMap<>())
                        .merge(layer(row), value * value, Double::sum);
            }
        });
        squares.forEach((table, layers) -> layers.forEach((layer, sum) ->
                heatmap(table + "/per_layer").add(at, layer, Math.sqrt(sum))));
    }

    /// The layer of a parameter: `layer 3 attention` of `QUERY of layer 3 attention`, `layers.3` of `layers.3.up`; the
    /// name itself if it has none.
    static String layer(String parameter) {
        Matcher layer = LAYER.matcher(parameter);
        return layer.find() ? layer.group() : parameter;
    }

    void sampled(long at, Map<String, String> texts) {
        Map<String, String> cut = new LinkedHashMap<>();
        texts.forEach((prompt, text) -> cut.put(cut(prompt), cut(text)));
        samples.add(at, cut);
    }

    void scored(long at, List<ScoredText> texts) {
        scored.add(at, texts.stream().limit(MAX_SCORED).map(ReportData::cut).toList());
    }

    private static ScoredText cut(ScoredText text) {
        int count = Math.min(text.tokens().size(), MAX_SCORED_TOKENS);
        return new ScoredText(cut(text.title()), cut(text.prompt()), text.tokens().subList(0, count),
                text.values().subList(0, count));
    }

    private static String cut(String text) {
        return text.length() <= MAX_SAMPLE_CHARS ? text : text.substring(0, MAX_SAMPLE_CHARS) + "…";
    }

    void warned(long at, String message) {
        numWarnings++;
        if (warnings.size() == MAX_WARNINGS) {
            warnings.removeFirst();
        }
        warnings.add(new Warning(at, cut(message)));
    }

    private static String title(String group) {
        String words = group.replace('_', ' ').replace('/', ' ');
        return TITLES.getOrDefault(group, words.isEmpty() ? "Other"
                : words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1));
    }

    /// @param state `running`, `finished` or `stopped`
    /// @param refreshSeconds how often the page reads the file again
    String json(String state, String time, double refreshSeconds) {
        List<Object> sections = new ArrayList<>();
        curves.forEach((title, group) -> add(sections, "curves", title, "curves",
                group.values().stream().map(Curve::page).toList()));
        heatmaps.forEach((name, heatmap) -> sections.add(object("kind", "heatmap", "title",
                title(name.replace("/per_layer", "")), "heatmap", heatmap.page())));
        add(sections, "samples", "Samples", "samples", samples.all().stream().map(s -> object("step", s.step(), "texts",
                rows(s.content()))).toList());
        add(sections, "rollouts", "Rollouts", "samples", scored.all().stream().map(s -> object("step", s.step(),
                "texts", s.content().stream().map(text -> object("title", text.title(), "prompt", text.prompt(),
                        "tokens", text.tokens(), "values", text.values().stream().map(PageJson::rounded).toList()))
                        .toList())).toList());
        if (!warnings.isEmpty()) {
            sections.add(object("kind", "notes", "title", "Warnings", "count", numWarnings, "notes",
                    warnings.stream().map(w -> List.of(w.step(), w.message())).toList()));
        }
        add(sections, "table", "Recipe", "rows", rows(run.recipe()));
        add(sections, "table", "Environment", "rows", rows(run.environment()));
        return PageJson.of(object("title", run.title(), "state", state, "time", time, "refresh", refreshSeconds,
                "step", step, "steps", run.steps(), "tokens", tokensSeen, "seconds", seconds, "speed", recentSpeed,
                "secondsLeft", step == 0 ? Double.NaN : (run.steps() - step) * seconds / step,
                "bestLoss", bestLoss, "bestStep", bestStep, "sections", sections));
    }

    private static List<List<String>> rows(Map<String, String> values) {
        return values.entrySet().stream().map(e -> List.of(e.getKey(), cut(e.getValue()))).toList();
    }

    /// Adds a section, if it has contents.
    private static void add(List<Object> sections, String kind, String title, String key, List<?> contents) {
        if (!contents.isEmpty()) {
            sections.add(object("kind", kind, "title", title, key, contents));
        }
    }

    /// Where a figure of a step is shown, by its name. `group/figure` is a curve among those of its group. A name with
    /// the index of a layer or expert, such as `experts/layer3/load` or `experts/layer3/load/5`, is a row of a heatmap.
    ///
    /// @param group what stands before the first slash; the name itself if it has none
    /// @param table the heatmap: the name without the indices, as in `experts/load`; empty for a curve
    /// @param row the indices, as in `layer3 · 5`; the name for a curve
    record FigureName(String group, String table, String row) {
        private static final Pattern INDEX =
                Pattern.compile("((sub)?layers?|experts?|heads?|blocks?)?[._-]?\\d+(\\..*)?");

        static FigureName of(String name) {
            List<String> names = new ArrayList<>();
            List<String> indices = new ArrayList<>();
            for (String part : name.split("/", -1)) {
                (INDEX.matcher(part).matches() ? indices : names).add(part);
            }
            String group = names.isEmpty() ? name : names.getFirst();
            return indices.isEmpty() || names.isEmpty() ? new FigureName(group, "", name)
                    : new FigureName(group, String.join("/", names), String.join(" · ", indices));
        }
    }

    /// Texts of some steps in bounded memory: every one of a short run, and equally spaced ones and the last of a long
    /// run.
    static final class TextHistory<T> {
        private static final int MAX = 40;

        private final List<Entry<T>> entries = new ArrayList<>();
        private int stride = 1;
        private long count;

        /// What was shown at a step.
        record Entry<T>(long step, T content) { }

        /// Adds the texts of a step; those of later steps, from before a rollback, are removed.
        void add(long step, T content) {
            entries.removeIf(e -> e.step() >= step);
            if (!entries.isEmpty() && (count - 1) % stride != 0) {
                entries.removeLast();
            }
            entries.add(new Entry<>(step, content));
            count++;
            if (entries.size() > MAX) {
                for (int i = entries.size() - 2; i > 0; i--) {
                    if (i % 2 == 1) {
                        entries.remove(i);
                    }
                }
                stride *= 2;
            }
        }

        List<Entry<T>> all() {
            return Collections.unmodifiableList(entries);
        }
    }
}
