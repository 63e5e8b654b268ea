package glia.cli.command;

import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.MachineMemory;
import glia.io.CheckpointException;
import glia.plan.predict.Link;
import glia.tensor.ops.RankGroup;
import glia.train.recipe.RankLayout;
import glia.train.recipe.RecipeKeys.Shard;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunRanks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Layouts of ranks with the predicted time of a step, and the choice among them: of those that fit in memory the
/// fastest, and of those that are within 1 % of it the one that shares least; parts of layers, which round otherwise,
/// only if nothing else fits. With `t` seconds for a micro-batch on one
/// rank, and a link of latency α and bandwidth β, all measured:
/// ```
/// compute = k·A·t/(C·T·S)·(1 + bubble)        step = √(compute² + hidden²) + waited + update
/// ```
/// with A micro-batches of a rank, C ranks that share a context, T that divide layers, S stages, and k threads for each
/// processor of the machine; hidden and waited are the seconds of what is sent meanwhile, and of what a rank waits for
/// ([Link]). An update reads and writes weights, gradients and the optimizer's state, 3.5 times the bytes of the
/// latter.
///
/// @param ranks their number
/// @param sharers ranks on this machine, which share its memory
/// @param crowding threads of these for each processor, at least 1
/// @param link between two ranks, while all send
/// @param bandwidth of the memory, while all use it
record TrainLayouts(int ranks, int sharers, double crowding, Link link, double bandwidth) implements RankLayout.Choice {
    private static final int MOST_ROWS = 12;
    private static final double EQUAL = 1.01;
    private static final int TIMES = 10;
    private static final int SMALL = 64;
    private static final int LARGE = 1 << 20;
    private static final int COPIED = 1 << 25;
    private static final double UPDATE = 3.5;

    /// @param seconds of a step
    /// @param fits whether the ranks of this machine fit in its memory
    record Predicted(RankLayout layout, double seconds, boolean fits) {
        /// `2 data · 2 pipeline`.
        String words() {
            return layout.ranks().toString();
        }

        /// Whether sums are rounded otherwise than on one rank.
        boolean roundsOtherwise() {
            return layout.ranks().tensor() > 1;
        }
    }

    /// Measures link and memory. All ranks call it.
    ///
    /// @param threads of a rank
    static TrainLayouts measure(RunRanks ranks, int sharers, int threads) {
        double small = seconds(ranks.members(), SMALL);
        double large = seconds(ranks.members(), LARGE);
        double[] all = ranks.all(small + " " + large).stream().mapToDouble(words ->
                Double.parseDouble(words.split(" ")[1])).toArray();
        double slowest = Arrays.stream(all).max().orElseThrow();
        double bandwidth = 2 * COPIED / copySeconds();
        ranks.reduction().figures();
        return new TrainLayouts(ranks.size(), sharers, Math.max(1, (double) sharers * threads
                / Runtime.getRuntime().availableProcessors()), new Link(small, LARGE / Math.max(1e-9, slowest - small)),
                bandwidth);
    }

