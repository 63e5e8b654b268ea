package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.GoldenModels.Golden;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/// Whatever sequences share, forks, cached prefixes and snapshots, with plenty of memory and with little: every logit
/// is what a pass over the whole text alone gives, and at the end no memory is in use.
class SharingInvariantsTest {
    private static final int NUM_SEQUENCES = 4;
    private static final double TOLERANCE = 2e-4;
    private static final GoldenModels MODELS = GoldenModels.SHARED;

    /// Something that is done to one sequence, or to all that the bits of a number choose.
    sealed interface Step {
        record Feed(int chosen, int size, int otherSize) implements Step { }

        record Fail(int chosen, int size) implements Step { }

        record Truncate(int sequence, int percent) implements Step { }

        /// Of as few tokens as possible.
        record Shorten(int sequence, int percent) implements Step { }

        /// Another sequence goes on with what this one has.
        record Fork(int from, int to) implements Step { }

        /// Restarts a text from its cached prefix.
        record Open(int sequence, int text) implements Step { }

        record Insert(int sequence) implements Step { }

        record InsertAndClose(int sequence, int text) implements Step { }

        record Snapshots(int sequence, int most) implements Step { }

        record ClearCache() implements Step { }
    }

    @Provide
    Arbitrary<String> folders() {
        return Arbitraries.of(GoldenModels.folders());
    }

    @Provide
    Arbitrary<List<Step>> scripts() {
        Arbitrary<Integer> chosen = Arbitraries.integers().between(1, (1 << NUM_SEQUENCES) - 1);
        Arbitrary<Integer> one = Arbitraries.integers().between(0, NUM_SEQUENCES - 1);
        Arbitrary<Integer> text = Arbitraries.integers().between(0, GoldenModels.NUM_TEXTS - 1);
        Arbitrary<Integer> percent = Arbitraries.integers().between(0, 100);
        Arbitrary<Integer> sizes = Arbitraries.of(1, 2, 3, 17, 28, 36, 63, 64, 65, 100, 128);
        Arbitrary<Step> step = Arbitraries.frequencyOf(
                Tuple.of(10, Combinators.combine(chosen, sizes, sizes).as(Step.Feed::new)),
                Tuple.of(2, Combinators.combine(chosen, sizes).as(Step.Fail::new)),
                Tuple.of(2, Combinators.combine(one, percent).as(Step.Truncate::new)),
                Tuple.of(2, Combinators.combine(one, percent).as(Step.Shorten::new)),
                Tuple.of(4, Combinators.combine(one, one).as(Step.Fork::new)),
                Tuple.of(4, Combinators.combine(one, text).as(Step.Open::new)),
                Tuple.of(4, one.map(Step.Insert::new)),
                Tuple.of(3, Combinators.combine(one, text).as(Step.InsertAndClose::new)),
                Tuple.of(2, Combinators.combine(one, Arbitraries.of(1, 2, 5)).as(Step.Snapshots::new)),
                Tuple.of(1, Arbitraries.just(new Step.ClearCache())));
        return step.list().ofMinSize(5).ofMaxSize(40);
    }

    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
    void sharingChangesNoLogit(@ForAll("folders") String folder, @ForAll("scripts") List<Step> script) {
        run(folder, script, 1 << 28, new BlockPool(1 << 28));
    }

