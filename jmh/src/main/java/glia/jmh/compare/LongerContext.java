package glia.jmh.compare;

import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import glia.model.spec.RopeChange;
import glia.tensor.kernel.Span;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/// Recipes that lengthen the context of a trained model: full attention with RoPE ([LongRecall]) learns needles in
/// noise of up to 1,024 tokens, its rotary positions are changed for 16 times the context, and it is trained on texts
/// of 4,096 tokens. Accuracy by length before and after that training. Options: [Options], where steps are those of the
/// second training. Writes longer-context.jsonl and longer-context.md.
public final class LongerContext {
    private static final String NAME = "longer-context";
    private static final int STEPS = 100;
    /// Steps of the first training, after which a run that has not learned ends.
    private static final int MOST_STEPS = 3000;
    private static final double RATE = 1e-3;
    private static final int TRAINED = LongRecall.LONGEST_FULL;
    private static final int LONG = 4096;
    private static final List<Integer> LENGTHS = List.of(TRAINED, LONG, 16_384);
    private static final double FACTOR = (double) LENGTHS.getLast() / TRAINED;

    /// How rotary positions of layers that attend to all positions are changed.
    enum Change {
        NONE("as trained"),
        /// The least frequency is divided by the factor, the largest is kept: `θ' = θ · factor^(d / (d - 2))`.
        BASE("base"),
        YARN("YaRN");

        private final String label;

        Change(String label) {
            this.label = label;
        }

        ModelSpec of(ModelSpec spec) {
            return switch (this) {
                case NONE -> spec;
                case BASE -> spec.mapMixers(m -> m instanceof Attention a && a.span() instanceof Span.Causal
                        && a.rope() instanceof Rope.Rotary r ? a.with(larger(r)) : m);
                case YARN -> new RopeChange(RopeChange.Kind.YARN, FACTOR, OptionalInt.of(TRAINED)).apply(spec);
            };
        }

        private static Rope larger(Rope.Rotary r) {
            int size = r.rotatedSize();
            return new Rope.Rotary(size, r.theta() * Math.pow(FACTOR, size / (size - 2.0)), r.scaling(), r.layout());
        }

        private String key(boolean isAfter) {
            return name().toLowerCase(Locale.ROOT) + (isAfter ? "_after" : "_before");
        }
    }

    private LongerContext() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), NAME, System.out)) {
            run(session);
        }
    }

    /// Runs what is left and writes the table.
    static void run(Session session) throws IOException {
        for (int seed : session.options().seeds()) {
            Map<String, Object> settings = settings(session);
            settings.put("seed", seed);
            session.measure(settings, () -> measure(session, seed));
        }
        Tables table = new Tables(List.of("rotary positions", "training on 4,096", "1,024", "4,096", "16,384"));
        List<Map<String, Object>> found = session.results().all(settings(session));
        for (Change change : Change.values()) {
            for (boolean isAfter : new boolean[] {false, true}) {
                List<String> cells = new ArrayList<>(List.of(change.label,
                        isAfter ? session.options().steps() + " steps" : "none"));
                for (int i = 0; i < LENGTHS.size(); i++) {
                    cells.add(Tables.cell(found, change.key(isAfter), i, "%.2f"));
                }
                table.row(cells);
            }
        }
        session.write(NAME + ".md", table.toString());
    }

    private static Map<String, Object> settings(Session session) {
        return Task.settings("steps", session.options().steps());
    }

    private static Map<String, Object> measure(Session session, int seed) throws IOException {
        Map<String, Object> measured = new LinkedHashMap<>();
        LongRecall.Contender rope = LongRecall.Contender.ROPE;
        try (SmallModel model = new SmallModel(rope.spec(), session.kernels(), seed)) {
            Needles needles = new Needles(seed, rope.start(), TRAINED);
            measured.put("first_steps", model.train(needles, MOST_STEPS, LongRecall.RATE, session::progress));
            for (Change change : Change.values()) {
                try (SmallModel other = model.copy(change.of(model.model().spec()))) {
                    measured.put(change.key(false), accuracies(session, other));
                    other.train(new Needles(seed, rope.start(), LONG, LONG), session.options().steps(), RATE);
                    measured.put(change.key(true), accuracies(session, other));
                    session.progress(change.label + ": " + measured.get(change.key(false)) + ", after training "
                            + measured.get(change.key(true)));
                }
            }
        }
        return measured;
    }

    private static List<Double> accuracies(Session session, SmallModel model) {
        return LENGTHS.stream().map(length -> LongRecall.accuracy(session, model, length,
                LongRecall.Contender.ROPE.texts(length))).toList();
    }
}