    private static double copySeconds() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(COPIED);
            MemorySegment to = arena.allocate(COPIED);
            return leastSeconds(() -> to.copyFrom(from));
        }
    }

    private static double leastSeconds(Runnable work) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < TIMES; i++) {
            long start = System.nanoTime();
            work.run();
            least = Math.min(least, (System.nanoTime() - start) / 1e9);
        }
        return least;
    }

    /// The least seconds in which each rank sends bytes to the next one.
    private static double seconds(RankGroup ranks, int bytes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment send = arena.allocate(bytes);
            MemorySegment receive = arena.allocate(bytes);
            return leastSeconds(() -> ranks.begin(send, (ranks.rank() + 1) % ranks.size(), receive,
                    (ranks.rank() + ranks.size() - 1) % ranks.size()).run());
        }
    }

    /// The layouts of a run, the best one first.
    ///
    /// @param seconds of a micro-batch on one rank
    List<Predicted> of(RecipeRun run, double seconds) throws CheckpointException {
        long memory = MachineMemory.totalBytes() / sharers;
        List<Predicted> all = run.layouts(ranks).stream().map(layout -> new Predicted(layout, predict(layout, seconds),
                layout.memory().total() <= memory)).toList();
        double fastest = all.stream().filter(Predicted::fits).mapToDouble(Predicted::seconds).min().orElse(0);
        return all.stream().sorted(Comparator.<Predicted, Boolean>comparing(p -> !p.fits)
                .thenComparing(Predicted::roundsOtherwise)
                .thenComparing(p -> Math.max(p.seconds, fastest * EQUAL))
                .thenComparing(p -> p.layout.shard()).thenComparing(p -> p.layout.memory().total())).toList();
    }

    /// The seconds of a step.
    double predict(RankLayout layout, double seconds) {
        RankLayout.Mesh mesh = layout.ranks();
        double compute = crowding * layout.accumulate() * seconds / (mesh.context() * mesh.tensor() * mesh.pipeline())
                * (1 + Link.bubble(mesh.pipeline(), mesh.chunks(), layout.accumulate()));
        RankLayout.Moved moved = layout.moved();
        double hidden = moved.hiddenMessages() * link.alpha() + moved.hidden() / link.beta();
        return Math.hypot(compute, hidden) + moved.waitedMessages() * link.alpha() + moved.waited() / link.beta()
                + UPDATE * layout.memory().optimizer() / bandwidth;
    }

    @Override
    public Map<String, Object> choose(RecipeRun run, List<String> notes) throws CheckpointException {
        if (run.layouts(ranks).isEmpty()) {
            return Map.of();
        }
        List<Predicted> all = of(run, microBatch(run, run.estimate().secondsPerStep()));
        if (!all.getFirst().fits) {
            throw new IllegalArgumentException(why(all) + "; give more machines, or a smaller batch.sequences or "
                    + "batch.context");
        }
        notes.add(why(all));
        return all.getFirst().layout.keys();
    }

    /// The seconds of a micro-batch.
    static double microBatch(RecipeRun run, double secondsPerStep) throws CheckpointException {
        return secondsPerStep / run.recipe().get(RecipeKeys.ACCUMULATE);
    }

    /// A line on the choice.
    String why(List<Predicted> all) {
        Predicted best = all.getFirst();
        long count = all.stream().filter(Predicted::fits).count();
        if (count == 0) {
            return "no layout of " + ranks + " ranks fits: the smallest needs "
                    + Units.bytes(all.stream().mapToLong(p -> p.layout.memory().total()).min().orElseThrow())
                    + " for a rank, and " + sharers + " of them share " + Units.bytes(MachineMemory.totalBytes());
        }
        return "layout: " + best.words() + shared(best.layout.shard()) + ", predicted " + Units.seconds(best.seconds)
                + " a step, the fastest of " + count + " that fit; parallel.data and the other keys of parallel choose "
                + "another";
    }

    private static String shared(Shard shard) {
        return shard == Shard.NONE ? "" : ", sharing " + shard.name().toLowerCase(Locale.ROOT);
    }

    Table table(List<Predicted> all) {
        Table table = new Table("lrlrrrl").head("layout", "micro-batches", "shared", "memory of a rank",
                "sent by a rank", "predicted step", "");
        all.stream().limit(MOST_ROWS).forEach(p -> table.row(p.words(), p.layout.accumulate(),
                p.layout.shard().name().toLowerCase(Locale.ROOT), Units.bytes(p.layout.memory().total()),
                Units.bytes(p.layout.moved().bytes()), Units.seconds(p.seconds), p.fits ? "" : "does not fit"));
        return table;
    }

    List<Map<String, Object>> documents(List<Predicted> all) {
        return all.stream().map(p -> {
            Map<String, Object> document = new LinkedHashMap<>(p.layout.keys());
            document.put("memory_bytes", p.layout.memory().total());
            document.put("bytes_sent_per_step", p.layout.moved().bytes());
            document.put("seconds_per_step", p.seconds);
            document.put("fits", p.fits);
            return document;
        }).toList();
    }
}