    /// With memory for some of the sequences alone.
    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
    void norDoesWantOfMemory(@ForAll("folders") String folder, @ForAll("scripts") List<Step> script) {
        Golden golden = MODELS.get(folder);
        long limit;
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28); Sequence longest = engine.open()) {
            limit = 2 * longest.bytesToAppend(golden.ids()[0].length);
        }
        run(folder, script, limit, new BlockPool(limit));
    }

    /// With a file for what has no room in the memory of two sequences.
    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
    void norDoesAFile(@ForAll("folders") String folder, @ForAll("scripts") List<Step> script) throws IOException {
        Golden golden = MODELS.get(folder);
        Path files = Files.createTempDirectory("glia-kv");
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28); Sequence longest = engine.open()) {
            run(folder, script, 1 << 28,
                    new BlockPool(2 * longest.bytesToAppend(golden.ids()[0].length), files));
        }
        Files.delete(files);
    }

    private static void run(String folder, List<Step> script, long limit, BlockPool pool) {
        Golden golden = MODELS.get(folder);
        try (Engine engine = MODELS.engine(golden.model(), pool)) {
            StateLayout layout = new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32);
            new Script(golden, engine, new PrefixCache(layout, engine.pool(), limit, () -> 0)).run(script);
        }
    }

    /// A sequence and the text that it is fed.
    private static final class Subject {
        Sequence sequence;
        int text;

        Subject(Sequence sequence) {
            this.sequence = sequence;
        }
    }

    private static final class Script {
        private final Golden golden;
        private final Engine engine;
        private final PrefixCache cache;
        private final List<Subject> subjects = new ArrayList<>();

        Script(Golden golden, Engine engine, PrefixCache cache) {
            this.golden = golden;
            this.engine = engine;
            this.cache = cache;
            for (int i = 0; i < NUM_SEQUENCES; i++) {
                subjects.add(new Subject(engine.open()));
            }
        }

        void run(List<Step> script) {
            for (Step step : script) {
                switch (step) {
                    case Step.Feed f -> feed(f);
                    case Step.Fail f -> fail(f);
                    case Step.Truncate t -> truncate(subjects.get(t.sequence), t.percent);
                    case Step.Shorten s -> shorten(subjects.get(s.sequence), s.percent);
                    case Step.Fork f -> fork(subjects.get(f.from), subjects.get(f.to));
                    case Step.Open o -> {
                        subjects.get(o.sequence).sequence.close();
                        open(subjects.get(o.sequence), o.text);
                    }
                    case Step.Insert i -> cache.insert("", subjects.get(i.sequence).sequence, ids(i.sequence));
                    case Step.InsertAndClose i -> {
                        cache.insertAndClose("", subjects.get(i.sequence).sequence, ids(i.sequence));
                        open(subjects.get(i.sequence), i.text);
                    }
                    case Step.Snapshots s -> subjects.get(s.sequence).sequence.keepSnapshots(s.most);
                    case Step.ClearCache c -> cache.clear();
                }
                long bytes = engine.pool().usedBytes() + engine.pool().cachedBytes();
                assertTrue(bytes <= engine.pool().limitBytes() && engine.pool().freeBytes() >= 0, step::toString);
            }
            subjects.forEach(s -> s.sequence.close());
            assertEquals(0, engine.stateBytes());
            assertEquals(engine.pool().limitBytes(), engine.pool().freeBytes());
            cache.close();
            assertEquals(0, engine.pool().cachedBytes());
            assertEquals(0, cache.sizeBytes());
        }

        private int[] ids(int sequence) {
            return golden.ids()[subjects.get(sequence).text];
        }

        private List<Subject> chosen(int bits) {
            List<Subject> chosen = new ArrayList<>();
            for (int s = 0; s < NUM_SEQUENCES; s++) {
                if ((bits >> s & 1) != 0) {
                    chosen.add(subjects.get(s));
                }
            }
            return chosen;
        }

        private void feed(Step.Feed step) {
            List<Subject> chosen = chosen(step.chosen);
            List<Integer> lengths = lengths();
            long used = engine.stateBytes();
            long more = 0;
            for (int i = 0; i < chosen.size(); i++) {
                Subject s = chosen.get(i);
                int from = s.sequence.length();
                int to = Math.min(golden.ids()[s.text].length, from + (i % 2 == 0 ? step.size : step.otherSize));
                more += s.sequence.bytesToAppend(to - from);
                engine.add(s.sequence, golden.ids()[s.text], from, to, Outputs.ALL);
            }
            Tensor logits;
            try {
                logits = engine.run();
            } catch (StateMemoryException e) {
                assertTrue(more > engine.pool().limitBytes() - used || e.getMessage().contains("--kv-memory"),
                        "what was announced had room");
                assertEquals(lengths, lengths());
                assertEquals(used, engine.stateBytes());
                return;
            }
            assertTrue(engine.stateBytes() <= used + more, "more was taken than announced");
            int row = 0;
            for (Subject s : chosen) {
                int from = lengths.get(subjects.indexOf(s));
                int to = row + s.sequence.length() - from;
                double difference = GoldenModels.difference(golden, s.text, from, logits.rows(row, to).toArray());
                assertTrue(difference < TOLERANCE, () -> "logits differ by " + difference + " from token " + from);
                row = to;
            }
        }

        private List<Integer> lengths() {
            return subjects.stream().map(s -> s.sequence.length()).toList();
        }

        /// A pass whose last token does not exist.
        private void fail(Step.Fail step) {
            List<Integer> lengths = lengths();
            long used = engine.stateBytes();
            List<Subject> chosen = chosen(step.chosen);
            for (Subject s : chosen) {
                int[] ids = new int[step.size];
                ids[step.size - 1] = s == chosen.getLast() ? -1 : 0;
                engine.add(s.sequence, ids, 0, step.size, Outputs.LAST);
            }
            assertThrows(RuntimeException.class, engine::run);
            assertEquals(lengths, lengths());
            assertEquals(used, engine.stateBytes());
        }

        private static void truncate(Subject s, int percent) {
            int length = s.sequence.length();
            int kept = length * percent / 100;
            assertEquals(s.sequence.truncate(kept) ? kept : length, s.sequence.length());
        }

        private static void shorten(Subject s, int percent) {
            int most = s.sequence.length() * percent / 100;
            int kept = s.sequence.truncateToMost(most);
            assertTrue(kept <= most && kept == s.sequence.length());
        }

        private static void fork(Subject from, Subject to) {
            Sequence fork = from.sequence.fork();
            to.sequence.close();
            to.sequence = fork;
            to.text = from.text;
        }

        private void open(Subject s, int text) {
            s.text = text;
            int found = cache.find("", golden.ids()[text]);
            s.sequence = cache.open("", golden.ids()[text]);
            assertEquals(found, s.sequence.length());
        }
    }
}
